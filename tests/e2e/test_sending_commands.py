"""What people type around sending: users and their limits, sendmail, sending again."""

import smtplib
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.commands import POSTLUDE, Done, run
from servers.difficult import DROP
from servers.postlude import Postlude
from servers.sink import Sink
from servers.waiting import LOOPBACK, free_port, wait_for

SENDMAIL = POSTLUDE.with_name("postlude-sendmail")
RAW_MAIL = b"From: Cron <cron@host.test>\nTo: ops@customer.test\nBcc: boss@customer.test\nSubject: done\n\nAll well.\n"


def sendmail(running: Postlude, *arguments: str, given: bytes = RAW_MAIL, **settings: object) -> tuple[int, str]:
    done = run(*arguments, settings={**running.settings, **settings}, given=given, program=SENDMAIL)
    return done.code, done.out + done.err


def status_of(running: Postlude, recipient: str) -> str:
    found = running.timeline(recipient)
    copies = [copy for one in found.get("messages", []) for copy in one["message"]["copies"]]
    return next((copy["status"] for copy in copies if copy["recipient"] == recipient), "")


def test_sendmail_sends_to_the_recipients_in_the_mail(postlude: Callable[..., Postlude], sink: Sink) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    assert sendmail(running, "-t", "-oi") == (0, "")
    wait_for("both copies", lambda: sink.counts() == {"ops@customer.test": 1, "boss@customer.test": 1})
    assert not any(b"boss@" in delivery.data for delivery in sink.deliveries)


def test_sendmail_stores_while_nothing_runs_and_it_leaves_later(postlude: Callable[..., Postlude], sink: Sink) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    running.stop()
    assert sendmail(running, "-f", "cron@host.test", "late@customer.test") == (0, "")
    running.start()
    wait_for("the late copy", lambda: sink.counts()["late@customer.test"] == 1)


@pytest.mark.parametrize(
    ("option", "given"), [("-Z", RAW_MAIL), ("-t", b"From: a@b.test\n\nx\n")], ids=["unknown", "without recipients"]
)
def test_sendmail_refuses_wrong_use(tmp_path: Path, option: str, given: bytes) -> None:
    assert run(option, settings={"data": tmp_path / "data"}, given=given, program=SENDMAIL).code == 64


def test_another_account_goes_through_the_relay(postlude: Callable[..., Postlude], sink: Sink) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    user, password = running.login()
    nowhere = {**running.settings, "data": "/proc/1/x", "sendmail_user": user}

    def sent(secret: str, port: int) -> Done:
        settings = {**nowhere, "sendmail_password": secret, "relay_port": port}
        return run("-t", settings=settings, given=RAW_MAIL, program=SENDMAIL)

    port = running.ports["relay"]
    done = sent(password, port)
    assert done.code == 0, done
    wait_for("both copies", lambda: sink.counts().total() == 2)
    wrong, down = sent("wrong", port), sent(password, free_port())
    assert wrong.code == 77
    assert "535" in wrong.err
    assert down.code == 75
    assert "does not answer" in down.err


def test_users_their_passwords_senders_and_limits(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    made = running.run("user", "add", "bob@team.test", "--send-as", "*@news.team.test", "--json").json

    def attempt(sender: str, password: str = made["password"], to: int = 1) -> int:
        with smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=10) as client:
            try:
                client.login("bob@team.test", password)
                refused = client.sendmail(sender, [f"r{n}@x.test" for n in range(to)], f"From: {sender}\n\nx\n")
            except smtplib.SMTPResponseException as error:
                return error.smtp_code
            return next((code for code, _ in refused.values()), 250)

    assert attempt("bob@team.test") == 250
    assert attempt("letter@news.team.test") == 250
    assert attempt("alice@team.test") == 550
    assert running.run("user", "send-as", "bob@team.test", "alice@team.test").code == 0
    assert attempt("alice@team.test") == 250
    assert running.run("user", "send-as", "bob@team.test", "*@*").code == 2
    assert running.run("user", "limits", "bob@team.test", "--recipients-per-day", "5").code == 0
    assert attempt("bob@team.test", to=3) == 450
    listed = running.run("user", "list", "--json").json
    (bob,) = [user for user in listed if user["login"] == "bob@team.test"]
    assert bob["limits"] == {"recipients_per_day": 5}
    assert running.run("user", "revoke", "bob@team.test", "--all").code == 0
    assert attempt("bob@team.test") == 535
    new = running.run("user", "password", "bob@team.test", "--json").json["password"]
    assert attempt("bob@team.test", new) in {250, 450}
    assert running.run("user", "password", "nobody@team.test").code == 6


def test_an_indeterminate_copy_goes_again_when_it_is_told_to(postlude: Callable[..., Postlude], sink: Sink) -> None:
    sink.answer = DROP
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    sendmail(running, "ops@customer.test")
    wait_for("indeterminate", lambda: status_of(running, "ops@customer.test") == "indeterminate")
    sink.answer = ""
    assert running.run("resend", the_copy(running, "ops@customer.test")).code == 0
    wait_for("sent", lambda: status_of(running, "ops@customer.test") == "sent")
    (story,) = running.timeline("ops@customer.test")["messages"]
    reported = [entry["summary"] for entry in story["timeline"]]
    assert any("a user asked for it" in text for text in reported), reported


def test_a_copy_that_was_sent_does_not_go_again(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    sendmail(running, "ops@customer.test")
    wait_for("sent", lambda: status_of(running, "ops@customer.test") == "sent")
    again = running.run("resend", the_copy(running, "ops@customer.test"))
    assert again.code == 2
    assert "would bring it twice" in again.err
    assert running.run("resend", "0123456789abcdef").code == 6
    assert running.run("resend", "no-id").code == 2


def the_copy(running: Postlude, recipient: str) -> str:
    """The id of the recipient's only copy."""
    (story,) = running.timeline(recipient)["messages"]
    return str(story["message"]["copies"][0]["copy"])
