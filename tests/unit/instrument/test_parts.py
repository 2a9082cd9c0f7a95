"""Whole messages: which parts are opened, which stay and why, and what text parts become."""

import pytest

from mails.minting import OTHER, link, pixel, track
from mails.unsplice import message as unsplice
from mails.written import encoded, mail, multipart, part
from postlude.instrument import PartReason, Policy

PAGE = b'<html><body><a href="https://x.example/">x</a></body></html>'
TEXT = Policy(text=True)


def reasons(raw: bytes, policy: Policy | None = None) -> list[tuple[str, str]]:
    return [(one.path, str(one.reason)) for one in track(raw, policy).skipped_parts]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("multipart/signed; protocol=x; boundary=s", PartReason.SIGNED),
        ("multipart/encrypted; boundary=s", PartReason.ENCRYPTED),
        ("application/pkcs7-mime; smime-type=signed-data", PartReason.SMIME),
        ("application/x-pkcs7-mime", PartReason.SMIME),
        ("application/pgp-encrypted", PartReason.PGP),
        ("text/calendar; method=REQUEST", PartReason.CALENDAR),
        ("message/rfc822", PartReason.MESSAGE),
        ("message/delivery-status", PartReason.MESSAGE),
        ("multipart/mixed", PartReason.BROKEN_MULTIPART),
        ("multipart/mixed; boundary=absent", PartReason.BROKEN_MULTIPART),
    ],
)
def test_closed_parts_stay_and_say_why(kind: str, reason: PartReason) -> None:
    closed = part(b"--s\r\nContent-Type: text/html\r\n\r\n" + PAGE + b"\r\n--s--\r\n", kind)
    whole = mail(closed)
    assert track(whole).message == whole
    assert ("1", str(reason)) in reasons(whole)
    among = mail(multipart([part(PAGE), closed]))
    done = track(among)
    assert done.opens
    assert closed in done.message
    assert ("2", str(reason)) in reasons(among)


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        (part(PAGE, encoding="x-uuencode"), PartReason.UNKNOWN_ENCODING),
        (part(PAGE, Content_Disposition="attachment; filename=a.html"), PartReason.ATTACHMENT),
        (b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGE!!!\r\n", PartReason.BROKEN_ENCODING),
        (part(PAGE, "text/html; charset=utf-16"), PartReason.UNSUPPORTED_CHARSET),
        (part(PAGE, "text/html; charset=iso-2022-jp"), PartReason.UNSUPPORTED_CHARSET),
        (part(PAGE, "text/html; charset=UTF-7"), PartReason.UNSUPPORTED_CHARSET),
        (part(PAGE, "text/html; charset=hz-gb-2312"), PartReason.UNSUPPORTED_CHARSET),
        (part(b'\x1b$B$"\x1b(B' + PAGE, "text/html"), PartReason.UNSUPPORTED_CHARSET),
        (part(b"-----BEGIN PGP MESSAGE-----\r\n\r\nhttps://x.example/\r\n", "text/plain"), PartReason.PGP),
    ],
)
def test_parts_that_cannot_be_read(entity: bytes, reason: PartReason) -> None:
    raw = mail(entity)
    assert track(raw, TEXT).message == raw
    assert ("1", str(reason)) in reasons(raw, TEXT)


def test_a_message_without_headers_stays() -> None:
    assert reasons(b"just words\r\n\r\n" + PAGE) == [("", "no_headers")]
    assert reasons(b"From: a@b.example\r\n") == [("", "no_headers")]
    assert reasons(b"") == [("", "no_headers")]


@pytest.mark.parametrize(
    ("author", "signer", "held", "closed"),
    [
        ("a@sender.example", "sender.example", (), True),
        ("a@news.sender.example", "sender.example", (), True),
        ("Ä <a@SENDER.example>", "Sender.example", (), True),
        ("a@sender.example", "sender.example", ("sender.example",), False),
        ("a@sender.example", "provider.example", (), False),
        ("a@sender.example", "nder.example", (), False),
    ],
)
def test_signed_by_its_own_domain(author: str, signer: str, held: tuple[str, ...], *, closed: bool) -> None:
    raw = mail(part(PAGE), From=author, DKIM_Signature=f"v=1; a=rsa-sha256;\r\n d={signer}; s=x; b=AA")
    policy = Policy(signing_domains=held)
    assert (track(raw, policy).message == raw) == closed
    assert (("", "dkim_signed") in reasons(raw, policy)) == closed


@pytest.mark.parametrize(("fields", "removed"), [("from:to", True), ("from: X-Postlude-Opens :to", False)])
def test_our_header_lines_leave_a_signed_message_unless_the_signature_covers_them(
    fields: str, *, removed: bool
) -> None:
    signature = f"v=1; a=rsa-sha256; d=sender.example; s=x;\r\n h={fields}; b=AA"
    raw = mail(part(PAGE), X_Postlude_Opens="off", DKIM_Signature=signature)
    done = track(raw)
    assert done.skipped_parts[0].reason is PartReason.DKIM_SIGNED
    assert done.message == (raw.replace(b"X-Postlude-Opens: off\r\n", b"") if removed else raw)


def test_no_html_part_stays_untracked_or_gets_links_only() -> None:
    raw = mail(part(b"see https://x.example/ now", "text/plain"))
    assert track(raw).message == raw
    assert reasons(raw) == [("", "no_html")]
    done = track(raw, TEXT)
    assert not done.opens
    assert link(0, "https://x.example/").encode() in done.message


def test_links_of_the_html_part_come_first() -> None:
    parts = [part(b"https://x.example/t", "text/plain"), part(b'<a amp href="https://x.example/a">', "text/x-amp-html")]
    done = track(mail(multipart([*parts, part(PAGE)], "alternative")), TEXT)
    assert [(one.position, one.where, one.tracked) for one in done.links] == [
        (0, "html", True), (1, "amp", True), (2, "text", True),
    ]  # fmt: skip
    assert done.message.count(pixel().encode()) == 1


def test_amp_has_links_and_no_pixel() -> None:
    amp = b'<!doctype html><html amp4email><body><a href="https://x.example/">x</a></body></html>'
    done = track(mail(part(amp, "text/x-amp-html")))
    assert [one.where for one in done.links] == ["amp"]
    assert not done.opens
    assert b"<img" not in done.message


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see https://x.example/a, and", "https://x.example/a"),
        ("see https://x.example/a.", "https://x.example/a"),
        ("(https://x.example/a)", "https://x.example/a"),
        ("https://x.example/a_(b)", "https://x.example/a_(b)"),
        ("(https://x.example/a_(b))", "https://x.example/a_(b)"),
        ("<https://x.example/a>", "https://x.example/a"),
        ("[https://x.example/a]", "https://x.example/a"),
        ("*https://x.example/a*", "https://x.example/a"),
        ('"https://x.example/a"', "https://x.example/a"),
        ("https://x.example/a?b=1&amp;c", "https://x.example/a?b=1&amp;c"),
        ("https://x.example/ä»", "https://x.example/ä"),
        ("https://x.example/a…", "https://x.example/a"),
        ("https://x.example/a!?", "https://x.example/a"),
        ("HTTPS://x.example/a;", "HTTPS://x.example/a"),
        ("Confirm: https://x.example/f/AbC123~~/dEf4~", "https://x.example/f/AbC123~~/dEf4~"),
        ("https://x.example/a_b_ is it", "https://x.example/a_b_"),
        ("_https://x.example/a_", "https://x.example/a"),
        ("~~https://x.example/a~~", "https://x.example/a"),
        ("**_https://x.example/a_**.", "https://x.example/a"),
        ("<https://x.example/a_b_>", "https://x.example/a_b_"),
        ("<https://x.example/a.>", "https://x.example/a."),
        ("<https://x.example/(a)).,;:!?'*_~>", "https://x.example/(a)).,;:!?'*_~"),
        ("<https://x.example/a»…>", "https://x.example/a»…"),
        ("<URL:https://x.example/a.>", "https://x.example/a."),
        ("> <https://x.example/a.>", "https://x.example/a."),
        ("<https://x.example/a. and>", "https://x.example/a"),
        ("[https://x.example/a][X]", "https://x.example/a"),
        ("[label](https://x.example/a)[2]", "https://x.example/a"),
        ("(see https://x.example/a),then", "https://x.example/a"),
        ("(see https://x.example/a_(b_(c))),then", "https://x.example/a_(b_(c))"),
        ("https://x.example/a)b", "https://x.example/a)b"),
        ("(one line\r\nhttps://x.example/a)b", "https://x.example/a)b"),
        ("https://x.example/a}", "https://x.example/a"),
        ("'https://x.example/a','b'", "https://x.example/a"),
        ("`https://x.example/a`.", "https://x.example/a"),
        ("|https://x.example/a|b|", "https://x.example/a"),
        ('{\\"url\\": \\"https://x.example/a\\"}', "https://x.example/a"),
        ("https://[2001:db8::1]/a]", "https://[2001:db8::1]/a"),
        ("https://x.example/func()", "https://x.example/func()"),
        ("https://x.example/a/b/...", "https://x.example/a/b/"),
        ("日本語https://x.example/パス?q=東京。次の文", "https://x.example/パス?q=東京"),
    ],
)
def test_urls_in_plain_text(text: str, url: str) -> None:
    raw = mail(part(text.encode(), "text/plain; charset=utf-8"))
    done = track(raw, TEXT)
    assert [one.url for one in done.links] == [url]
    assert done.message == raw.replace(url.encode(), link(0, url).encode())


@pytest.mark.parametrize("between", ["\r\n", "\r\n> ", "\r\n  "])
def test_a_url_in_angle_brackets_that_goes_on_in_the_next_line_stays_whole(between: str) -> None:
    raw = mail(part(f"> see <https://x.example/a{between}b?c>, and".encode(), "text/plain"))
    done = track(raw, TEXT)
    assert [(one.url, str(one.reason)) for one in done.links] == [("https://x.example/ab?c", "wrapped")]
    assert done.message == raw


def test_plain_text_is_off_by_default_and_reported() -> None:
    done = track(mail(part(b"https://x.example/", "text/plain")))
    assert [(one.tracked, str(one.reason)) for one in done.links] == [(False, "text_off")]


def test_no_track_scheme_in_plain_text() -> None:
    raw = mail(part(b"see https+notrack://x.example/a.", "text/plain"))
    done = track(raw, TEXT)
    assert [(one.url, str(one.reason)) for one in done.links] == [("https://x.example/a", "opted_out")]
    assert done.message == raw.replace(b"+notrack", b"")


def test_quoted_history_in_plain_text() -> None:
    old = link(1, "https://x.example/?a=1", OTHER)
    raw = mail(part(f"> see <{old}>\r\n> [{pixel(OTHER)}] <{pixel(OTHER)}> {pixel(OTHER)}!".encode(), "text/plain"))
    done = track(raw, Policy(clicks=False, opens=False))
    assert done.message == mail(part(b"> see <https://x.example/?a=1>\r\n>   !", "text/plain"))
    assert [(one.url, str(one.reason)) for one in done.links] == [("https://x.example/?a=1", "quoted")]


def test_quoted_history_in_every_part_and_encoding() -> None:
    quoted = (
        f'<blockquote><a href="{link(1, "https://x.example/", OTHER)}">x</a><img src="{pixel(OTHER)}"></blockquote>'
    )
    clean = b'<blockquote><a href="https://x.example/">x</a></blockquote>'
    for encoding in ("8bit", "base64"):
        raw = mail(part(quoted.encode(), encoding=encoding))
        done = track(raw, Policy(opens=False))
        assert done.message.partition(b"\r\n\r\n")[2].split() == encoded(clean, encoding).split()


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_each_part_keeps_its_charset_and_encoding(encoding: str) -> None:
    for charset in ("utf-8", "iso-8859-1", "shift_jis", "big5", "gb18030", "koi8-r", "euc-kr"):
        text = {"shift_jis": "表示能力", "big5": "功能許", "koi8-r": "слово", "euc-kr": "한국"}.get(charset, "café")
        if charset == "gb18030":
            text = "语言"
        page = f'<p>{text}</p><a href="https://x.example/">{text}</a>'.encode(charset)
        raw = mail(part(page, f"text/html; charset={charset}", encoding))
        done = track(raw)
        assert [(one.tracked, one.label) for one in done.links] == [(True, text)]
        assert unsplice(raw, done.message) == raw


def test_an_undeclared_charset_is_read_from_the_page() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=shift_jis"><a href="https://x.example/">表</a>'
    done = track(mail(part(page.encode("shift_jis"), "text/html")))
    assert done.links[0].label == "表"


def test_a_charset_said_behind_a_link_is_not_pushed_out_of_sight_by_tracking_it() -> None:
    page = b'<a href="https://x.example/">x</a>' + b" " * 900 + b'<meta charset=iso-2022-jp><a href="/y">y</a>'
    once = track(mail(part(page, "text/html")))
    assert [one.tracked for one in once.links] == [True, False]
    assert track(once.message).message == once.message


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_long_lines_are_broken_inside_tags_only(newline: bytes) -> None:
    cells = b"".join(b'<td>%d</td><a class="c" href="https://x.example/%d">x</a>' % (n, n) for n in range(17))
    raw = mail(part(b"<table>" + cells + b"</table>", newline=newline), newline)
    assert max(map(len, raw.split(newline))) <= 998
    done = track(raw)
    assert all(one.tracked for one in done.links)
    assert max(map(len, done.message.split(newline))) <= 998
    assert unsplice(raw, done.message) == raw


def test_a_url_that_cannot_fit_a_line_of_an_unencoded_part() -> None:
    url = b"https://x.example/" + b"a" * 900
    for encoding, tracked in (("8bit", False), ("quoted-printable", True), ("base64", True)):
        done = track(mail(part(b'<a href="' + url + b'">x</a>', encoding=encoding)))
        assert [one.tracked for one in done.links] == [tracked]


@pytest.mark.parametrize(
    "raw",
    [
        mail(part(PAGE)).replace(b"\r\n", b"\n"),
        mail(multipart([part(PAGE)], closed=False)),
        mail(part(PAGE), Subject="\xe4\xf6\xfc"),
        mail(part(PAGE, "text/html; charset=x-unknown")),
        b"From alice Mon Jan 1\n" + mail(part(PAGE)),
        mail(part(PAGE)).replace(b"\r\n", b"\n").replace(b"\n\n", b"\r\n\r\n"),
        mail(multipart([multipart([part(PAGE)], "alternative", "b2")], boundary="b")),
        mail(multipart([part(PAGE)])).replace(b"--b1--\r\n", b"--b1-- \t\r\n"),
        mail(part(PAGE).replace(b"Content-Type:", b"content-TYPE :")),
        mail(multipart([part(PAGE)])).replace(b'boundary="b1"', b"boundary=b1 (a comment)"),
    ],
)
def test_odd_messages_are_tracked_and_keep_every_byte(raw: bytes) -> None:
    done = track(raw)
    assert done.opens
    assert [one.tracked for one in done.links] == [True]
    assert unsplice(raw, done.message) == raw


def test_too_many_parts() -> None:
    raw = mail(multipart([b"\r\nx"] * 6000))
    assert track(raw).message == raw
    assert ("1", "too_many_parts") in reasons(raw)


def test_too_deep() -> None:
    entity = part(PAGE)
    for level in range(40):
        entity = multipart([entity], boundary=f"b{level}x")
    assert any(reason == "too_deep" for _, reason in reasons(mail(entity)))
