from collections.abc import Iterable

import pytest

from mails.records import hit, item, record
from postlude.model.errors import InUseError, SettingError, StorageError
from postlude.model.observation import (
    Attempt,
    AttemptStarted,
    Observation,
    Resend,
    Returned,
    Webhook,
    encode_observation,
)
from postlude.model.words import CopyStatus, EventKind, HitEndpoint, SendOutcome
from postlude.services.digest.hits import Hits
from postlude.services.digest.item import Item, RecordOutcome
from postlude.services.digest.steps import RecordSteps

ATTEMPT = Attempt(5, 1, 10, SendOutcome.ACCEPTED, 250, "", "ok", "mx", "end-of-data", 1)


class NeverSent:
    """A store that knows no hand-off."""

    def sent_times(self, _ids: Iterable[int]) -> dict[int, int]:
        return {}


def returned(read: Item, _seen: Returned) -> None:
    read.outcome = RecordOutcome.RETURNED


def fails(_read: Item, _seen: object) -> None:
    raise ZeroDivisionError("a parser of ours fell over")


def record_steps(**steps: object) -> RecordSteps:
    return RecordSteps(**({"submissions": fails, "returned": returned, "hits": Hits(NeverSent())} | steps))  # type: ignore[arg-type]  # any step


def test_a_record_that_is_no_observation_has_its_outcome_at_once() -> None:
    [read] = record_steps().decode([record(b"\xff\x00")])
    assert read.outcome == RecordOutcome.UNREADABLE
    assert read.observation is None


def test_every_kind_is_read_by_its_step() -> None:
    seen: list[Observation] = [
        hit(HitEndpoint.PIXEL),
        hit(HitEndpoint.UNSUBSCRIBE),
        ATTEMPT,
        AttemptStarted(6, (10,)),
        Resend(7, 1, 10),
        Returned(8, 9, "smtp", "", ""),
    ]
    read = record_steps()
    items = read.decode([record(encode_observation(one)) for one in seen])
    read.run(items)
    assert [one.outcome for one in items] == [
        RecordOutcome.COUNTED,
        RecordOutcome.COUNTED,
        RecordOutcome.ATTEMPTED,
        RecordOutcome.ATTEMPT_STARTED,
        RecordOutcome.RESENT,
        RecordOutcome.RETURNED,
    ]


def test_what_no_step_reads_is_unhandled() -> None:
    read = item(Webhook(1, "acme", {}, b""))
    record_steps().run([read])
    assert read.outcome is RecordOutcome.UNHANDLED


def test_a_step_that_raises_fails_its_record_and_no_other() -> None:
    items = [item(Returned(1, 9, "smtp", "", "")), item(ATTEMPT)]
    record_steps(returned=fails).run(items)
    assert [one.outcome for one in items] == [RecordOutcome.FAILED, RecordOutcome.ATTEMPTED]


def test_the_reason_names_the_error() -> None:
    read = item(Returned(1, 9, "smtp", "", ""))
    record_steps(returned=fails).run([read])
    assert read.reason == "ZeroDivisionError: a parser of ours fell over"


@pytest.mark.parametrize(
    "trouble",
    [
        StorageError("the disk is full"),
        InUseError("another process has kept the database locked for 10 s"),
        SettingError("forgotten.key is missing"),
        PermissionError(13, "Permission denied", "/data/networks"),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
def test_what_refuses_everything_is_not_the_records_fault(trouble: Exception) -> None:
    def refused(_read: Item, _seen: object) -> None:
        raise trouble

    with pytest.raises(type(trouble)):
        record_steps(returned=refused).run([item(Returned(1, 9, "smtp", "", ""))])


def test_every_steps_time_is_told_under_its_name() -> None:
    read = record_steps()
    read.run([item(ATTEMPT)])
    assert {"sent times", "attempts"} <= read.seconds.keys()


def test_a_hit_is_judged_with_the_hand_off_of_its_own_batch() -> None:
    sent = Attempt(1_000, 1, 10, SendOutcome.ACCEPTED, 250, "", "ok", "mx", "end-of-data", 1)
    early = item(hit(HitEndpoint.UNSUBSCRIBE_PAGE, at=1_001))
    record_steps().run([item(sent), early])
    [event] = early.meaning.events
    assert event.kind is EventKind.VIEWED


def test_a_resend_queues_the_copy_again() -> None:
    again = item(Resend(7, 1, 10))
    record_steps().run([again])
    assert again.meaning.resend == 10
    assert [event.kind.value for event in again.meaning.events] == [CopyStatus.QUEUED.value]
