"""Builds the dependencies of the web app from the app process's parts."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.api import API_PREFIX, ApiDeps
from postlude.app.build.campaigns import CampaignServices
from postlude.app.build.common import Parts, build_quotas
from postlude.app.build.domains import Domains
from postlude.app.build.sending import build_contents
from postlude.history import History
from postlude.kit.sliding_limit import SlidingLimit
from postlude.model.role import Role
from postlude.model.words import Via
from postlude.services.accounts.account_mail import AccountMail, PasswordResets
from postlude.services.accounts.passkeys import Passkeys
from postlude.services.accounts.preferences import get_preferences, put_preferences
from postlude.services.accounts.sign_in import PasswordSignIn
from postlude.services.accounts.single_sign_on import SingleSignOn
from postlude.services.accounts.users import new_app_password, use_sign_in
from postlude.services.change_feed import Subscribable
from postlude.services.messages.accept import CountMessage, NewMessage
from postlude.services.messages.idempotent import IdempotentCalls
from postlude.services.ports import Append, SpooledMail, Wake
from postlude.services.reports.messages import Reports
from postlude.store import Store
from postlude.tokens import confirm_url
from postlude.web import AccountParts, CampaignTools, ContactParts, RelayInfo, WebDeps
from postlude.web.deps import HealthOf, SignInProvider, TrustedHeader

_CHALLENGE_S: Final = 900  # longer than a challenge of a passkey works
_CHALLENGES: Final = 100_000


class AcceptFromWeb(Protocol):
    """`services.messages.accept.accept` with journal, spool, clock and host given."""

    def __call__(self, new: NewMessage, /, *, count: CountMessage | None = None) -> Awaitable[int]:
        """Return the message id when the message is durable; InputError, QuotaError, StorageError."""
        ...


@dataclass(frozen=True, kw_only=True)
class WebWiring:
    """What the running process provides to the pages besides its stores."""

    changes: Subscribable
    accept: AcceptFromWeb
    append: Append
    health: HealthOf
    returned_mail: SpooledMail
    import_ordered: Wake
    outbox: SandboxOutbox | None
    stopping: asyncio.Event
    session_secrets: tuple[bytes, bytes]
    """Signs cookies, and signed them before, if not empty."""


def build_web_deps(parts: Parts, store: Store, history: History, wiring: WebWiring) -> WebDeps:
    """The web app's dependencies on open stores; it closes none of them."""
    settings, folder = parts.settings, parts.folder
    quotas = build_quotas(parts)

    async def submit(new: NewMessage) -> int:
        count = partial(quotas.take, new.user, (await asyncio.to_thread(store.accounts.user, new.user)).limits)
        return await wiring.accept(new, count=count)

    services = CampaignServices(parts, store, build_contents(parts, store))
    return WebDeps(
        store=store,
        reports=Reports(store, history),
        changes=wiring.changes,
        clock=parts.clock,
        codec=parts.codec,
        submit=submit,
        append=wiring.append,
        redeem=lambda token: use_sign_in(store, token, parts.clock),
        new_app_password=lambda user, label, purpose: new_app_password(store, user, label, parts.clock, purpose),
        get_preferences=partial(get_preferences, store, sandbox=settings.sandbox),
        put_preferences=partial(put_preferences, store),
        health=wiring.health,
        secret=wiring.session_secrets[0],
        earlier_secret=wiring.session_secrets[1],
        public_url=settings.public_web,
        edge_url=settings.public_edge,
        relay=RelayInfo(settings.relay_host, settings.relay_port, bool(settings.relay_tls_cert)),
        inbound=settings.listens("inbound"),
        returned_mail=wiring.returned_mail,
        domains=Domains(settings, parts.dkim, parts.clock),
        contacts=ContactParts(
            folder.uploads,
            wiring.import_ordered,
            partial(confirm_url, parts.codec, settings.public_edge, parts.prefixes),
        ),
        campaigns=CampaignTools(services.contents, folder.files, services.has_key, services.forecast),
        accounts=_build_accounts(parts, store, wiring),
        outbox=wiring.outbox,
        stopping=wiring.stopping,
    )


def build_api_deps(parts: Parts, web: WebDeps) -> ApiDeps:
    """The API's dependencies: those of the web app, so that both see and count the same."""
    return ApiDeps(
        store=web.store,
        reports=web.reports,
        changes=web.changes,
        clock=parts.clock,
        submit=web.submit,
        calls=IdempotentCalls(web.store, parts.clock),
        public_url=web.public_url,
        stopping=web.stopping,
    )


def api_beside_web(api: ASGIApp, web: ASGIApp) -> ASGIApp:
    """One application: paths below `/v1/` are the API's, all others the web app's."""

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and (scope["path"] + "/").startswith(f"{API_PREFIX}/")
        await (api if is_api else web)(scope, receive, send)

    return either


def _build_accounts(parts: Parts, store: Store, wiring: WebWiring) -> AccountParts:
    async def send(mail: AccountMail) -> None:
        recipients = [mail.recipient]
        await wiring.accept(
            NewMessage(user=mail.user, via=Via.WEB, mail_from=mail.mail_from, recipients=recipients, raw=mail.raw)
        )

    resets = PasswordResets(store, parts.clock, parts.settings.public_web, send)
    settings = parts.settings
    header = TrustedHeader(settings.sign_in_header, settings.sign_in_proxies) if settings.sign_in_header else None
    return AccountParts(
        PasswordSignIn(store, parts.clock, wiring.session_secrets[0]),
        resets,
        send,
        SingleSignOn(store, parts.clock, settings.sign_in_domains, Role(settings.sign_in_role)),
        Passkeys(store, parts.clock, settings.public_web),
        SlidingLimit(1, _CHALLENGE_S, _CHALLENGES),
        _build_provider(parts),
        settings.oidc_name,
        header,
    )


def _build_provider(parts: Parts) -> SignInProvider | None:
    settings = parts.settings
    if not settings.oidc_issuer:
        return None
    from postlude.adapters.oidc import OidcProvider  # noqa: PLC0415 - costs who has no provider nothing

    callback = f"{settings.public_web}/sign-in/oidc/callback"
    return OidcProvider(settings.oidc_issuer, settings.oidc_client, settings.oidc_secret, callback, parts.clock)
