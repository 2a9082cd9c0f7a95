"""What a message's own header says of its tracking: ours, and what people bring from other services."""

import pytest

from mails.minting import track
from mails.written import mail, part
from postlude.instrument import PixelPlace, Policy, Switches, read_switches, strip_own_headers

PAGE = b'<a href="https://x.example/1">x</a><a href="https://y.example/2">y</a>'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("X-Postlude-Opens: off", {"opens": False}),
        ("x-postlude-opens: YES", {"opens": True}),
        ("X-Postlude-Clicks: no", {"clicks": False}),
        ("X-Postlude-Text: on", {"text": True}),
        ("X-Postlude-Opens: perhaps", {}),
        ("X-Postlude-Skip: x.example, 3\r\n https://y.example/a", {
            "skip": ("x.example", "https://y.example/a"), "positions": frozenset({3}),
        }),
        ("X-PM-TrackOpens: false", {"opens": False}),
        ("X-PM-TrackLinks: None", {"clicks": False, "text": False}),
        ("X-PM-TrackLinks: HtmlAndText", {"clicks": True, "text": True}),
        ("X-PM-TrackLinks: HtmlOnly", {"clicks": True, "text": False}),
        ("X-Mailgun-Track: no", {"opens": False, "clicks": False}),
        ("X-Mailgun-Track: yes\r\nX-Mailgun-Track-Clicks: no", {"opens": True, "clicks": False}),
        ("X-Mailgun-Track: no\r\nX-Mailgun-Track-Clicks: yes", {"opens": False, "clicks": False}),
        ("X-Mailgun-Track-Clicks: htmlonly", {"clicks": True, "text": False}),
        ("X-Mailgun-Track-Opens: false", {"opens": False}),
        ("X-Mailgun-Track-Pixel-Location-Top: yes", {"top": True}),
        ('X-SMTPAPI: {"filters": {"clicktrack": {"settings": {"enable": 0, "enable_text": false}}}}', {
            "clicks": False, "text": False,
        }),
        ('X-SMTPAPI: {"filters":\r\n {"opentrack": {"settings": {"enable": "1"}}}}', {"opens": True}),
        ("X-SMTPAPI: {broken", {}),
        ('X-SMTPAPI: {"filters": []}', {}),
        ("X-SMTPAPI: 1", {}),
        ("X-Postlude-Opens: on\r\nX-PM-TrackOpens: false", {"opens": True}),
        ("X-Postlude-Opens: off\r\nX-Postlude-Opens: on", {"opens": False}),
        ("Subject: X-Postlude-Opens: off", {}),
    ],
)  # fmt: skip
def test_read(line: str, expected: dict[str, object]) -> None:
    assert read_switches(line.encode() + b"\r\n\r\nX-Postlude-Clicks: off") == Switches(**expected)  # type: ignore[arg-type]


def test_they_decide_and_ours_are_removed() -> None:
    raw = mail(part(PAGE), X_Postlude_Opens="off", X_Postlude_Skip="y.example", X_PM_TrackLinks="None")
    done = track(raw)
    assert not done.opens
    assert [str(one.reason) for one in done.links] == ["clicks_off", "excluded"]
    assert done.message == strip_own_headers(raw)
    assert b"X-Postlude" not in done.message
    assert b"X-PM-TrackLinks: None" in done.message


def test_they_can_be_ignored() -> None:
    raw = mail(part(PAGE), X_Postlude_Opens="off")
    done = track(raw, Policy(headers=False))
    assert done.opens
    assert b"X-Postlude-Opens: off" in done.message


def test_on_cannot_undo_what_the_recipient_withdrew() -> None:
    raw = mail(part(PAGE), X_Postlude_Opens="on", X_Postlude_Clicks="on")
    policy = read_switches(raw).apply(Policy(withdrawn=frozenset({"opens", "clicks"})))
    assert policy.opens is False
    assert policy.clicks is False


def test_applying_twice_changes_nothing() -> None:
    reported = Switches(opens=False, top=True, skip=("x.example",), positions=frozenset({1}))
    once = reported.apply(Policy())
    assert once.pixel is PixelPlace.TOP
    assert reported.apply(once) == once


def test_folded_own_headers_are_removed_whole() -> None:
    raw = mail(part(PAGE), X_Postlude_Skip="x.example,\r\n\ty.example", Subject="kept")
    assert strip_own_headers(raw) == mail(part(PAGE), Subject="kept")


def test_a_withdrawal_holds_without_any_header() -> None:
    done = track(mail(part(PAGE)), Policy(withdrawn=frozenset({"opens", "clicks"}), headers=False))
    assert not done.opens
    assert not any(one.tracked for one in done.links)
