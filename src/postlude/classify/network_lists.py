"""The bundled lists of networks: name -> (date, source, networks). Facts published by their owners.

`DATA/networks/NAME.txt` replaces a list (`postlude networks`). The date is when the source was last checked, not when
the fact began.
"""

from typing import Final

LISTS: Final = {
    # Gmail's image proxy and prefetch come from the networks Google names in its SPF record.
    "google": (
        "2023-03-26",
        "SPF of _spf.google.com (_netblocks, _netblocks2, _netblocks3); 108.177.0.0/17: prefetches as seen in logs",
        """
        35.190.247.0/24 64.233.160.0/19 66.102.0.0/20 66.249.80.0/20 72.14.192.0/18 74.125.0.0/16
        108.177.0.0/17 173.194.0.0/16 209.85.128.0/17 216.58.192.0/19 216.239.32.0/19 172.217.0.0/19
        172.217.32.0/20 172.217.128.0/19 172.217.160.0/20 172.217.192.0/19 172.253.56.0/21
        172.253.112.0/20 35.191.0.0/16 130.211.0.0/22 2001:4860:4000::/36 2404:6800:4000::/36
        2607:f8b0:4000::/36 2800:3f0:4000::/36 2a00:1450:4000::/36 2c0f:fb50:4000::/36
        """,
    ),
    # Apple publishes a quarter of a million rows; these cover them: Cloudflare, Akamai and Fastly run the egress, and
    # their networks also carry other traffic, so that no rule decides "machine" by them alone.
    "apple_egress": (
        "2026-02-11",
        "covering ranges of mask-api.icloud.com/egress-ip-ranges.csv; import that file for the exact ones",
        """
        104.28.0.0/16 140.248.0.0/16 146.75.0.0/16 172.224.0.0/12 2606:54c0::/32 2606:54c3::/32
        2a02:26f7::/32 2a04:4e41::/32 2a09:bac2::/31
        """,
    ),
    "microsoft_filtering": (
        "2026-07-12",
        "SPF of spf.protection.outlook.com; 40.94.0.0/16: Safe Links as seen in logs",
        """
        40.92.0.0/15 40.94.0.0/16 40.107.0.0/16 52.100.0.0/14 104.47.0.0/17 51.4.72.0/24
        51.5.72.0/24 51.5.80.0/27 51.4.80.0/27 20.47.149.138/32 2a01:111:f400::/48
        2a01:111:f403::/48
        """,
    ),
    "barracuda": (
        "2026-11-25",
        "Email Gateway Defense (US), as quoted in several public configurations",
        """
        64.235.144.0/20 209.222.80.0/21
        """,
    ),
    "proofpoint": (
        "2026-11-25",
        "Essentials connection details and Microsoft's exceptions for Proofpoint, as quoted in public configurations",
        """
        67.231.144.0/20 148.163.128.0/19 185.132.180.0/22 185.183.28.0/22 205.220.160.0/19
        66.159.224.0/19 91.207.212.0/23 91.209.104.0/24 62.209.50.0/23 208.84.64.0/22
        208.86.200.0/22
        """,
    ),
    "mimecast": (
        "2023-03-26",
        "SPF of _netblocks.mimecast.com (eu, us, za, de, au); AS30031",
        """
        195.130.217.0/24 91.220.42.0/24 146.101.78.0/24 207.82.80.0/24 213.167.75.0/25
        213.167.81.0/25 193.7.206.0/25 193.7.207.0/25 185.58.84.93/32 185.58.85.0/24 185.58.86.0/24
        147.28.36.0/24 207.211.30.0/23 207.211.41.113/32 205.139.110.0/23 216.205.24.0/24
        63.128.21.0/24 170.10.128.0/22 170.10.132.0/23 170.10.140.0/24 170.10.150.0/23
        170.10.152.0/23 170.10.156.0/23 216.145.217.0/24 216.145.221.0/24 41.74.192.0/21
        41.74.200.0/23 41.74.204.0/23 41.74.206.0/24 51.163.158.0/24 51.163.159.21/32 62.140.7.0/24
        62.140.10.21/32 194.104.109.0/24 194.104.110.0/23 103.13.69.0/24 103.96.21.0/24
        103.96.22.0/23 124.47.150.0/24 124.47.189.0/24 180.189.28.0/24
        """,
    ),
    # Cisco gives each customer its own hosts and publishes no list.
    "cisco": (
        "2026-11-25",
        "unchecked: ranges known as IronPort Systems' own",
        """
        68.232.128.0/19 139.138.32.0/19 184.94.240.0/20 207.54.64.0/19 216.71.128.0/19
        """,
    ),
}
