"""Who uses this instance: invited, given roles, disabled."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from postlude.kit.ids import parse_id
from postlude.model.errors import NotFoundError
from postlude.model.role import Role, managed_roles
from postlude.services.accounts.account_mail import INVITATION_SECONDS, invitation_mail, password_link
from postlude.services.accounts.roles import (
    add_person,
    check_managed,
    give_role,
    read_role,
    remove_person,
    return_person,
)
from postlude.store.accounts.rows import User
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import MANAGES
from postlude.web.session import Posted, SignedIn, Viewer

router = APIRouter()


def _page(request: Request, deps: WebDeps, viewer: Viewer, *, done: str = "", link: str = "") -> Response:
    return pages_of(request).render(
        request,
        "accounts/people.html",
        people=deps.store.accounts.list_users(),
        managed=managed_roles(viewer.user.role),
        roles=[role for role in Role if role in managed_roles(viewer.user.role)],
        done=done,
        link=link,
    )


def _person(deps: WebDeps, person: str) -> User:
    wanted = parse_id(person)
    if wanted is None:
        raise NotFoundError(f"no user has the id {person}")
    return deps.store.accounts.user(wanted)


def _to_people(done: str) -> Response:
    return RedirectResponse(f"/people?done={done}", status_code=HTTPStatus.SEE_OTHER)


@router.get("/people", dependencies=[MANAGES])
def people_page(request: Request, deps: Deps, viewer: SignedIn, done: str = "") -> Response:
    """Every user with role and state."""
    return _page(request, deps, viewer, done=done)


@router.post("/people", dependencies=[MANAGES, does("user add", "address", "role")])
async def invite_person(
    request: Request,
    deps: Deps,
    viewer: Posted,
    address: Annotated[str, Form()] = "",
    *,
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = Role.MEMBER.value,
) -> Response:
    """Add a user and invite them."""
    wanted = address.strip(), name.strip(), read_role(role)
    user = await run_in_threadpool(add_person, deps.store, deps.clock, viewer.user, *wanted)
    return await _invite(request, deps, viewer, user)


@router.post("/people/{person}/invite", dependencies=[MANAGES, does("user invite")])
async def invite_again(request: Request, deps: Deps, viewer: Posted, person: str) -> Response:
    """Send another link; the earlier one ends."""
    user = await run_in_threadpool(_person, deps, person)
    check_managed(viewer.user, user)
    return await _invite(request, deps, viewer, user)


async def _invite(request: Request, deps: WebDeps, viewer: Viewer, user: User) -> Response:
    """By mail; a sandbox, whose mail reaches only its own mailbox page, shows the link instead."""
    if deps.outbox is not None:
        made = deps.store, deps.clock, user, deps.public_url, INVITATION_SECONDS
        link = await run_in_threadpool(password_link, *made)
        return await run_in_threadpool(_page, request, deps, viewer, done="link", link=link)
    mail = await run_in_threadpool(invitation_mail, deps.store, deps.clock, user, viewer.user, deps.public_url)
    await deps.accounts.send(mail)
    return _to_people("invited")


@router.post("/people/{person}/role", dependencies=[MANAGES, does("user role", "role")])
def change_role(deps: Deps, viewer: Posted, person: str, role: Annotated[str, Form()] = "") -> Response:
    """Give a user another role."""
    give_role(deps.store, viewer.user, _person(deps, person), read_role(role))
    return _to_people("role")


@router.post("/people/{person}/disable", dependencies=[MANAGES, does("user disable")])
def disable(deps: Deps, viewer: Posted, person: str) -> Response:
    """Disable a user: nothing of theirs signs in or sends."""
    remove_person(deps.store, deps.clock, viewer.user, _person(deps, person))
    return _to_people("disabled")


@router.post("/people/{person}/enable", dependencies=[MANAGES, does("user enable")])
def enable(deps: Deps, viewer: Posted, person: str) -> Response:
    """Undo it."""
    return_person(deps.store, viewer.user, _person(deps, person))
    return _to_people("enabled")
