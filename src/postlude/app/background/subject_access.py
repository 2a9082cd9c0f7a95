"""Answering recipients who asked what is stored of them."""

import asyncio
import logging
from typing import Final

from postlude.app.build.common import Parts
from postlude.history import History
from postlude.kit.loop import InBackground, TaskLoop
from postlude.model.errors import NotFoundError, PostludeError
from postlude.model.words import Via
from postlude.services.messages.accept import NewMessage, Submit
from postlude.services.privacy.subject_access import answer
from postlude.store import OpenRequest, Store
from postlude.tokens import Kind, Urls

_LOOK_SECONDS: Final = 3.0
_log = logging.getLogger("postlude.requests")


class DataRequests(InBackground):
    """While its context is open, every request is answered by mail to the address it is about."""

    def __init__(self, parts: Parts, store: Store, history: History, submit: Submit) -> None:
        super().__init__(
            TaskLoop("data requests", self._round, expected=(PostludeError,), problem="requests for stored data wait")
        )
        self._parts = parts
        self._store = store
        self._history = history
        self._submit = submit
        self._sent: set[str] = set()
        """Who has an answer that the state does not know of yet: while it is locked, none is sent again."""

    async def _round(self) -> float:
        for request in await asyncio.to_thread(self._store.privacy.open_requests):
            if request.address not in self._sent:
                await self._answer(request)
                self._sent.add(request.address)
            await asyncio.to_thread(self._store.privacy.answered, request.address, self._parts.clock.now())
            self._sent.discard(request.address)
        return _LOOK_SECONDS

    async def _answer(self, request: OpenRequest) -> None:
        try:
            made = await asyncio.to_thread(answer, self._store, self._history, request.copy, self._page(request.copy))
        except NotFoundError:
            _log.info("a request for stored data is about mail that has been deleted; nothing is stored")
        else:
            await self._submit(
                NewMessage(
                    user=made.user, via=Via.WEB, mail_from=made.mail_from, recipients=[made.recipient], raw=made.raw
                )
            )

    def _page(self, copy: int) -> str:
        parts = self._parts
        scope = self._store.messages.copy(copy).message
        urls = Urls(parts.codec, parts.settings.public_edge, Kind.MESSAGE, scope, parts.prefixes)
        return urls.preferences().around(urls.act_token(copy))
