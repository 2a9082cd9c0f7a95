"""`postlude links` and `postlude instrument`, as a newcomer tries them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mails.written import mail, multipart, part
from postlude.cli.main import cli
from postlude.model.errors import InputError

KEY = "ab" * 32
PAGE = (
    '<p>Café</p><a href="https://x.example/?a=1&amp;b=2">Read on</a> <a href="https://shop.example/">Shop</a>'
    '<a href="mailto:a@b.example">Write\x1b[31m</a>'
)
RAW = mail(
    multipart(
        [
            part(b"see https://x.example/ now", "text/plain"),
            part(PAGE.encode(), "text/html; charset=utf-8", "base64"),
            part(b"BEGIN:VCALENDAR", "text/calendar"),
        ],
        "alternative",
    ),
    X_Postlude_Skip="shop.example",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mail.eml"
    path.write_bytes(RAW)
    return path


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], input=stdin, standalone_mode=False)


def test_links_says_what_is_tracked_and_why_not_the_others(file: Path) -> None:
    out = run("links", file).stdout
    assert "0  tracked   html  https://x.example/?a=1&b=2  Read on" in out
    assert "1  excluded  html  https://shop.example/  Shop" in out
    assert "3  text_off  text  https://x.example/" in out
    assert "opens: one pixel" in out
    assert "part 3 (text/calendar) stays as it is: calendar" in out
    assert "excluded  its host" in out


def test_a_label_cannot_command_the_terminal(file: Path) -> None:
    assert "\x1b" not in run("links", file).stdout


def test_the_switches(file: Path) -> None:
    out = run("links", file, "--text", "--no-opens", "--exclude", "x.example").stdout
    assert "0  excluded" in out
    assert "opens: no pixel" in out
    assert "tracked" not in out.partition("opens")[0]


def test_links_as_json_from_standard_input() -> None:
    found = json.loads(run("links", "-", "--json", stdin=RAW).stdout)
    assert [link["reason"] for link in found["links"]] == ["", "excluded", "scheme", "text_off"]
    assert found["skipped_parts"] == [{"path": "3", "content_type": "text/calendar", "reason": "calendar"}]
    assert found["opens"] is True


def test_instrument_writes_the_message_and_one_recipient_has_one_token(file: Path) -> None:
    outs = [
        run("instrument", file, "--key", KEY, "--base", "https://t.example", "--to", to).stdout_bytes
        for to in ("a@x.example", "a@x.example", "b@x.example")
    ]
    assert outs[0] == outs[1] != outs[2]
    assert b"X-Postlude" not in outs[0]


def test_the_diff_shows_what_a_part_says_not_how_it_is_encoded(file: Path) -> None:
    out = run("instrument", file, "--key", KEY, "--base", "https://t.example", "--diff").stdout
    assert "-X-Postlude-Skip: shop.example" in out
    assert "(part 2, text/html), tracked" in out
    assert "Café" in out
    assert "https://t.example/l/" in out
    assert "part 1" not in out


def test_json_has_all_of_it(file: Path) -> None:
    found = json.loads(run("instrument", file, "--key", KEY, "--json").stdout)
    assert set(found) == {"opens", "changed", "token", "links", "skipped_parts", "diff"}
    assert found["token"] in found["diff"]


def test_nothing_would_change(tmp_path: Path) -> None:
    path = tmp_path / "plain.eml"
    path.write_bytes(mail(part(b"words", "text/plain")))
    assert run("instrument", path, "--diff", "--key", KEY).stdout == "nothing would change\n"


def test_output_goes_to_a_file(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.eml"
    done = run("instrument", file, "--key", KEY, "-o", target)
    assert done.stdout == ""
    assert b"PHAgY" not in target.read_bytes()[:100]
    assert target.read_bytes() == run("instrument", file, "--key", KEY).stdout_bytes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--key", "zz"), "64 hexadecimal digits"),
        (("--key", "ab" * 31), "64 hexadecimal digits"),
        (("--base", "t.example"), "--base must be a web address"),
        (("--base", "https://t.example/?a"), "--base must be a web address"),
        (("--base", 'https://t.example/"'), "--base must be a web address"),
        (("--key", KEY, "-o", "/nowhere/at/all"), "cannot write /nowhere/at/all"),
    ],
)
def test_bad_options_say_what_would_do(file: Path, arguments: tuple[str, ...], words: str) -> None:
    error = run("instrument", file, *arguments).exception
    assert isinstance(error, InputError)
    assert words in str(error)


@pytest.mark.parametrize("content", [b"", b"<html>\n\nno message", b"\x00\xff" * 99, b"From: a@b.example\n"])
@pytest.mark.parametrize("command", ["links", "instrument"])
def test_what_is_no_message_is_refused(command: str, content: bytes) -> None:
    error = run(command, "-", stdin=content).exception
    assert isinstance(error, InputError)
    assert "standard input is not a message" in str(error)
