"""Outgoing mail, composed: policy, tracker, transport."""

from postlude.adapters.maildir import Maildir
from postlude.adapters.oauth import OAuthToken
from postlude.adapters.smtp_client.failover import ServerConfig, SmtpServers, Usage
from postlude.adapters.smtp_client.pool import SmtpConfig, TlsPolicy
from postlude.adapters.smtp_client.rate_limits import RateLimits
from postlude.app.build.common import Parts
from postlude.config import Settings, SmtpServer
from postlude.journal import Spool
from postlude.kit.clock import Clock
from postlude.services.accounts.policies import Policies
from postlude.services.campaigns.content import Contents
from postlude.services.messages.recovery import Digested
from postlude.services.messages.retry import RetrySchedule
from postlude.services.messages.sender import SenderDeps
from postlude.services.messages.tracker import Tracker
from postlude.services.messages.view_page import ViewPages
from postlude.services.ports import Append, Transport
from postlude.store import Store

_HOUR_SECONDS = 3600


def build_tracker(parts: Parts) -> Tracker:
    """Return what compiles messages with this server's URLs."""
    return Tracker(parts.codec, parts.settings.public_edge, parts.prefixes)


def build_contents(parts: Parts, store: Store) -> Contents:
    """Return what compiles campaigns with this server's URLs."""
    base, prefixes = parts.settings.public_edge, parts.prefixes
    return Contents(store, parts.codec, base, prefixes, build_policies(parts, store), parts.folder.views)


def build_policies(parts: Parts, store: Store) -> Policies:
    """Return what knows users' default tracking."""
    return Policies(store, parts.dkim.domains, sandbox=parts.settings.sandbox)


def build_transport(settings: Settings, clock: Clock, usage: Usage | None = None) -> Transport:
    """Return the transport to the configured mail servers, or into the maildir; not connected yet.

    `usage` stores the usage of servers with a daily limit, for all workers.
    """
    if settings.maildir is not None:
        return Maildir(settings.maildir, clock)
    return SmtpServers([server_config(server, settings) for server in settings.smtp_servers], clock, usage)


def server_config(server: SmtpServer, settings: Settings) -> ServerConfig:
    """One server of the settings as its adapter wants it."""
    token = None
    if server.oauth:
        token = OAuthToken(server.oauth_url, server.oauth_client, server.oauth_secret, server.oauth_refresh_token)
    certificate = (server.client_cert, server.client_key) if server.client_cert and server.client_key else None
    smtp = SmtpConfig(
        host=server.host,
        port=server.port,
        tls=TlsPolicy(server.tls),
        user=server.user,
        password=server.password,
        helo=settings.return_domain,
        connections=server.connections,
        authorities=server.ca,
        certificate=certificate,
        token=token,
    )
    limits = RateLimits(
        per_second=server.per_second,
        per_hour=server.per_hour,
        per_day=server.per_day,
        warm_up=server.warm_up,
        warm_up_from=server.warm_up_from,
    )
    return ServerConfig(
        name=server.name,
        smtp=smtp,
        limits=limits,
        domains=dict(server.domains),
        senders=server.senders,
        headers=server.headers,
    )


def retry_schedule(settings: Settings) -> RetrySchedule:
    """When deferred copies are tried again, under these settings."""
    return RetrySchedule(give_up_s=settings.give_up_hours * _HOUR_SECONDS)


def build_sender(
    parts: Parts,
    store: Store,
    *,
    tracker: Tracker,
    spool: Spool,
    append: Append,
    transport: Transport,
    digested: Digested,
) -> SenderDeps:
    """Dependencies of the worker."""
    settings = parts.settings
    return SenderDeps(
        store=store,
        spool=spool,
        append=append,
        clock=parts.clock,
        transport=transport,
        tracker=tracker,
        codec=parts.codec,
        policy_of=build_policies(parts, store),
        track_unknown=settings.track_unknown,
        make_view=ViewPages(parts.folder.views).make,
        return_domain=settings.verp_domain,
        signer_of=parts.dkim.signer,
        retry=retry_schedule(settings),
        journal=f"{parts.folder.identity()}/app",
        journals=parts.folder.journal,
        digested=digested,
    )
