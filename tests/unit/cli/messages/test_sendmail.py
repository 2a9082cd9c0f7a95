import pytest

from postlude.cli.messages.sendmail_options import Given, UsageError, compose, parse

ME = "cron@host.example.org"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["-t"], Given(from_headers=True)),
        (["-ti"], Given(from_headers=True, dots=True)),
        (["-t", "-oi"], Given(from_headers=True, dots=True)),
        (["-i", "-fa@x.org", "b@y.org"], Given(dots=True, sender="a@x.org", recipients=["b@y.org"])),
        (["-oem", "-oi", "-f", "a@x.org", "--", "-b"], Given(dots=True, sender="a@x.org", recipients=["-b"])),
        (["-r", "<>", "b"], Given(sender="", recipients=["b"])),
        (["-FCron Daemon", "-odi", "-oem", "root"], Given(name="Cron Daemon", recipients=["root"])),
        (["-N", "success,failure", "-R", "hdrs", "-V", "id1", "b"],
         Given(notify="SUCCESS,FAILURE", ret="HDRS", envid="id1", recipients=["b"])),
        (["-bm", "-v", "-B8BITMIME", "b"], Given(recipients=["b"])),
        (["-bs"], Given(mode="s")),
    ],
)  # fmt: skip
def test_what_programs_really_pass(line: list[str], expected: Given) -> None:
    assert parse(line) == expected


@pytest.mark.parametrize("line", [["-f"], ["-Z"], ["-tZ"]])
def test_what_nobody_understands_is_usage(line: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert caught.value.exit_code == 64


def test_recipients_come_from_the_headers_and_bcc_goes() -> None:
    raw = b"From: a@x.org\nTo: b@y.org, C <c@y.org>\nCc: d@y.org\nBcc: secret@y.org\nSubject: s\n\nbody\n"
    made = compose(parse(["-t", "b@y.org"]), raw, ME)
    assert made.sender == "a@x.org"
    assert made.recipients == ["b@y.org", "c@y.org", "d@y.org", "secret@y.org"]
    assert made.raw == b"From: a@x.org\r\nTo: b@y.org, C <c@y.org>\r\nCc: d@y.org\r\nSubject: s\r\n\r\nbody\r\n"


def test_a_dot_ends_the_message_unless_it_may_not() -> None:
    raw = b"From: a@x.org\n\none\n.\ntwo\n"
    assert compose(parse(["b@y.org"]), raw, ME).raw.endswith(b"\r\n\r\none\r\n")
    assert compose(parse(["-i", "b@y.org"]), raw, ME).raw.endswith(b"one\r\n.\r\ntwo\r\n")


def test_a_bare_text_becomes_a_mail_from_this_account_to_somebody_here() -> None:
    made = compose(parse(["-F", 'Cron "D"\r\nBcc: x@y.org', "root"]), "grün\n".encode(), ME)
    assert made.sender == ME
    assert made.recipients == ["root@host.example.org"]
    head, _, body = made.raw.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b'From: "Cron DBcc: x@y.org" <cron@host.example.org>'
    assert b"charset=utf-8" in head
    assert body == "grün\r\n".encode()


def test_a_header_without_body_is_complete() -> None:
    assert compose(parse(["b@y.org"]), b"From: a@x.org\nSubject: s\n", ME).raw == b"From: a@x.org\r\nSubject: s\r\n\r\n"


def test_the_null_sender_stays_null() -> None:
    made = compose(parse(["-f", "<>", "b@y.org"]), b"From: a@x.org\n\nx\n", ME)
    assert made.sender == ""


def test_nobody_named_is_usage() -> None:
    with pytest.raises(UsageError, match="no recipient"):
        compose(parse(["-t"]), b"From: a@x.org\n\nx\n", ME)
