"""The one table of settings. docs/reference/settings.md is generated from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import cast

from postlude.config.kinds import (
    Network,
    address,
    any_text,
    choice,
    colour,
    database,
    day,
    folder,
    host,
    integer,
    maildir,
    networks,
    new_file,
    optional_file,
    prefixes,
    proxies,
    setting,
    switch,
    url,
    word_list,
)
from postlude.config.mailboxes import ImapAccount
from postlude.config.servers import TLS_WORDS, SmtpServer
from postlude.model.listen_address import ListenAddress
from postlude.tokens import Prefixes

SANDBOX_DOMAIN = "postlude.localhost"  # RFC 6761 6.3: never leaves this machine


@dataclass(frozen=True)
class Settings:
    """Every setting, parsed. Built by `postlude.config.load`, never by hand outside tests."""

    data: Path = setting(folder, "postlude-data", "Folder that holds everything: state, history, journal, spool, keys.")
    owner: str = setting(
        address,
        "owner@postlude.localhost",
        "Address of the first user, created at the first start; may send with any From address.",
    )
    web_host: str = setting(host, "127.0.0.1", "Address the web app listens on.")
    web_port: int = setting(integer(0, 65535), "8700", "Port of the web app.")
    web_url: str = setting(url, "", "Public URL of the web app; empty: http://WEB_HOST:WEB_PORT.")
    oidc_issuer: str = setting(
        url, "", "Issuer of an OpenID Connect provider that users may sign in with; empty: there is none."
    )
    oidc_client: str = setting(any_text, "", "Our client id there. Our callback there: WEB_URL/sign-in/oidc/callback.")
    oidc_secret: str = setting(any_text, "", "Our client secret there; empty for a public client.", secret=True)
    oidc_name: str = setting(any_text, "single sign-on", "What the button of the sign-in page calls the provider.")
    sign_in_header: str = setting(
        any_text,
        "",
        "Header in which a proxy that signs users in names their address, e.g. X-Forwarded-Email; empty: none is read.",
    )
    sign_in_proxies: tuple[Network, ...] = setting(
        networks,
        "",
        "Networks of the proxies whose SIGN_IN_HEADER is believed, e.g. 127.0.0.1/32. Of others it is not.",
    )
    sign_in_domains: tuple[str, ...] = setting(
        word_list,
        "",
        "Domains whose addresses get an account when provider or proxy prove them; of others only who was invited.",
    )
    sign_in_role: str = setting(choice("viewer", "member"), "member", "Role of accounts that SIGN_IN_DOMAINS made.")
    edge_host: str = setting(host, "127.0.0.1", "Address the tracking edge listens on.")
    edge_port: int = setting(integer(0, 65535), "8701", "Port of the tracking edge.")
    edge_url: str = setting(
        url, "", "Public URL that pixels and links point to, on a host of its own; empty: http://EDGE_HOST:EDGE_PORT."
    )
    edge_prefixes: tuple[str, ...] = setting(
        prefixes,
        ",".join(Prefixes()),
        "First path segments of pixel, link, unsubscribe, preferences, view, providers' calls, confirmations, files.",
    )
    edge_tls_cert: Path | None = setting(optional_file, "", "Certificate chain (PEM) when the edge speaks TLS itself.")
    edge_tls_key: Path | None = setting(optional_file, "", "Private key (PEM) of EDGE_TLS_CERT.")
    edge_proxies: tuple[str, ...] = setting(
        proxies,
        "",
        "Networks whose X-Forwarded-For and PROXY lines are believed, e.g. 127.0.0.1/32,10.0.0.0/8; `unix` for what "
        "comes by EDGE_UNIX.",
    )
    edge_proxy_protocol: bool = setting(
        switch, "false", "Connections from EDGE_PROXIES begin with a PROXY line (version 1 or 2)."
    )
    edge_unix: Path | None = setting(new_file, "", "Unix socket the tracking edge listens on too.")
    edge_processes: int = setting(integer(1, 64), "1", "Edge processes that share the port; one a core is enough.")
    edge_connections: int = setting(
        integer(10, 1_000_000), "10000", "Open connections of one edge process; about 3 kB each."
    )
    edge_hits_per_minute: int = setting(
        integer(1, 1 << 40), "600", "Hits of one address in a minute beyond which they are marked. None is refused."
    )
    edge_robots: Path | None = setting(optional_file, "", "File served as robots.txt; empty: nothing may be crawled.")
    edge_app_site_association: Path | None = setting(
        optional_file, "", "JSON file served for universal links of iOS apps (apple-app-site-association)."
    )
    edge_assetlinks: Path | None = setting(
        optional_file, "", "JSON file served for app links of Android apps (assetlinks.json)."
    )
    old_tokens_until: int = setting(
        day,
        "2028-01-01",
        "Day (UTC) from which mail sent before copies had two tokens no longer opens its pages: unsubscribe, "
        "preferences, view in browser. Its pixels and links work for good.",
    )
    brand_name: str = setting(any_text, "", "Who sends the mail: shown above the pages recipients see.")
    brand_logo_url: str = setting(url, "", "Picture above these pages instead of the name.")
    brand_colour: str = setting(colour, "#1d4ed8", "Colour of the buttons on these pages, #rrggbb.")
    brand_contact: str = setting(any_text, "", "Where recipients can write to: an address or a sentence.")
    brand_imprint_url: str = setting(url, "", "Your imprint, linked below these pages.")
    track_unknown: bool = setting(
        switch,
        "true",
        "Whether opens and clicks of people are recorded who never said anything about it. Where the law asks for "
        "consent first: false; then only mail to those who agreed is tracked.",
    )
    colleagues: str = setting(
        choice("count", "leave-out"),
        "count",
        "Opens and clicks of other users of this instance, in browsers that they marked as theirs: counted as those of "
        "recipients, or left out as the sender's own.",
    )
    address_privacy: str = setting(
        choice("full", "truncated", "hashed", "none"),
        "truncated",
        "How a visitor's address is kept: truncated is /24, /48.",
    )
    verdict_sweep_seconds: int = setting(
        integer(1, 3600), "10", "Different links of a copy followed within this many seconds are one sweep."
    )
    verdict_sweep_links: int = setting(
        integer(2, 100), "3", "Different links from which on a sweep is suspected to be a machine's."
    )
    verdict_sweep_certain: int = setting(
        integer(2, 100), "5", "Different links from which on a sweep is a machine's; or all links of the message."
    )
    verdict_tabs_apart_ms: int = setting(
        integer(0, 60_000),
        "400",
        "Three or four of more links with at least so many milliseconds between them may be a person's tabs.",
    )
    verdict_tabs_after_seconds: int = setting(
        integer(0, 3600), "3", "... if their visitor had loaded the image so many seconds before, or it is late."
    )
    verdict_networks: int = setting(
        integer(2, 100), "3", "Networks (/24, /48) of one copy's hits from which on they are a machine's."
    )
    verdict_networks_seconds: int = setting(integer(1, 3600), "120", "... within this many seconds.")
    verdict_head_seconds: int = setting(
        integer(1, 3600), "10", "A click this soon after its visitor asked for the link's header alone is suspected."
    )
    verdict_beside_seconds: int = setting(
        integer(1, 3600), "60", "A click this near to a look at the unsubscribe page is suspected."
    )
    verdict_damaged_seconds: int = setting(
        integer(1, 3600), "10", "A click this near to a damaged form of a link, by the same visitor, is suspected."
    )
    verdict_shared_copies: int = setting(
        integer(2, 1000), "10", "Recipients of a message whose copies one visitor asks for: suspected from here on ..."
    )
    verdict_shared_domains: int = setting(
        integer(1, 1000), "3", "... if they are in at least so many mail domains (an office has one or two) ..."
    )
    verdict_shared_seconds: int = setting(integer(1, 3600), "600", "... within this many seconds.")
    verdict_repeat_seconds: int = setting(
        integer(1, 3600), "30", "An image proxy that asks again within this many seconds shows the same opening."
    )
    verdict_later_seconds: int = setting(
        integer(1, 86400), "600", "A single click this long after the first hit is not a check of new mail."
    )
    hold_seconds: int = setting(
        integer(0, 3600),
        "10",
        "Seconds that notices, the winner of a test and who is mailed for having opened or clicked wait for hits that "
        "may change the verdict of an open or click.",
    )
    keep_events_days: int = setting(
        integer(0, 100_000),
        "750",
        "Days what was recorded is kept in the history (opens, clicks, deliveries); counts stay. 0: for good.",
    )
    keep_mail_days: int = setting(
        integer(0, 100_000),
        "180",
        "Days the contents of single mail are kept once all of its copies have left or were given up. 0: for good.",
    )
    keep_replies_days: int = setting(
        integer(0, 100_000),
        "365",
        "Days the words of replies, and questions about returned mail, are kept; that they came stays. 0: for good.",
    )
    keep_audit_days: int = setting(
        integer(0, 100_000),
        "750",
        "Days the audit log is kept: who did what, when and from where. 0: for good.",
    )
    relay_host: str = setting(host, "127.0.0.1", "Address the SMTP relay listens on.")
    relay_port: int = setting(integer(0, 65535), "8702", "Port of the SMTP relay that mail clients submit to.")
    relay_tls_cert: Path | None = setting(optional_file, "", "Certificate chain (PEM) for STARTTLS on the relay.")
    relay_tls_key: Path | None = setting(optional_file, "", "Private key (PEM) of RELAY_TLS_CERT.")
    relay_tls_port: int = setting(
        integer(0, 65535), "0", "Further port of the relay with TLS from the first byte (465 elsewhere); 0: none."
    )
    relay_messages_per_hour: int = setting(integer(0, 10**9), "0", "Messages a login may submit an hour; 0: no limit.")
    relay_messages_per_day: int = setting(integer(0, 10**9), "0", "Messages a login may submit a day; 0: no limit.")
    relay_recipients_per_hour: int = setting(
        integer(0, 10**9), "2000", "Recipients a login may write to within an hour; 0: no limit."
    )
    relay_recipients_per_day: int = setting(
        integer(0, 10**9), "10000", "Recipients a login may write to within 24 hours; 0: no limit."
    )
    sendmail_user: str = setting(
        any_text, "", "Login `postlude sendmail` uses at the relay, for accounts that may not write DATA."
    )
    sendmail_password: str = setting(any_text, "", "App password of SENDMAIL_USER.", secret=True)
    gateway_networks: tuple[Network, ...] = setting(
        networks, "", "Networks of mail servers that hand mail to the relay without a login; empty: none."
    )
    gateway_domains: tuple[str, ...] = setting(
        word_list, "", "Domains those servers may send as; needed with GATEWAY_NETWORKS."
    )
    gateway_user: str = setting(
        any_text, "", "Whose messages they are when no user has the From address; empty: the first user's."
    )
    gateway_client_ca: Path | None = setting(
        optional_file,
        "",
        "Authorities (PEM) of the certificates those servers must show; empty: the network is enough.",
    )
    gateway_client_names: tuple[str, ...] = setting(
        word_list, "", "Names those certificates must carry, e.g. smtp.gmail.com or *.mail.protection.outlook.com."
    )
    max_message_bytes: int = setting(
        integer(10_000, 200_000_000), "26214400", "Largest message the relay and the inbound server take, in bytes."
    )
    mail_connections: int = setting(
        integer(1, 100_000), "500", "Connections relay and inbound server hold at a time, each; idle ones make room."
    )
    mail_connections_per_address: int = setting(
        integer(1, 100_000),
        "50",
        "Connections from one address at a time (of IPv6: one /64); POSTLUDE_GATEWAY_NETWORKS are not counted.",
    )
    inbound_host: str = setting(host, "127.0.0.1", "Address the inbound server listens on.")
    inbound_port: int = setting(integer(0, 65535), "8703", "Port of the inbound server (SMTP).")
    inbound_protocol: str = setting(
        choice("smtp", "lmtp"), "smtp", "What the inbound server speaks: SMTP, or LMTP to a mail server beside it."
    )
    inbound_tls_cert: Path | None = setting(
        optional_file,
        "",
        "Certificate chain (PEM) for STARTTLS at the inbound server, used by servers that like; empty: RELAY_TLS_CERT.",
    )
    inbound_tls_key: Path | None = setting(optional_file, "", "Private key (PEM) of INBOUND_TLS_CERT.")
    return_domain: str = setting(
        host,
        "",
        f"Domain of envelope senders, so that bounces come to the inbound server; empty: {SANDBOX_DOMAIN} in "
        "the sandbox, else the sender's own address stays and bounces are not seen.",
    )
    server_name: str = setting(
        host, "", "Public name of this server, for the DNS records that lead to it; empty: what the system says."
    )
    dns_server: str = setting(host, "", "DNS server asked for records, ADDRESS or ADDRESS:PORT; empty: the system's.")
    smtp_host: str = setting(host, "", "Next mail server. Empty: the sandbox, mail stays in the local mailbox.")
    maildir: Path | None = setting(
        maildir, "", "Folder to deliver all mail into instead of a mail server, as a maildir: for tests and dry runs."
    )
    smtp_port: int = setting(integer(1, 65535), "587", "Port of SMTP_HOST.")
    smtp_tls: str = setting(
        choice(*TLS_WORDS),
        "starttls",
        "How the connection to SMTP_HOST is protected: `starttls` and `implicit` check the certificate, `required` and "
        "`opportunistic` do not.",
    )
    smtp_user: str = setting(any_text, "", "Login at SMTP_HOST, where it wants one.")
    smtp_password: str = setting(any_text, "", "Password at SMTP_HOST.", secret=True)
    smtp_connections: int = setting(integer(1, 200), "4", "Connections kept to SMTP_HOST at the same time.")
    give_up_hours: int = setting(integer(1, 240), "120", "How long a copy the next server defers is tried again.")
    imap_host: str = setting(host, "", "IMAP server read for replies and bounces. Empty: none is read.")
    imap_port: int = setting(integer(1, 65535), "993", "Port of IMAP_HOST.")
    imap_tls: bool = setting(
        switch, "true", "TLS from the first byte (port 993). Off only on a loopback or private line."
    )
    imap_user: str = setting(any_text, "", "Login at IMAP_HOST.")
    imap_password: str = setting(any_text, "", "Password at IMAP_HOST.", secret=True)
    imap_folders: tuple[str, ...] = setting(word_list, "INBOX", "Folders that are read, never changed.")
    state_url: str = setting(
        database,
        "",
        "Database of the state, e.g. postgresql+psycopg://user@host/name; empty: state.sqlite in DATA.",
        secret=True,
    )
    journal_max_bytes: int = setting(
        integer(64 << 20, 1 << 44), str(8 << 30), "Disk the journal may take before the edge raises the alarm."
    )
    log_level: str = setting(choice("debug", "info", "warning", "error"), "info", "What is written to the log.")

    imap: tuple[ImapAccount, ...] = ()
    """The `[[imap]]` tables of the file; `mailboxes` also has the account of the settings above."""

    provider_keys: Mapping[str, str] = field(default_factory=dict)
    """The secrets of sending providers' calls that are set, by provider."""

    smtp: tuple[SmtpServer, ...] = ()
    """The `[[smtp]]` tables of the file; `smtp_servers` also has the server of the settings above."""

    @property
    def sandbox(self) -> bool:
        """True when no mail server is configured: mail stays in the local mailbox."""
        return not self.smtp_servers and self.maildir is None

    @property
    def mailboxes(self) -> tuple[ImapAccount, ...]:
        """The mailboxes that are read."""
        if not self.imap_host:
            return self.imap
        own = ImapAccount(
            host=self.imap_host,
            port=self.imap_port,
            tls="implicit" if self.imap_tls else "none",
            user=self.imap_user,
            password=self.imap_password,
            folders=self.imap_folders,
        )
        return (own, *self.imap)

    @property
    def smtp_servers(self) -> tuple[SmtpServer, ...]:
        """The next mail servers, in the order in which they are asked."""
        if not self.smtp_host:
            return self.smtp
        return (
            SmtpServer(
                name=self.smtp_host,
                host=self.smtp_host,
                port=self.smtp_port,
                tls=self.smtp_tls,
                user=self.smtp_user,
                password=self.smtp_password,
                connections=self.smtp_connections,
            ),
        )

    @property
    def public_web(self) -> str:
        """URL people open the web app with."""
        return self.web_url or f"http://{self.web_host}:{self.web_port}"

    @property
    def local_edge(self) -> str:
        """URL the edge answers on this machine."""
        scheme = "https" if self.edge_tls_cert else "http"
        host = f"[{self.edge_host}]" if ":" in self.edge_host else self.edge_host
        return f"{scheme}://{host}:{self.edge_port}"

    @property
    def public_edge(self) -> str:
        """URL pixels and links start with."""
        return self.edge_url or self.local_edge

    @property
    def verp_domain(self) -> str:
        """Domain of our envelope senders, empty when bounces do not come to us."""
        return self.return_domain or (SANDBOX_DOMAIN if self.sandbox else "")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the state."""
        return self.state_url or f"sqlite:///{self.data / 'state.sqlite'}"

    def listens(self, endpoint: str) -> ListenAddress:
        """Where the settings want `web`, `edge`, `relay`, `relay_tls` or `inbound`."""
        host_of = "relay" if endpoint == "relay_tls" else endpoint
        return ListenAddress(cast("str", self.get(f"{host_of}_host")), cast("int", self.get(f"{endpoint}_port")))

    def get(self, name: str) -> object:
        """One setting by its name in lower case."""
        own = {one.name for one in fields(self)}
        return (
            cast("object", getattr(self, name))
            if name in own
            else self.provider_keys.get(name.removesuffix("_key"), "")
        )
