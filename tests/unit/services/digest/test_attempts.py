import pytest

from postlude.journal import JournalRecord
from postlude.model.observation import Attempt, encode_observation
from postlude.model.words import SendOutcome
from postlude.services.digest.attempts import attempted
from postlude.services.digest.item import Item

SES_ID = "0102018f4b2c7a11-5f0c2d3e-000000"


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("email-smtp.eu-west-1.amazonaws.com:587", [f"{SES_ID}@eu-west-1.amazonses.com"]),
        ("email-smtp.us-east-1.amazonaws.com:465", [f"{SES_ID}@email.amazonses.com"]),
        ("mail.example.org:587", []),
    ],
)
def test_replies_to_what_ses_renamed_find_their_copy(server: str, expected: list[str]) -> None:
    seen = Attempt(5, 1, 2, SendOutcome.ACCEPTED, 250, "", f"Ok {SES_ID}", server, "end-of-data", 1, remote_id=SES_ID)
    item = Item(JournalRecord(1, 1, 0, encode_observation(seen)), seen)
    attempted(item, seen)
    assert [(alias.message_id, alias.message, alias.copy) for alias in item.meaning.aliases] == [
        (e, 1, 2) for e in expected
    ]
    assert item.meaning.attempt is not None
    assert item.meaning.attempt.remote_id == SES_ID
