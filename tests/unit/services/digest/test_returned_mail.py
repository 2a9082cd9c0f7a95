from collections.abc import Sequence

import pytest

from mails.records import item
from postlude.feedback import Finding, FindingKind
from postlude.model.errors import NotFoundError
from postlude.model.observation import Returned
from postlude.model.words import EventKind
from postlude.services.digest.attribution import Attribution
from postlude.services.digest.findings import Repeats
from postlude.services.digest.item import Item, RecordOutcome
from postlude.services.digest.returned_mail import ReturnedMail

FOREIGN = Attribution(EventKind.UNMATCHED, unmatched="nothing_of_ours")
OURS = Attribution(EventKind.REPLIED, 10, 1, credited=True)


class Mails(dict[int, bytes]):
    """A spool in memory."""

    def get(self, id: int) -> bytes:  # type: ignore[override]  # noqa: A002 - the spool's
        try:
            return self[id]
        except KeyError:
            raise NotFoundError("no mail is stored under that id") from None

    def delete(self, id: int) -> None:  # noqa: A002 - the spool's word
        del self[id]


def read(channel: str, means: Attribution, kind: FindingKind = FindingKind.MAIL) -> tuple[Item, Mails]:
    def parse(_raw: bytes, _returned: Returned) -> Sequence[Finding]:
        return [Finding(kind, sender="eve@example.org")]

    mails, returned = Mails({9: b"Subject: hello\n\nhello\n"}), Returned(700, 9, channel, "eve@example.org", "")
    one = item(returned)
    ReturnedMail(mails, parse, lambda _finding, _at: means, Repeats(lambda _: 0))(one, returned)
    return one, mails


def test_mail_that_is_matched_counts() -> None:
    assert read("smtp", OURS)[0].outcome is RecordOutcome.RETURNED


def test_mail_that_is_not_matched_waits_for_a_person() -> None:
    assert read("smtp", FOREIGN)[0].outcome is RecordOutcome.UNMATCHED


def test_other_peoples_mail_in_a_mailbox_is_ordinary() -> None:
    assert read("imap:alice@example.org", FOREIGN)[0].outcome is RecordOutcome.ORDINARY


def test_other_peoples_mail_is_deleted_only_afterwards() -> None:
    one, mails = read("imap:alice@example.org", FOREIGN)
    assert 9 in mails
    assert one.meaning.afterwards is not None
    one.meaning.afterwards()
    assert 9 not in mails


def test_a_bounce_in_a_mailbox_is_not_ordinary_though_nobody_knows_whose() -> None:
    assert read("imap:alice@example.org", FOREIGN, FindingKind.BOUNCED)[0].outcome is RecordOutcome.UNMATCHED


def test_mail_that_is_gone_is_an_error_of_the_record() -> None:
    returned = Returned(700, 404, "smtp", "", "")
    with pytest.raises(NotFoundError):
        ReturnedMail(Mails(), lambda _raw, _returned: [], lambda _finding, _at: FOREIGN, Repeats(lambda _: 0))(
            item(returned), returned
        )
