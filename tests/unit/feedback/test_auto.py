"""Automatic answers by several signs, in whatever language; people's and programs' other mail is none."""

from email.header import Header
from pathlib import Path

import pytest

from postlude.feedback import FindingKind, parse
from postlude.feedback.languages import codes, of
from postlude.feedback.subjects import read_absence


def kind(headers: str, text: str = "", mail_from: str = "bob@customer.test") -> FindingKind:
    raw = f"From: Bob <bob@customer.test>\nTo: alice@sender.test\n{headers}\n\n{text}\n"
    (found,) = parse(raw.encode(), mail_from=mail_from)
    return found.kind


@pytest.mark.parametrize("code", codes())
def test_a_programs_wording_decides_in_every_language(code: str) -> None:
    wordings = [f"{words.capitalize()}: Our offer" for words in of(code, "automatic")]
    assert {kind(f"Subject: {subject}") for subject in wordings} == {FindingKind.AUTORESPONDED}


@pytest.mark.parametrize("code", codes())
def test_words_of_absence_decide_in_an_answer(code: str) -> None:
    away = next(words for words in of(code, "away") if not read_absence(words).automatic)
    assert kind(f"Subject: {away}\nIn-Reply-To: <offer@sender.test>") is FindingKind.AUTORESPONDED
    assert kind(f"Subject: {away}") is FindingKind.MAIL


ABSENCES = [line.split("\t") for line in Path(__file__).with_name("absences.tsv").read_text().splitlines()]


@pytest.mark.parametrize(("code", "subject"), ABSENCES)
def test_subjects_of_absence_that_no_list_was_made_from(code: str, subject: str) -> None:
    """docs/dev/bounce-reasons.md says what the first reading came to."""
    assert code in codes()
    headers = f"Subject: {Header(subject, 'utf-8').encode()}\nIn-Reply-To: <offer@sender.test>"
    assert kind(headers, "...") is FindingKind.AUTORESPONDED


@pytest.mark.parametrize("code", codes())
def test_a_note_of_absence_with_a_null_sender_is_an_automatic_answer(code: str) -> None:
    text = of(code, "away_text")[0].capitalize()
    assert kind("Subject: Hello", f"{text} ...", mail_from="<>") is FindingKind.AUTORESPONDED


@pytest.mark.parametrize(
    "headers",
    [
        "Subject: Our offer\nX-Auto-Response-Suppress: All\nIn-Reply-To: <offer@sender.test>",
        "Subject: Our offer\nPrecedence: bulk\nReferences: <offer@sender.test>",
        "Subject: Away\nX-Loop: autoresponder@customer.test",
    ],
)
def test_weak_signs_decide_together_with_the_text(headers: str) -> None:
    assert kind(headers, "I am out of the office until Monday.") is FindingKind.AUTORESPONDED


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            "Subject: Cron <root@server> /usr/bin/backup\nX-Cron-Env: <SHELL=/bin/sh>\nAuto-Submitted: auto-generated",
            "done",
        ),
        ("Subject: Cron <root@server> run\nX-Cron-Env: <HOME=/root>\nPrecedence: bulk", "run-parts: exited 1"),
        ("Subject: Our news\nX-Loop: autoresponder@shop.test\nPrecedence: bulk", "This week: chairs."),
        (
            "Subject: Re: Our offer\nX-Auto-Response-Suppress: All\nIn-Reply-To: <offer@sender.test>",
            "I am on vacation; yes.",
        ),
        ("Subject: On vacation", "I am on vacation until Monday, come along!"),
        # a phrase of absence inside another thing, in a new thread that answers ours
        ("Subject: Out of office party on Friday\nIn-Reply-To: <offer@sender.test>", "Come along, 6 pm."),
        ("Subject: Vacation photos\nIn-Reply-To: <offer@sender.test>", "Here they are."),
        ("Subject: Annual leave policy 2027\nIn-Reply-To: <offer@sender.test>", "Please read it."),
        ("Subject: On holiday deals and how to find them\nReferences: <offer@sender.test>", "A list."),
        ("Subject: On vacation rentals\nIn-Reply-To: <offer@sender.test>", "Two questions about the flat."),
        ("Subject: Away game on Sunday\nPrecedence: bulk", "Bus at 9."),
        ("Subject: Urlaub Fotos aus Rom\nIn-Reply-To: <offer@sender.test>", "Anbei."),
        ("Subject: Im Urlaub gelesen: drei Buecher\nIn-Reply-To: <offer@sender.test>", "Anbei."),
        ("Subject: Absence de nouvelles\nIn-Reply-To: <offer@sender.test>", "Avez-vous lu notre offre ?"),
        ("Subject: Vacaciones de verano en familia\nIn-Reply-To: <offer@sender.test>", "Tres preguntas."),
        ("Subject: Ferie e permessi: nuovo modulo\nIn-Reply-To: <offer@sender.test>", "In allegato."),
        ("Subject: Auto reply feature request\nIn-Reply-To: <offer@sender.test>", "We would like one."),
        ("Subject: OOO calendar for the team\nIn-Reply-To: <offer@sender.test>", "Please enter your days."),
        ("Subject: Our offer\nIn-Reply-To: <offer@sender.test>", "I am away from Monday on, so let us talk now."),
    ],
)
def test_mail_of_programs_and_people_is_none(headers: str, text: str) -> None:
    assert kind(headers, text) in {FindingKind.MAIL, FindingKind.REPLIED}
