"""Default tracking, and the passwords of mail programs."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.ids import parse_id
from postlude.model.errors import InputError
from postlude.services.accounts.preferences import UserPreferences
from postlude.services.accounts.users import revoke_app_passwords
from postlude.tokens import MarkPurpose
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.permissions import ACCOUNT, WRITES
from postlude.web.session import Posted, SignedIn, Viewer

router = APIRouter()
_LINK_S: Final = 600
"""How long the link works that marks a browser: as long as a page is looked at."""


def _page(
    request: Request, deps: Deps, viewer: Viewer, *, password: str = "", saved: bool = False, browser: str = ""
) -> Response:
    until = deps.clock.now() + _LINK_S * MICROS_PER_SECOND
    mark = deps.codec.own_browser.mint(MarkPurpose.LINK, viewer.user.id, until)
    return pages_of(request).render(
        request,
        "accounts/preferences.html",
        preferences=deps.get_preferences(viewer.user.id),
        passwords=deps.store.accounts.list_app_passwords(viewer.user.id),
        password=password,
        saved=saved,
        browser=browser,
        mark_url=f"{deps.edge_url}/own-browser/{mark}",
    )


@router.get("/preferences", dependencies=[ACCOUNT])
def preferences_page(
    request: Request, deps: Deps, viewer: SignedIn, *, saved: bool = False, browser: str = ""
) -> Response:
    """Show the preferences. `browser`: whether the edge just marked this browser (`on`) or forgot it (`off`)."""
    return _page(request, deps, viewer, saved=saved, browser=browser)


@router.post("/preferences", dependencies=[ACCOUNT, does("account preferences")])
def save(
    deps: Deps,
    viewer: Posted,
    *,
    opens: Annotated[bool, Form()] = False,
    clicks: Annotated[bool, Form()] = False,
    text: Annotated[bool, Form()] = False,
    exclude: Annotated[str, Form()] = "",
    unsubscribe: Annotated[bool, Form()] = False,
    view: Annotated[bool, Form()] = False,
    utm: Annotated[str, Form()] = "",
) -> Response:
    """Store the preferences."""
    hosts = tuple(dict.fromkeys(line.strip() for line in exclude.splitlines() if line.strip()))
    wanted = UserPreferences(
        opens=opens, clicks=clicks, text=text, exclude=hosts, unsubscribe=unsubscribe, view=view, utm=utm.strip()
    )
    deps.put_preferences(viewer.user.id, wanted)
    return RedirectResponse("/preferences?saved=1", status_code=HTTPStatus.SEE_OTHER)


@router.post("/preferences/passwords", dependencies=[WRITES, does("user password", "label")])
def add_password(
    request: Request,
    deps: Deps,
    viewer: Posted,
    label: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
) -> Response:
    """Create a password and show it, this once."""
    if not label.strip():
        raise InputError("Give the password a name, for example “Thunderbird on my laptop”.")
    password = deps.new_app_password(viewer.user, label.strip()[:80], purpose)
    return _page(request, deps, viewer, password=password)


@router.post("/preferences/passwords/{password}/revoke", dependencies=[ACCOUNT, does("user revoke")])
def revoke(deps: Deps, viewer: Posted, password: str) -> Response:
    """Create a password of the viewer's useless."""
    revoke_app_passwords(deps.store, viewer.user, [parse_id(password)])
    return RedirectResponse("/preferences#passwords", status_code=HTTPStatus.SEE_OTHER)
