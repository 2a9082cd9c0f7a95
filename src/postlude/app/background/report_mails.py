"""Sends reports that are due to members, through the path that all mail takes."""

import asyncio
from typing import Final

from postlude.app.build.common import Parts
from postlude.kit.loop import InBackground, TaskLoop
from postlude.model.errors import PostludeError
from postlude.model.words import Via
from postlude.services.campaigns.report_mail import report_mails
from postlude.services.campaigns.report_plans import DueReport, due_reports, note_sent
from postlude.services.messages.accept import NewMessage, Submit
from postlude.store import Store

_LOOK_SECONDS: Final = 30.0


class ReportMails(InBackground):
    """While its context is open, every report that is due goes out once; after a crash at that moment perhaps twice."""

    def __init__(self, parts: Parts, store: Store, submit: Submit) -> None:
        super().__init__(
            TaskLoop("report mails", self._round, expected=(PostludeError,), problem="reports by mail wait")
        )
        self._parts = parts
        self._store = store
        self._submit = submit
        self._sent: set[tuple[int, int, int]] = set()
        """Plan, moment and member of mails that the state does not know of yet: while it is locked, none goes again."""

    async def _round(self) -> float:
        for due in await asyncio.to_thread(due_reports, self._store, self._parts.clock.now()):
            await self._send(due)
            await asyncio.to_thread(note_sent, self._store, due)
            self._sent = {one for one in self._sent if one[:2] != (due.plan.id, due.until)}
        return _LOOK_SECONDS

    async def _send(self, due: DueReport) -> None:
        web, now = self._parts.settings.public_web, self._parts.clock.now()
        for owner, member, raw in await asyncio.to_thread(report_mails, self._store, due, web, now):
            key = (due.plan.id, due.until, member.id)
            if key not in self._sent:
                await self._submit(
                    NewMessage(
                        user=owner.id, via=Via.WEB, mail_from=owner.address, recipients=[member.address], raw=raw
                    )
                )
                self._sent.add(key)
