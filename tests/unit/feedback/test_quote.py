"""The new text of a reply: everything its writer wrote, nothing that a program put around it."""

from datetime import date

import pytest

from postlude.feedback import parse
from postlude.feedback.languages import codes, of
from postlude.feedback.quote import strip_quote
from support.processor import bounded_processor_time

ATTRIBUTIONS = (
    "On Mon, 2 Apr 2012 at 18:26, Bob Example <bob@customer.test> wrote:",
    "On 2012-04-02, Bob wrote:",
    "Bob Example <bob@customer.test> wrote:",
    "At 4/2/2012 08:32 PM, you wrote:",
    "2012-04-02 18:26 GMT+02:00 Bob Example <bob@customer.test>:",
    "2012/4/2 Bob Example <bob@customer.test>",
    "Am 02.04.2012 um 18:26 schrieb Bob Example <bob@customer.test>:",
    "Bob Example <bob@customer.test> schrieb am Mo., 2. Apr. 2012, 18:26:",
    "Le lun. 2 avr. 2012 à 18:26, Bob Example <bob@customer.test> a écrit :",
    "El lun, 2 abr 2012 a las 18:26, Bob Example (<bob@customer.test>) escribió:",
    "Il giorno lun 2 apr 2012 alle ore 18:26 Bob Example <bob@customer.test> ha scritto:",
    "Op ma 2 apr. 2012 om 18:26 schreef Bob Example <bob@customer.test>:",
    "Op 2 apr. 2012, om 18:26 heeft Bob Example <bob@customer.test> het volgende geschreven:",
    "Em seg., 2 de abr. de 2012 às 18:26, Bob Example <bob@customer.test> escreveu:",
    "Den mån 2 apr. 2012 kl 18:26 skrev Bob Example <bob@customer.test>:",
    "man. 2. apr. 2012 kl. 18.26 skrev Bob Example <bob@customer.test>:",
    "ma 2. huhtik. 2012 klo 18.26 Bob Example (bob@customer.test) kirjoitti:",
    "pon., 2 kwi 2012 o 18:26 Bob Example <bob@customer.test> napisał(a):",
    "po 2. 4. 2012 v 18:26 odesílatel Bob Example <bob@customer.test> napsal:",
    "Bob Example <bob@customer.test> ezt írta (időpont: 2012. ápr. 2., H, 18:26):",
    "În lun., 2 apr. 2012 la 18:26, Bob Example <bob@customer.test> a scris:",
    "пн, 2 апр. 2012 г. в 18:26, Bob Example <bob@customer.test>:",
    "02.04.2012 18:26, Bob Example пишет:",
    "пн, 2 квіт. 2012 р. о 18:26 Bob Example <bob@customer.test> пише:",
    "Bob Example <bob@customer.test>, 2 Nis 2012 Pzt, 18:26 tarihinde şunu yazdı:",
    "Στις Δευ, 2 Απρ 2012 στις 6:26 μ.μ., ο χρήστης Bob Example <bob@customer.test> έγραψε:",
    "בתאריך יום ב׳, 2 באפר׳ 2012 ב-18:26 מאת \u202aBob Example\u202c\u200f <\u202abob@customer.test\u202c\u200f>:",
    "في الاثنين، 2 أبريل 2012 في 6:26 م تمت كتابة ما يلي بواسطة Bob Example <bob@customer.test>:",
    "Bob Example <bob@customer.test> 于2012年4月2日周一 18:26写道：",
    "2012年4月2日(月) 18:26 Bob Example <bob@customer.test>:",
    "2012년 4월 2일 (월) 오후 6:26, Bob Example <bob@customer.test>님이 작성:",
    "Vào Th 2, 2 thg 4, 2012 vào lúc 18:26 Bob Example <bob@customer.test> đã viết:",
    "---- On Mon, 02 Apr 2012 18:26:00 +0200 Bob Example <bob@customer.test> wrote ----",
)


@pytest.mark.parametrize("line", ATTRIBUTIONS)
def test_the_line_above_a_quotation_goes_with_it(line: str) -> None:
    assert strip_quote(f"Yes, please.\n\n{line}\n\n> Shall I?\n> Bob\n") == "Yes, please."


@pytest.mark.parametrize("line", [line for line in ATTRIBUTIONS if len(line) > 50])
def test_so_it_does_where_it_is_wrapped(line: str) -> None:
    cut = line.rfind(" ", 0, 50)
    text = f"Yes, please.\n\n{line[:cut]}\n{line[cut + 1 :]}\n\n> Shall I?\n"
    assert strip_quote(text) == "Yes, please."


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("On Mon, 2 Apr 2012, Bob wrote:\n> One?\nFirst.\n\n> Two?\n\nSecond.\n", "First.\n\nSecond."),
        ("See below.\nOn Mon, 2 Apr 2012, Bob wrote:\n\n> One?\nFirst.\n", "See below.\n\nFirst."),
        ("> One?\nFirst.\n> Two?\nSecond.\n", "First.\nSecond."),
        ("On Mon, 2 Apr 2012, Bob wrote:\n\n> Shall I?\n\nYes.\n-- \nAlice\n", "Yes."),
        ("On Mon, 2 Apr 2012, Bob wrote:\n\nShall I?\n\nYes, below an unmarked quotation.\n", None),
        ("Yes. On Mon, 2 Apr 2012, Bob wrote:\n> Shall I?\n", "Yes."),
    ],
)
def test_an_answer_between_or_below_the_quotation_is_kept(text: str, wanted: str | None) -> None:
    found = strip_quote(text)
    assert found == wanted if wanted is not None else "Yes, below an unmarked quotation." in found


def test_the_end_of_a_wrapped_quoted_row_is_quoted() -> None:
    long = "> This is a quoted row that some program wrapped where it should not have"
    assert strip_quote(f"Yes.\n\nOn Mon, 2 Apr 2012, Bob wrote:\n\n{long}\nbeen wrapped.\n> Bob\n") == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "On this day\n\nI wrote something\n\nwhich was very interesting.",
        "One thing: on Monday 2 April 2012 I wrote: no.\nPlease say what you think.",
        "From: the station\nTurn left, then right.",
        "To: do\nDate: open\nNothing else.",
        "Options:\n- one\n- two\n-----\nI take the first.",
        "Sent from my office yesterday were two files,\nyou have them.",
        "Agenda 2 April 2012:\n10:00 start\n12:00 end",
        "I sent bob@customer.test the file:\nhe has it.",
    ],
)
def test_prose_that_resembles_a_quotation_is_kept_whole(text: str) -> None:
    assert strip_quote(text) == text


@pytest.mark.parametrize("code", codes())
@pytest.mark.parametrize("star", ["", "*"])
def test_a_header_block_is_the_originals(code: str, star: str) -> None:
    def row(field: str, value: str) -> str:
        return f"{star}{of(code, field)[0].capitalize()}:{star} {value}"

    rows = [
        row("from", "Bob Example <bob@customer.test>"),
        row("sent", f"{date(2012, 4, 2):%d.%m.%Y} 18:26"),
        row("to", "Alice <alice@sender.test>;\n Carol <carol@sender.test>"),
        row("subject", "Offer"),
    ]
    assert (
        strip_quote("Yes, please.\n\n________________________________\n" + "\n".join(rows) + "\n\nShall I?\n")
        == "Yes, please."
    )


@pytest.mark.parametrize("code", codes())
def test_a_dividing_line_begins_the_original(code: str) -> None:
    for words in of(code, "original"):
        assert strip_quote(f"Yes.\n\n-----{words.capitalize()}-----\nShall I?\n") == "Yes.", words


@pytest.mark.parametrize("code", codes())
def test_what_programs_add_below_goes(code: str) -> None:
    for line in of(code, "sent_from"):
        added = line.replace("*", "iPhone").capitalize()
        text = f"Yes, please.\n\n{added}\n\nOn Mon, 2 Apr 2012, Bob wrote:\n> Shall I?\n"
        assert strip_quote(text) == "Yes, please.", added


@pytest.mark.parametrize(
    "signature",
    ["-- \nAlice\nSales", "--\nAlice", "—\nAlice Example\nwww.sender.test", "________________\nAlice\nSales"],
)
def test_a_signature_goes(signature: str) -> None:
    assert strip_quote(f"Yes, please.\n\n{signature}\n") == "Yes, please."


def test_a_long_text_behind_two_strokes_is_no_signature() -> None:
    rows = "\n".join(f"Point {number}." for number in range(30))
    assert strip_quote(f"Two parts.\n--\n{rows}") == f"Two parts.\n--\n{rows}"


def test_a_disclaimer_below_and_a_warning_above_go() -> None:
    text = (
        "CAUTION: This email originated from outside of the organization.\nDo not click links.\n\nYes, please.\n\n"
        "This e-mail and any attachments are confidential and intended\nsolely for the addressee.\n"
    )
    assert strip_quote(text) == "Yes, please."


def test_a_forwarded_mail_with_nothing_above_shows_what_there_is() -> None:
    headers = "From: Bob <bob@customer.test>\nDate: Mon, Apr 2, 2012\nTo: a@b.test"
    assert strip_quote(f"---------- Forwarded message ---------\n{headers}\n\nHello.") == "Hello."


HOSTILE = (
    "> a\n", "From: a@b.cc\n", "From: x\n\n", "On 1.1.2015 10:00 a@b.cc wrote:\n", "On 2015 10:10 x <\n", "a@b.cc:\n",
    "-- \n", "-----\n", "________\n", "sent from my \n\n",
    "1 2015 10:10:\n> q\n", "-----Original Message-----\n> x\n",
    "\u200b", " \n", "<div class=", '<a "', "<blockquote>", "<!--", "<style>", "<", "&amp;", "unsubscribe ",
    "[EXTERNAL] ",
    "this e-mail and any attachments\n\n", "是写道 2015:\n", "Re: ", "a@b.cc ", "<x@y>", "=?utf-8?q?a?= ",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("unit", HOSTILE)
def test_a_megabyte_made_to_be_slow_is_read_in_linear_time(unit: str, kind: str) -> None:
    large = unit * (1_000_000 // len(unit))
    long = unit.strip() * 5_000
    head = f"From: bob@x.test\nSubject: {long}\nIn-Reply-To: {long}\nContent-Type: text/{kind}"
    with bounded_processor_time():
        parse(f"{head}; charset=utf-8\n\n{large}".encode())


@pytest.mark.parametrize(
    "line",
    ["On Tuesday Alice wrote:", "Am Dienstag schrieb Alice:", "Le mardi, Alice a écrit :", "Op dinsdag schreef Alice:"],
)
def test_a_day_without_numbers_right_above_the_quotation_is_put_there_by_a_program(line: str) -> None:
    assert strip_quote(f"We take it.\n\n{line}\n> Our offer\n") == "We take it."


@pytest.mark.parametrize("line", ["On Tuesday I wrote:", "On Tuesday Alice wrote:\n\nand then we left"])
def test_what_somebody_tells_stays(line: str) -> None:
    assert "Tuesday" in strip_quote(f"Hello.\n\n{line}\n")


@pytest.mark.parametrize(
    "introduction",
    [
        "---- John Smith wrote ----",
        "On Tue, Apr 11, 2017 at 10:07 PM John Smith\n\n<\nmailto:John Smith <john@customer.example>\n> wrote:",
    ],
)
def test_introductions_that_are_drawn_or_wrapped_at_the_bracket(introduction: str) -> None:
    assert strip_quote(f"Our answer\n\n{introduction}\n\n> the offer\n") == "Our answer"


def test_marks_around_a_row_are_no_quotation() -> None:
    text = "Visit us now\n>>> >>>  http://www.customer.example <<<\nby the link above"
    assert strip_quote(text) == text


@pytest.mark.parametrize(
    "above",
    [
        "2026. jan. 5., h 14:32 időpontban Nagy Béla <bela@customer.test> ezt írta:",
        "2026. 01. 05. 14:32 keltezéssel, Nagy Béla a következőt írta:",
        "Den mån 15 jan. 2025 17:03 Anna Andersson <anna@customer.test>\nskrev:",
        "On Tue, Sep 25, 2012 at 8:59 AM, Chris\n<chris@customer.test>wrote:",
        "On Wed, Dec 9, Mister Example\n<mister@customer.test>\nwrote:",
        "雨州 <yuzhou@customer.test> 在 2026年2月29日 周六 19:47 写道：",
        "Date: Tue, 2 Oct 2012 02:35:10 +0000 From: bob@customer.test To: Smith, Ann Subject: Tell us",
        "De : Bob [bob@customer.test]\nA : Friday, 23 March 2012 5:08 p.m.\nEnvoyé: Ann\nObjet : Offer",
    ],
)
def test_what_the_fixtures_of_other_projects_have_above_a_quotation(above: str) -> None:
    """github/email_reply_parser and alfonsrv/mail-parser-reply, both MIT."""
    assert strip_quote(f"Yes, please.\n\nBob\n\n{above}\n\n> Shall I?\n") == "Yes, please.\n\nBob"


def test_prose_above_a_quoted_row_is_kept() -> None:
    text = "On 2 April 2012, Bob wrote:\n> One?\nYes, as we said.\n> Two?\nNo: never at 18:30.\n> Three?\n10 > 5\n"
    assert strip_quote(text) == "Yes, as we said.\nNo: never at 18:30.\n10 > 5"
