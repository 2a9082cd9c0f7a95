"""`postlude instrument`: the tracked form of a message file. The pure library: no server, no database."""

import difflib
import secrets
import sys
from hashlib import blake2b
from pathlib import Path

import click

from postlude.cli.links import links_of
from postlude.cli.message_file import read_file
from postlude.cli.output import print_json
from postlude.instrument import Policy, instrument
from postlude.kit.ids import ID_BITS
from postlude.model.errors import InputError
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls
from postlude.tokens.keys import SECRET_BYTES


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "recipient", default="", help="The recipient whose copy it is; another one gives another token.")
@click.option("--base", default="http://127.0.0.1:8701", show_default=True, help="URL pixels and links start with.")
@click.option("--key", default="", help="Signing key, 64 hexadecimal digits. Default: a random one, for a look only.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write the message here instead of to the terminal."
)
@click.option("--diff", "as_diff", is_flag=True, help="Print what changed, line by line, instead of the message.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the links and what changed as JSON instead of the message."
)
def command(  # noqa: PLR0917 - one parameter an option
    file: Path, recipient: str, base: str, key: str, output: Path | None, as_diff: bool, as_json: bool
) -> None:
    """Write the tracked form of FILE (- for standard input): one pixel, signed links, every other byte as it was."""
    raw = read_file(file)
    codec = TokenCodec(KeyRing({1: _secret(key)}, 1))
    message, copy = _ids(raw, recipient)
    urls = Urls(codec, base, Kind.MESSAGE, message)
    done = instrument(raw, Policy(), urls, urls.token(copy))
    if output:
        output.write_bytes(done.message)
    if as_json:
        print_json(
            {"opens": done.opens, "changed": done.changed, "token": urls.token(copy), "links": links_of(done.links)}
        )
    elif as_diff:
        click.echo(_diff(raw, done.message, str(file)))
    elif not output:
        sys.stdout.buffer.write(done.message)


def _secret(key: str) -> bytes:
    if not key:
        click.echo("no --key: signed with a random key, so these links work nowhere", err=True)
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


def _diff(before: bytes, after: bytes, name: str) -> str:
    old, new = (data.decode("utf-8", "backslashreplace").splitlines() for data in (before, after))
    return "\n".join(difflib.unified_diff(old, new, name, f"{name} (tracked)", lineterm="", n=0))
