"""Dependencies of the API, from the composition root."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from postlude.kit.clock import Clock
from postlude.services.accounts.api_keys import ApiCaller
from postlude.services.change_feed import Subscribable
from postlude.services.messages.accept import Submit
from postlude.services.messages.idempotent import IdempotentCalls
from postlude.services.reports.messages import Reports
from postlude.store import Store


@dataclass(frozen=True)
class ApiDeps:
    """The parts, already open. The API closes none of them."""

    store: Store
    reports: Reports
    changes: Subscribable
    clock: Clock
    submit: Submit
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
