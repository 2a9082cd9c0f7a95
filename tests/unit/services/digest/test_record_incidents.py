import pytest

from mails.records import hit, item
from postlude.kit.ids import id_text
from postlude.model.observation import Observation, Returned, Submitted, Webhook
from postlude.model.words import HitEndpoint, Via
from postlude.services.digest.item import Item, RecordOutcome
from postlude.services.digest.record_incidents import incidents_of

NOW = 1_764_547_200_000_000
MAIL = Submitted(NOW, 255, 7, Via.RELAY, "alice@example.org", ("bob@example.org",))
REPLY = Returned(NOW, 9, "smtp", "", "")
CALL = Webhook(NOW, "unknown", {}, b"{}")


def failed(seen: Observation, outcome: RecordOutcome, offset: int = 16) -> Item:
    read = item(seen, offset)
    read.fail(outcome, "ZeroDivisionError: a parser of ours fell over")
    return read


def test_accepted_mail_that_cannot_be_taken_in_is_told_one_by_one() -> None:
    other = Submitted(NOW, 256, 7, Via.RELAY, "alice@example.org", ("carol@example.org",))
    told = list(incidents_of([failed(MAIL, RecordOutcome.FAILED), failed(other, RecordOutcome.REFUSED)], NOW))
    assert len({one.key for one in told}) == 2
    assert "alice@example.org" in told[0].text
    assert f"{id_text(255)}.eml" in told[0].text
    assert "a parser of ours fell over" in told[0].text


@pytest.mark.parametrize("seen", [REPLY, hit(HitEndpoint.UNSUBSCRIBE)], ids=["reply", "hit"])
def test_other_records_are_told_once_a_day_and_kind(seen: Observation) -> None:
    many = [failed(seen, RecordOutcome.FAILED, offset) for offset in (16, 99)]
    told = [*incidents_of(many, NOW), *incidents_of(many, NOW + 1)]
    assert len({one.key for one in told}) == 1
    [tomorrow, _] = incidents_of(many, NOW + 86_400_000_000)
    assert tomorrow.key != told[0].key
    assert "segment 1, byte 16" in told[0].text


def test_a_record_that_is_no_observation_is_told() -> None:
    broken = failed(REPLY, RecordOutcome.UNREADABLE)
    broken.observation = None
    [told] = incidents_of([broken], NOW)
    assert "unreadable" in told.text


@pytest.mark.parametrize("outcome", [RecordOutcome.UNPROVEN, RecordOutcome.UNHANDLED, RecordOutcome.WAITING])
def test_what_strangers_send_is_told_by_nobody(outcome: RecordOutcome) -> None:
    assert list(incidents_of([failed(CALL, outcome)], NOW)) == []


def test_damaged_mail_is_told_though_it_was_taken_in() -> None:
    read = item(MAIL)
    read.outcome, read.damage = RecordOutcome.SUBMITTED, "its bytes are gone"
    [told] = incidents_of([read], NOW)
    assert told.text == "its bytes are gone"


def test_what_was_digested_is_not_told() -> None:
    read = item(MAIL)
    read.outcome = RecordOutcome.SUBMITTED
    assert list(incidents_of([read], NOW)) == []
