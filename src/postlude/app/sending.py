"""The way out, composed: policy, tracker, transport."""

from collections.abc import Awaitable, Callable

from postlude.adapters.smtp import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.app.parts import Parts
from postlude.config import Settings
from postlude.instrument import Policy, utm_parameters
from postlude.journal import Spool
from postlude.services.ports import Append, Transport
from postlude.services.preferences import get_preferences
from postlude.services.send import SenderDeps
from postlude.services.send_retry import RetrySchedule
from postlude.services.submit_track import Tracker
from postlude.store import Store

_HOUR_SECONDS = 3600


def build_tracker(parts: Parts) -> Tracker:
    """Return what compiles messages with this server's URLs."""
    return Tracker(parts.codec, parts.settings.public_edge, parts.prefixes)


def policy_of(parts: Parts, store: Store, user: int) -> Policy:
    """What a user wants tracked when the message does not say otherwise."""
    wanted = get_preferences(store, user)
    return Policy(
        opens=wanted.opens,
        clicks=wanted.clicks,
        text=wanted.text,
        exclude=wanted.exclude,
        unsubscribe=wanted.unsubscribe,
        utm=utm_parameters(wanted.utm),
        signing_domains=parts.dkim.domains(),
    )


def build_transport(settings: Settings) -> SmtpTransport:
    """Connect to the configured mail server, lazily."""
    return SmtpTransport(
        SmtpConfig(
            host=settings.smtp_host,
            port=settings.smtp_port,
            tls=TlsPolicy(settings.smtp_tls),
            user=settings.smtp_user,
            password=settings.smtp_password,
            connections=settings.smtp_connections,
        )
    )


def build_sender(
    parts: Parts,
    store: Store,
    *,
    tracker: Tracker,
    spool: Spool,
    append: Append,
    transport: Transport,
    caught_up: Callable[[], Awaitable[None]],
) -> SenderDeps:
    """Everything the worker needs."""
    settings = parts.settings
    return SenderDeps(
        store=store,
        spool=spool,
        append=append,
        clock=parts.clock,
        transport=transport,
        tracker=tracker,
        codec=parts.codec,
        policy_of=lambda user: policy_of(parts, store, user),
        return_domain=settings.verp_domain,
        signer_of=parts.dkim.signer,
        retry=RetrySchedule(give_up_s=settings.give_up_hours * _HOUR_SECONDS),
        caught_up=caught_up,
    )
