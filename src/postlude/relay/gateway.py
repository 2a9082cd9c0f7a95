"""Which connections are trusted mail servers, and what they may send as."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from postlude.adapters.smtp_server.session import SmtpServerSession
from postlude.model.domain_name import same_domain
from postlude.relay.config import Gateway


def is_gateway(gateway: Gateway, session: SmtpServerSession) -> bool:
    """The address is in a trusted network and, if names are set, a verified certificate has one of them."""
    try:
        peer = ip_address(session.peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    if not any(peer in network for network in gateway.networks if network.version == peer.version):
        return False
    return not gateway.client_names or any(
        _matches(name, wanted.lower()) for name in session.certificate_names for wanted in gateway.client_names
    )


def in_domains(address: str, domains: Iterable[str]) -> bool:
    """Whether the address is of one of the domains."""
    domain = same_domain(address.rpartition("@")[2])
    return bool(domain) and any(domain == same_domain(each) for each in domains)


def _matches(name: str, wanted: str) -> bool:
    """RFC 6125 6.4.3: a star stands for one label; the certificate's own star must be asked for as it is."""
    if name == wanted:
        return True
    return wanted.startswith("*.") and name.partition(".")[2] == wanted[2:] and not name.startswith("*")
