"""What stands before a subject, in every language."""

import pytest

from postlude.feedback import plain_subject
from postlude.feedback.languages import codes, of
from postlude.feedback.subjects import read_absence, read_subject


@pytest.mark.parametrize("code", codes())
@pytest.mark.parametrize("colon", [":", " :", "："])
def test_every_answer_prefix_is_one(code: str, colon: str) -> None:
    for prefix in of(code, "reply"):
        for written in (prefix, prefix.upper(), prefix.capitalize()):
            read = read_subject(f"{written}{colon} Our offer")
            assert read.plain == "Our offer", written
            assert read.answers is True, written


@pytest.mark.parametrize(
    "subject",
    [
        "Re[2]: Our offer",
        "RE(3): Our offer",
        "Re^4: Our offer",
        "[EXTERNAL] Re: Our offer",
        "EXTERNAL: AW: WG: Our offer",
        "Re: [EXT] Re: our  Offer",
        "[Talk list] Re: Our offer",
        "*EXTERN* Antwort: Our offer",
        "[SUSPECTED SPAM] SV: VS: Our offer",
        "***SPAM*** Re: Our offer",
        "**[SPAM]** Re: Our offer",
        "{Spam?} AW: Our offer",
        "【社外】Re: Our offer".replace("【", "[").replace("】", "]"),
    ],
)
def test_prefixes_and_gateways_marks_come_off_in_any_order(subject: str) -> None:
    assert plain_subject(subject) == "our offer"


@pytest.mark.parametrize(
    "subject",
    ["[News] Our offer", "Offer: our prices", "Research: our offer", "Regarding: x", "12:30 at the station", "a: b: c"],
)
def test_what_belongs_to_the_subject_stays(subject: str) -> None:
    assert plain_subject(subject) == subject.lower()
    assert not read_subject(subject).answers


@pytest.mark.parametrize("code", codes())
def test_every_programs_wording_is_an_automatic_answer(code: str) -> None:
    for words in of(code, "automatic"):
        assert read_absence(f"{words.capitalize()}: Our offer").automatic, words
        assert not read_absence(f"Re: {words}: Our offer").automatic, words


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic doors for the new office",
        "auto insurance",
        "Out of stock, not out of office",
        "不在者投票について",
        "Automobile: sale",
    ],
)
def test_a_subject_that_begins_alike_is_none(subject: str) -> None:
    assert not read_absence(subject).automatic
