"""Every route declares beside its path what it asks of who calls it: `dependencies=[READS]`."""

from collections.abc import Iterator
from typing import Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends as DependsMarker
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from postlude.model.errors import NotPermittedError
from postlude.model.role import Permission, permitted
from postlude.web.session import SignedIn, Viewer


class UndeclaredRouteError(Exception):
    """A route does not say what it asks for. Add one of `web.permissions` to its dependencies."""


class _OpenRoute:
    permission: Final = Permission.OPEN

    def __call__(self) -> None:
        """There is nothing to ask."""


class _PermittedRoute:
    def __init__(self, permission: Permission) -> None:
        self.permission: Final = permission

    def __call__(self, viewer: SignedIn) -> None:
        """Ask it of the viewer."""
        check_permission(viewer, self.permission)


def _declares(permission: Permission) -> DependsMarker:
    marker: DependsMarker = Depends(_PermittedRoute(permission))
    return marker


OPEN: Final[DependsMarker] = Depends(_OpenRoute())
"""Of a route for who is not signed in."""
ACCOUNT: Final = _declares(Permission.ACCOUNT)
READS: Final = _declares(Permission.READ)
WRITES: Final = _declares(Permission.WRITE)
MANAGES: Final = _declares(Permission.MANAGE)


def check_permission(viewer: Viewer, permission: Permission) -> None:
    """NotPermittedError unless the viewer's role has it."""
    if not permitted(viewer.user.role, permission):
        raise NotPermittedError(f"Your role ({viewer.user.role}) does not permit this. An owner can change it.")


def permission_of(route: BaseRoute) -> Permission:
    """What a route declares; UndeclaredRouteError for one that declares nothing, or two things."""
    calls = list(dependency_calls(route.dependant)) if isinstance(route, APIRoute) else []
    found = {call.permission for call in calls if isinstance(call, _OpenRoute | _PermittedRoute)}
    if len(found) != 1:
        raise UndeclaredRouteError(f"{getattr(route, 'path', route)} declares {sorted(found) or 'nothing'}")
    return found.pop()


def dependency_calls(dependant: Dependant) -> Iterator[object]:
    """What a route depends on, and what that depends on."""
    yield dependant.call
    for inner in dependant.dependencies:
        yield from dependency_calls(inner)
