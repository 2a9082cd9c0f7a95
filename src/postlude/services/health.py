"""How the running system is: one list of checks, for `/healthz`, `postlude check` and the web app's pages.

Who looks (`app/background/health_watch.py`) hands over what it saw; here it is decided what of it is a problem, and
what to do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from postlude.model.child_report import ChildReport
from postlude.services.jobs import duration

State = Literal["ok", "warning", "problem"]
SILENT_S: Final = 20.0
"""A process whose event loop gave no sign of life for so long is told."""
_RECENT_S: Final = 600.0
_KEEPS_ENDING: Final = 3
LOW_DISK: Final = 2 << 30
NO_DISK: Final = 200 << 20
STALE_S: Final = 20.0
"""A look that is older than this hangs: what it looks at does not answer."""


class CheckResult(NamedTuple):
    """Result of one check."""

    name: str
    state: State
    text: str
    """The finding and, for a problem, the remedy."""


@dataclass(frozen=True)
class Health:
    """The problems of the running system, as they are reported."""

    listening: tuple[tuple[str, str], ...] = ()
    """Pairs of name and address, e.g. `("relay", "127.0.0.1:8702")`."""
    lost: int = 0
    """Observations that could not be stored since the start."""
    behind: int = 0
    """Journal records the digest has not taken yet."""
    checks: tuple[CheckResult, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence each, for people."""
        return tuple(check.text for check in self.checks if check.state == "problem")

    @property
    def well(self) -> bool:
        """True when there is nothing to worry about."""
        return not self.problems


def trouble(name: str, problems: Iterable[str], well: str = "runs") -> list[CheckResult]:
    """One problem each; a single `ok` when there is none."""
    found = [CheckResult(name, "problem", text) for text in problems]
    return found or [CheckResult(name, "ok", well)]


def of_children(reports: Sequence[ChildReport]) -> list[CheckResult]:
    """Processes that do not run, give no sign of life, or had to be started again."""
    found = [result for report in reports if (result := _of_child(report))]
    return found or [CheckResult("processes", "ok", ", ".join(report.name for report in reports) + " run")]


def _of_child(report: ChildReport) -> CheckResult | None:
    name, again = report.name, f"started again in {report.next_try_s:.0f} s"
    if not report.pid:
        return CheckResult("processes", "problem", f"{name} does not run: {report.ended}. It is {again}; see the log")
    if report.silent_s > SILENT_S:
        text = f"{name} gives no sign of life for {report.silent_s:.0f} s: it will be killed and started again"
        return CheckResult("processes", "problem", text)
    if report.problem:
        return CheckResult("processes", "problem", f"{name}: {report.problem}")
    if not report.ended or report.ended_ago_s > _RECENT_S:
        return None
    text = f"{name} {report.ended} {duration(report.ended_ago_s)} ago and was started again"
    if report.restarts >= _KEEPS_ENDING:
        return CheckResult("processes", "problem", f"{text}, {report.restarts} times so far: see the log")
    return CheckResult("processes", "warning", text)


def of_disk(folder: str, free: int, alarms: Iterable[str], lost: int) -> list[CheckResult]:
    """Room in the data folder, journals that are nearly full, and what could not be stored."""
    text = f"{folder}, {free / (1 << 30):.1f} GiB free"
    found = [CheckResult("disk", "problem", alarm) for alarm in alarms]
    if lost:
        found.append(
            CheckResult("disk", "problem", f"{lost} observations could not be stored: the disk refused. Free space")
        )
    if free < NO_DISK:
        text += ": opens and clicks will be lost when it is full. Free space"
        found.append(CheckResult("disk", "problem", text))
    elif free < LOW_DISK:
        found.append(CheckResult("disk", "warning", f"{text}: free space before the journal needs it"))
    return found or [CheckResult("disk", "ok", text)]


def of_silent_app(error: str) -> CheckResult:
    """The app that cannot be asked. `error` is empty while it is not ready."""
    if not error:
        why = "is not ready: its stores are being opened, or it is started again just now"
    else:
        why = f"does not answer: {error}. It is started again when it hangs; see the log"
    return CheckResult("app", "problem", f"the app {why}")


def of_running(process: int) -> CheckResult:
    """The process that started the others; 0 when none runs."""
    text = f"postlude runs as process {process}" if process else "postlude is not running"
    return CheckResult("running", "ok", text)


def of_digest(problem: str, behind: int) -> CheckResult:
    """Whether what is journaled is digested."""
    if problem:
        return CheckResult("digest", "problem", problem)
    return CheckResult("digest", "ok", f"{behind:,} observations wait to be digested" if behind else "up to date")


def of_indeterminate(copies: int) -> CheckResult:
    """Single mails that may or may not have left: a person decides."""
    if not copies:
        return CheckResult("indeterminate copies", "ok", "none")
    text = (
        f"{copies:,} copies may or may not have left: see `postlude timeline`; `postlude resend` sends one again. "
        "They are never sent again by themselves"
    )
    return CheckResult("indeterminate copies", "warning", text)
