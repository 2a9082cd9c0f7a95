"""How the state is: mail that waits, damage that was found, copies that may or may not have left."""

from contextlib import closing
from pathlib import Path

from postlude.kit.clock import Clock
from postlude.model.errors import PostludeError
from postlude.services.health import CheckResult, of_indeterminate, trouble
from postlude.services.integrity.sending_pause import problems
from postlude.services.messages.waiting import waiting_problem
from postlude.store import Store, is_behind, open_store


def of_state(store: Store, clock: Clock) -> list[CheckResult]:
    """What the state says of itself and of the mail in it."""
    return [
        *trouble("sending", filter(None, [waiting_problem(store, clock)]), "nothing waits for long"),
        *trouble("stored data", problems(store), "nothing was found damaged; `postlude doctor` reads all"),
        of_indeterminate(store.sending.indeterminate()),
    ]


def of_stopped_state(database: str, file: Path | None, clock: Clock, *, used: bool) -> CheckResult:
    """The first problem of a state that no app has open.

    `file` is None for PostgreSQL; `used`: mail, hits or events were stored before, so a missing file was lost.
    """
    if file is not None and not file.exists():
        if used:
            text = f"{file} is missing from a data folder that is in use: restore a backup before you start Postlude"
            return CheckResult("stored data", "problem", text)
        return CheckResult("stored data", "ok", "made at the first start")
    try:
        if is_behind(database):
            return CheckResult("stored data", "ok", "of an older version: migrated at the next start")
        with closing(open_store(database)) as store:
            found = of_state(store, clock)
    except PostludeError as error:
        return CheckResult("stored data", "problem", str(error))
    told = [check.text for check in found if check.state == "problem"]
    if told:
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        text = f"{told[0]}{more}. `postlude doctor` shows all; `--seen` marks it as read"
        return CheckResult("stored data", "problem", text)
    return CheckResult("stored data", "ok", "no damage found; `postlude doctor` verifies every checksum")
