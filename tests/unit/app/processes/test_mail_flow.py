"""Mail leaves before the web app is there."""

import asyncio
import subprocess
import sys
from pathlib import Path

from chaos.node import settings_of
from postlude.app.background.health_watch import HealthWatch
from postlude.app.build.common import build_parts
from postlude.app.build.stores import stores_when_possible
from postlude.app.processes.mail_flow import MailFlow
from postlude.model.words import Via
from postlude.services.messages.accept import NewMessage, accept
from servers.waiting import wait_for

MAIL = b"From: anna@sender.test\r\nTo: bert@customer.test\r\nSubject: First\r\n\r\nGood morning.\r\n"
WEB = ("fastapi", "starlette", "uvicorn", "pydantic")


def test_what_mail_needs_loads_no_program_of_the_web_app() -> None:
    code = f"import sys, postlude.app.processes.mail_flow; print(*[name for name in {WEB} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


async def test_a_mail_is_digested_and_leaves_without_a_web_app(tmp_path: Path) -> None:
    parts = build_parts(settings_of(tmp_path / "data"))
    watch, stop = HealthWatch(parts, supervised=False), asyncio.Event()
    stores = await stores_when_possible(parts, watch.running, [], stop)
    assert stores is not None
    user = stores.store.accounts.first_user()
    assert user is not None
    async with MailFlow(parts, stores, watch) as flow:
        new = NewMessage(
            user=user.id, via=Via.CLI, mail_from="anna@sender.test", recipients=["bert@customer.test"], raw=MAIL
        )
        await accept(stores.journal.append, flow.spool_out, parts.clock, new)
        await asyncio.to_thread(wait_for, "the mail", lambda: list(parts.folder.mailbox.rglob("*.mail")))
        assert {one.name for one in watch.running.loops} == {"withdrawals", "sender"}
    await asyncio.to_thread(stores.close)
