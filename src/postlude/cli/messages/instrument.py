"""`postlude instrument`: the tracked form of a message file. The pure library: no server, no database."""

import secrets
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

import click

from postlude.cli.message_file import read_file
from postlude.cli.messages.links import links_of, parts_of
from postlude.cli.messages.part_diff import part_diff
from postlude.cli.messages.tracking_options import policy_of, with_policy
from postlude.cli.output import print_json
from postlude.instrument import instrument, is_base
from postlude.kit.ids import ID_BITS
from postlude.model.errors import InputError
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls
from postlude.tokens.keys import SECRET_BYTES


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "recipient", default="", help="The recipient of the copy; each recipient has another token.")
@click.option("--base", default="http://127.0.0.1:8701", show_default=True, help="URL pixels and links start with.")
@click.option(
    "--key", default="", help="Signing key, 64 hexadecimal digits. Default: a random key, for a preview only."
)
@with_policy
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write the message to this file instead of the terminal."
)
@click.option("--diff", "as_diff", is_flag=True, help="Print what changed, part by part, instead of the message.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print links, skipped parts and the diff as JSON instead of the message."
)
def command(  # noqa: PLR0917 - one parameter an option
    file: Path,
    recipient: str,
    base: str,
    key: str,
    output: Path | None,
    as_diff: bool,
    as_json: bool,
    **switches: Any,  # noqa: ANN401 - see tracking_options
) -> None:
    """Print FILE (- for standard input) as it would be sent, with a pixel and signed links.

    Every other byte stays the same.
    """
    raw = read_file(file)
    codec = TokenCodec(KeyRing({1: _secret(key)}, 1))
    message, copy = _ids(raw, recipient)
    urls = Urls(codec, _checked(base), Kind.MESSAGE, message)
    done = instrument(raw, policy_of(switches), urls, urls.token(copy))
    if output:
        _write(output, done.message)
    if as_json:
        print_json(
            {
                "opens": done.opens,
                "changed": done.changed,
                "token": urls.token(copy),
                "links": links_of(done.links),
                "skipped_parts": parts_of(done.skipped_parts),
                "diff": part_diff(raw, done.message, str(file)),
            }
        )
    elif as_diff:
        click.echo(part_diff(raw, done.message, str(file)) or "nothing would change")
    elif not output:
        sys.stdout.buffer.write(done.message)


def _checked(base: str) -> str:
    if not is_base(base):
        raise InputError(
            f"--base must be a web address without ? and #, such as https://mail.example.com, not {base!r}"
        )
    return base


def _write(output: Path, message: bytes) -> None:
    try:
        output.write_bytes(message)
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror}") from None


def _secret(key: str) -> bytes:
    if not key:
        click.echo("no --key given: signed with a random key, so these links do not work", err=True)
        return secrets.token_bytes(SECRET_BYTES)
    try:
        secret = bytes.fromhex(key)
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise InputError(
            f"--key must be {2 * SECRET_BYTES} hexadecimal digits, for instance from: openssl rand -hex 32"
        )
    return secret


def _ids(raw: bytes, recipient: str) -> tuple[int, int]:
    """Message and copy id from what is tracked: the same call gives the same bytes."""
    message = int.from_bytes(blake2b(raw, digest_size=8).digest()) >> (64 - ID_BITS)
    copy = int.from_bytes(blake2b(raw + recipient.encode(), digest_size=8).digest()) >> (64 - ID_BITS)
    return message or 1, copy or 1
