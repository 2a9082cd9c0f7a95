"""Answering recipients who asked what is stored of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

from postlude.app.build.common import Parts
from postlude.history import History
from postlude.model.errors import NotFoundError, PostludeError
from postlude.services.privacy.subject_access import answer
from postlude.store import OpenRequest, Store
from postlude.tokens import Kind, Urls

_LOOK_SECONDS: Final = 3.0
_log = logging.getLogger("postlude.requests")


class DataRequests:
    """While its context is open, every request is answered by mail to the address it is about."""

    def __init__(self, parts: Parts, store: Store, history: History, submit: Callable[..., Awaitable[int]]) -> None:
        self._parts = parts
        self._store = store
        self._history = history
        self._submit = submit
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="data requests")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End looking."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                for request in await asyncio.to_thread(self._store.privacy.open_requests):
                    await self._answer(request)
            except PostludeError as error:
                _log.error("requests for stored data wait: %s", error)

    async def _answer(self, request: OpenRequest) -> None:
        now = self._parts.clock.now()
        try:
            made = await asyncio.to_thread(answer, self._store, self._history, request.copy, self._page(request.copy))
        except NotFoundError:
            _log.info("a request for stored data is about mail that was deleted since; nothing is stored")
        else:
            await self._submit(user=made.user, mail_from=made.mail_from, recipients=[made.recipient], raw=made.raw)
        await asyncio.to_thread(self._store.privacy.answered, request.address, now)

    def _page(self, copy: int) -> str:
        parts = self._parts
        scope = self._store.messages.copy(copy).message
        urls = Urls(parts.codec, parts.settings.public_edge, Kind.MESSAGE, scope, parts.prefixes)
        return urls.act_token(copy).join(urls.preferences())
