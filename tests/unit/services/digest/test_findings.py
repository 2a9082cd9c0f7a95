import pytest

from mails.records import item
from postlude.feedback import Evidence, Finding, FindingKind
from postlude.model.observation import Returned
from postlude.model.words import EventKind, Verdict
from postlude.services.digest.attribution import Attribution
from postlude.services.digest.findings import (
    FindingMeaning,
    FindingSource,
    Repeats,
    apply_findings,
    call_fingerprint,
    mail_fingerprint,
    mail_identity,
)
from postlude.services.digest.item import Item, RecordOutcome

FINDING = Finding(FindingKind.REPLIED, sender="bob@example.org", subject="Re: Hello")
REPLY = Attribution(EventKind.REPLIED, 10, 1, credited=True)
LOST = Attribution(EventKind.UNMATCHED, unmatched="nothing_of_ours")
SOURCE = FindingSource(700, "smtp", 9, "bob@example.org")
MAIL = b"Message-ID: <1@x>\r\nDate: today\r\nFrom: bob\r\nReceived: here\r\n\r\nHello\r\n"


def returned(offset: int = 16) -> Item:
    return item(Returned(700, 9, "smtp", "bob@example.org", ""), offset)


def taken(*reported: FindingMeaning, repeats: Repeats | None = None) -> Item:
    read = returned()
    apply_findings(read, reported, repeats or Repeats(lambda _: 0), SOURCE)
    return read


def test_a_credited_finding_is_one_event_at_the_time_it_came() -> None:
    [event] = taken(FindingMeaning(FINDING, REPLY, b"1")).meaning.events
    assert event.kind == EventKind.REPLIED
    assert event.copy == 10
    assert event.at == 700
    assert event.verdict == Verdict.HUMAN
    assert event.facts == {"channel": "smtp"}


def test_a_credited_finding_has_the_outcome_returned() -> None:
    assert taken(FindingMeaning(FINDING, REPLY, b"1")).outcome is RecordOutcome.RETURNED


def test_what_counts_for_no_copy_waits_for_a_person() -> None:
    read = taken(FindingMeaning(FINDING, LOST, b"1"))
    assert read.outcome is RecordOutcome.UNMATCHED
    assert [one.summary for one in read.meaning.unmatched] == ["replied from bob@example.org: Re: Hello"]


@pytest.mark.parametrize("why", ["colleague", "report"])
def test_what_is_known_for_what_it_is_asks_nobody(why: str) -> None:
    assert taken(FindingMeaning(FINDING, Attribution(EventKind.UNMATCHED, unmatched=why), b"1")).meaning.unmatched == ()


def test_the_same_statement_twice_in_one_mail_counts_once() -> None:
    assert len(taken(FindingMeaning(FINDING, REPLY, b"1"), FindingMeaning(FINDING, REPLY, b"1")).meaning.events) == 1


def test_what_was_said_before_is_repeated() -> None:
    read = taken(FindingMeaning(FINDING, REPLY, b"1"), repeats=Repeats(lambda _: 4711))
    assert read.outcome == RecordOutcome.REPEATED
    assert read.meaning.events == ()
    assert read.meaning.seen == ()


def test_the_record_that_said_it_first_says_it_on_every_replay() -> None:
    repeats = Repeats(lambda _: 0)
    assert [len(taken(FindingMeaning(FINDING, REPLY, b"1"), repeats=repeats).meaning.events) for _ in range(2)] == [
        1,
        1,
    ]


def test_another_record_that_says_the_same_before_it_is_stored_is_a_repeat() -> None:
    repeats = Repeats(lambda _: 0)
    taken(FindingMeaning(FINDING, REPLY, b"1"), repeats=repeats)
    later = returned(offset=400)
    apply_findings(later, [FindingMeaning(FINDING, REPLY, b"1")], repeats, SOURCE)
    assert later.outcome is RecordOutcome.REPEATED


def test_certain_evidence_suppresses_with_its_reason() -> None:
    means = Attribution(EventKind.BOUNCED, 10, 1, Evidence.ENVELOPE_TAG, credited=True, suppress="unknown_user")
    [one] = taken(FindingMeaning(FINDING, means, b"1")).meaning.suppress
    assert one.copy == 10
    assert one.reason == "unknown_user"
    assert one.evidence == Evidence.ENVELOPE_TAG.value


def test_a_mail_is_itself_whichever_way_it_came() -> None:
    other_way = b"Received: there\nFrom: bob\nDate: today\nMessage-ID: <1@x>\n\nHello\n"
    assert mail_identity(MAIL) == mail_identity(other_way)


@pytest.mark.parametrize("other", [MAIL.replace(b"<1@x>", b"<2@x>"), MAIL.replace(b"Hello", b"Good bye")])
def test_another_mail_is_another(other: bytes) -> None:
    assert mail_identity(MAIL) != mail_identity(other)


def test_a_mail_without_ids_is_known_by_all_of_it() -> None:
    assert mail_identity(b"X: 1\n\nHello") != mail_identity(b"X: 2\n\nHello")


def test_two_recipients_of_one_report_are_two_statements() -> None:
    one, other = (Finding(FindingKind.BOUNCED, recipient=name) for name in ("bob@x", "carol@x"))
    assert mail_fingerprint(b"mail", one, LOST) != mail_fingerprint(b"mail", other, LOST)


def test_a_providers_own_id_tells_its_repeats() -> None:
    first, again = (Finding(FindingKind.BOUNCED, event_id="e1", at=at) for at in ("now", "later"))
    assert call_fingerprint("acme", first) == call_fingerprint("acme", again)


def test_two_providers_may_use_the_same_id() -> None:
    finding = Finding(FindingKind.BOUNCED, event_id="e1")
    assert call_fingerprint("acme", finding) != call_fingerprint("other", finding)
