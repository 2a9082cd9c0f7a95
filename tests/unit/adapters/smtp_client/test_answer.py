import pytest

from postlude.adapters.smtp_client.answer import accepted, over_our_limit, refusal_answer
from postlude.model.words import SendOutcome

SES_ID = "0102018f4b2c7a11-5f0c2d3e-1c2b-4a77-9d0e-2a6b0d6f0a11-000000"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Ok {SES_ID}", SES_ID),
        ("Ok: queued as nhIMmON9SFOPcT0ii4nt2A", "nhIMmON9SFOPcT0ii4nt2A"),
        ("2.0.0 Ok: queued as 4F1B2C3D4E", "4F1B2C3D4E"),
        ("2.0.0 OK  1718000000 ffacd0b85a97d-35f1f2b3c4dsi1234567f8f.12 - gsmtp", ""),
        ("Great success", ""),
        ("OK id=1sAbCd-0001Ef-2G", "1sAbCd-0001Ef-2G"),
    ],
)
def test_the_id_a_provider_gives_is_read_from_its_answer(text: str, expected: str) -> None:
    assert accepted(250, text, "x:587").remote_id == expected


@pytest.mark.parametrize(
    ("code", "text", "outcome", "limit"),
    [
        (550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail", SendOutcome.DEFERRED, "day"),
        (550, "5.4.5 Daily sending quota exceeded.", SendOutcome.DEFERRED, "day"),
        (454, "Throttling failure: Daily message quota exceeded.", SendOutcome.DEFERRED, "day"),
        (454, "Throttling failure: Maximum sending rate exceeded.", SendOutcome.DEFERRED, "rate"),
        (421, "4.7.0 Try again later, closing connection.", SendOutcome.DEFERRED, "rate"),
        (451, "Authentication failed: Maximum credits exceeded", SendOutcome.DEFERRED, "day"),
        (552, "5.2.2 The recipient's mailbox is full: quota exceeded", SendOutcome.REJECTED, ""),
        (452, "4.2.2 The email account that you tried to reach is over quota", SendOutcome.DEFERRED, ""),
        (550, "5.1.1 unknown user", SendOutcome.REJECTED, ""),
        (450, "4.2.0 greylisted", SendOutcome.DEFERRED, ""),
    ],
)
def test_a_limit_of_the_account_is_told_from_a_word_about_the_recipient(
    code: int, text: str, outcome: SendOutcome, limit: str
) -> None:
    answer = refusal_answer(code, text, "x:587", "rcpt")
    assert answer.outcome is outcome
    assert over_our_limit(answer) == limit
