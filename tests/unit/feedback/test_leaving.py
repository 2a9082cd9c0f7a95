"""Who wants no more mail: said by the whole answer, or somewhere in it."""

import pytest

from postlude.feedback import FindingKind, Wish, parse
from postlude.feedback.languages import codes, of
from postlude.feedback.leaving import asks_to_leave, wishes_to_leave


def answer(text: str) -> tuple[FindingKind, Wish]:
    head = "From: Bob <bob@customer.test>\nSubject: Re: News\nIn-Reply-To: <news@sender.test>\n"
    (found,) = parse(f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n".encode())
    return found.kind, found.wish


@pytest.mark.parametrize("code", codes())
def test_a_request_alone_is_one_in_every_language(code: str) -> None:
    for words in of(code, "leave"):
        assert asks_to_leave("", f"{words.upper()}!"), words
        assert asks_to_leave("", f"{of(code, 'politeness')[0]}, {words}"), words


@pytest.mark.parametrize("code", codes())
def test_a_wish_among_other_words_is_one_in_every_language(code: str) -> None:
    for words in of(code, "leave_sentence"):
        assert wishes_to_leave(f"Hm, {words}... Bob"), words


def test_a_wish_with_a_signature_is_a_reply_that_says_so() -> None:
    assert answer("Please unsubscribe me from this list.\n\nBest,\nBob\n-- \nBob, Customer Ltd") == (
        FindingKind.REPLIED,
        Wish.LEAVE,
    )


def test_a_request_alone_unsubscribes() -> None:
    assert answer("Unsubscribe, please.") == (FindingKind.UNSUBSCRIBED, Wish.NONE)


@pytest.mark.parametrize(
    "text", ["Stop by on Friday?", "I removed the file.", "Yes please, more of that!", "The list is long."]
)
def test_other_answers_wish_nothing(text: str) -> None:
    assert answer(text) == (FindingKind.REPLIED, Wish.NONE)


@pytest.mark.parametrize(
    "text",
    [
        "Please do not unsubscribe me, I like it.",
        "No, don't take me off the list.",
        "Never remove me from your mailing list!",
        "I did not unsubscribe me, somebody else did.",
        "Por favor, no me den de baja.",
        "Non cancellatemi dalla lista.",
        "Nicht abmelden bitte",
    ],
)
def test_who_asks_not_to_be_taken_off_wishes_nothing(text: str) -> None:
    assert answer(text) == (FindingKind.REPLIED, Wish.NONE)


def test_the_footer_of_our_own_mail_below_wishes_nothing() -> None:
    assert answer("Yes, please.\n\nOn Mon, 2 Apr 2012, Alice wrote:\n> Please unsubscribe from this list here") == (
        FindingKind.REPLIED,
        Wish.NONE,
    )
