"""Dependencies of the API, from the composition root."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request

from postlude.kit.clock import Clock
from postlude.services.accounts.api_keys import ApiCaller
from postlude.services.messages.accept import NewMessage
from postlude.services.messages.idempotent import IdempotentCalls
from postlude.services.reports.messages import Reports
from postlude.store import Store


class SubmitFromApi(Protocol):
    """Accepts mail of programs, counted against their user's quota."""

    def __call__(self, new: NewMessage, /) -> Awaitable[int]:
        """Return the message id when the message is durable; InputError, QuotaError, StorageError."""
        ...


class Changing(Protocol):
    """The part of `services.change_feed.Changes` the API needs."""

    def subscribe(self) -> AsyncIterator[AbstractSet[int]]:
        """Message ids as they change, from now on."""
        ...


@dataclass(frozen=True)
class ApiDeps:
    """The parts, already open. The API closes none of them."""

    store: Store
    reports: Reports
    changes: Changing
    clock: Clock
    submit: SubmitFromApi
    calls: IdempotentCalls
    public_url: str
    """Where the web app, and so the API, is reached; without a slash at its end."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it before the server is stopped: calls that wait end at once."""
    waiting: Counter[int] = field(default_factory=Counter)
    """Calls that wait for events, by user."""


def _deps(request: Request) -> ApiDeps:
    deps: ApiDeps = request.app.state.deps
    return deps


def _caller(request: Request) -> ApiCaller:
    caller: ApiCaller = request.scope["postlude.caller"]
    return caller


Deps = Annotated[ApiDeps, Depends(_deps)]
Caller = Annotated[ApiCaller, Depends(_caller)]
