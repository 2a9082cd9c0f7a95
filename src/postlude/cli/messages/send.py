"""`postlude send`: sends a message file as one tracked copy per recipient."""

import re
import time
from pathlib import Path
from typing import Any

import click

from postlude.app.commands.stores import accept_message, open_store_of
from postlude.cli.choices import one_of
from postlude.cli.control_client import ask
from postlude.cli.message_file import no_message, read_bytes
from postlude.cli.output import print_json, print_table
from postlude.config import Settings, load
from postlude.kit.ids import id_text
from postlude.mail.header_block import HeaderBlock
from postlude.mail.limits import head_refusal
from postlude.mail.mailboxes import read_mailboxes, read_one_mailbox
from postlude.model.address import AddressError, read_mailbox
from postlude.model.errors import InputError, InUseError, NotFoundError
from postlude.model.words import MessagePurpose, Via
from postlude.services.messages.accept import NewMessage

_FINAL = {"sent", "rejected", "indeterminate", "expired", "suppressed", "deferred"}
_POLL_SECONDS = 0.2
_ON_THIS_NETWORK = re.compile(r"[^\s<>@]+@[A-Za-z0-9-]+")
"""`root@localhost`: a host without a domain is not mailed from outside, but may be known to the next mail server."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "recipients",
    multiple=True,
    help="Envelope recipient; may be repeated. Default: To, Cc and Bcc of the file.",
)
@click.option("--from", "mail_from", default="", help="Envelope sender. Default: the file's From.")
@click.option("--user", default="", help="User who sends it. Default: the first user.")
@click.option(
    "--wait", default=10.0, show_default=True, help="Seconds to wait for the mail server's answers; 0: do not wait."
)
@click.option(
    "--purpose",
    default="",
    type=one_of(MessagePurpose, or_none=True, any_case=True),
    help="What it is for, where FILE does not say so (X-Postlude-Purpose). Default: told by what mailings carry.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(  # noqa: PLR0917 - one parameter an option
    file: Path, recipients: tuple[str, ...], mail_from: str, user: str, wait: float, purpose: str, as_json: bool
) -> None:
    """Send FILE, a message with headers (.eml; - for standard input), tracked by preferences and header lines.

    Each recipient gets a copy with its own pixel and links; Bcc is shown to no recipient. The message is stored durably
    before this command ends. While `postlude up` is not running, it waits for the next start.
    """
    settings = load()
    raw = read_message(file, settings.max_message_bytes)
    if refusal := head_refusal(raw):
        raise InputError(f"{file}: {refusal}")
    head = HeaderBlock(raw)
    written = next(iter([*head.addresses("from"), *head.addresses("sender")]), "")
    sender = read_one_mailbox(mail_from).spelled if mail_from else written
    typed = [box.spelled for text in recipients for box in read_mailboxes(text)]
    to = list(dict.fromkeys(typed or [a for name in ("to", "cc", "bcc") for a in head.addresses(name)]))
    _check(file, sender, to)
    with open_store_of(settings) as store:
        owner = store.accounts.user_by_address(user) if user else store.accounts.first_user()
        if owner is None:
            raise NotFoundError(f"no user {user}" if user else "there is no user yet: start `postlude up` once")
    message = accept_message(
        settings,
        NewMessage(user=owner.id, via=Via.CLI, mail_from=sender, recipients=to, raw=raw, purpose=purpose),
    )
    outcome = _outcome(settings, id_text(message), wait)
    if as_json:
        print_json(
            {"message": id_text(message), "accepted": True, "recipients": outcome or [{"recipient": r} for r in to]}
        )
        return
    click.echo(f"accepted as {id_text(message)}, {len(to)} {'copy' if len(to) == 1 else 'copies'}")
    if outcome is None:
        click.echo("Postlude is not running on this data folder: the message will be sent at the next `postlude up`")
    else:
        print_table([[copy["recipient"], copy["status"], copy["text"]] for copy in outcome])


def read_message(file: Path, limit: int) -> bytes:
    """Return the file's bytes; InputError when it cannot be read, is not a message, or is larger than `limit` bytes."""
    raw = read_bytes(file)
    if len(raw) > limit:
        raise InputError(f"{file} has {len(raw)} bytes, more than POSTLUDE_MAX_MESSAGE_BYTES ({limit})")
    head, blank, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    if not blank or b":" not in head.split(b"\n", 1)[0]:
        raise no_message(file)
    return raw


def _check(file: Path, sender: str, recipients: list[str]) -> None:
    if not sender:
        raise InputError(f"{file} has no From address: add one, or give --from")
    if not recipients:
        raise InputError(f"{file} has no recipient in To, Cc or Bcc: add one, or give --to")
    for address in [sender, *recipients]:
        if not _ON_THIS_NETWORK.fullmatch(address):
            try:
                read_mailbox(address)
            except AddressError as error:
                raise InputError(f"{address!r}: {error}") from error


def _outcome(settings: Settings, message: str, wait: float) -> list[dict[str, Any]] | None:
    """Every copy's status, once all have an answer or `wait` seconds are over; None when nothing runs."""
    deadline = time.monotonic() + wait
    copies: list[dict[str, Any]] = []
    while True:
        try:
            answer = ask(settings, "message", id=message)
        except NotFoundError:
            answer = {"copies": []}  # accepted, but the digest has not come to it yet
        except InUseError:
            answer = {"copies": []}  # accepted, and the app that will send it is still starting
        if answer is None:
            return None
        copies = answer["copies"]
        if time.monotonic() >= deadline or (copies and all(copy["status"] in _FINAL for copy in copies)):
            return copies
        time.sleep(_POLL_SECONDS)
