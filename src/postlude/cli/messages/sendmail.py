"""`postlude sendmail`, also installed as `postlude-sendmail`: takes the place of /usr/sbin/sendmail."""

import os
import pwd
import smtplib
import socket
import sys
from pathlib import Path
from typing import Final, NoReturn

import click

from postlude.cli.messages.sendmail_options import Composed, Given, compose, parse
from postlude.config import Settings, load
from postlude.kit.ids import id_text
from postlude.model.errors import InputError, PostludeError, QuotaError, SettingError, StorageError
from postlude.model.words import Via

# sysexits.h: what cron, mutt and PHP understand
EX_OK, EX_DATAERR, EX_NOUSER, EX_UNAVAILABLE, EX_SOFTWARE, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = (
    0,
    65,
    67,
    69,
    70,
    75,
    77,
    78,
)
_TIMEOUT_S: Final = 60
_TEMPORARY: Final = 500
_LOGIN: Final = frozenset({530, 535, 538})
_HELP: Final = """Usage: postlude sendmail [OPTIONS] [--] [RECIPIENT]...

  Read one message from standard input, as /usr/sbin/sendmail does.

Options:
  -t             recipients from To, Cc and Bcc; Bcc is removed
  -f, -r ADDRESS envelope sender (default: the From header, else this account)
  -F NAME        full name, where the message has no From header
  -i, -oi        a line with one dot does not end the message
  -N WORDS       delivery reports: never, or any of success,failure,delay
  -R full|hdrs   what such a report contains
  -V ID          envelope id of such a report
  -v, -B, -h, -o..., -q... and similar options are accepted and ignored

  An account that may write the data folder stores the message itself, whether or not Postlude runs. Any other
  account submits it to the relay: as POSTLUDE_SENDMAIL_USER with POSTLUDE_SENDMAIL_PASSWORD, or without a login
  where the relay trusts this machine (POSTLUDE_GATEWAY_NETWORKS).

Exit codes: 0 accepted, 64 usage, 65 bad message, 67 bad recipient, 69 refused, 75 try again later, 77 not
allowed, 78 configuration."""


class NotAcceptedError(PostludeError):
    """The relay refused the message, with its reason. The exit code shows whether to try again."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class _AsIs(click.Command):
    """Passes every argument through: sendmail's options do not follow modern rules."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.args = args
        return args

    def get_help(self, ctx: click.Context) -> str:
        del ctx
        return _HELP


def _callback() -> NoReturn:
    main(click.get_current_context().args)


command = _AsIs("sendmail", callback=_callback, add_help_option=False)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Entry point of `postlude-sendmail`; ends the process with a code of sysexits.h."""
    try:
        code, text = EX_OK, run(sys.argv[1:] if arguments is None else arguments)
    except NotAcceptedError as error:
        code, text = error.code, str(error)
    except QuotaError as error:
        code, text = EX_TEMPFAIL, str(error)
    except InputError as error:
        code, text = error.exit_code if error.exit_code > EX_OK + 2 else EX_DATAERR, str(error)
    except SettingError as error:
        code, text = EX_CONFIG, str(error)
    except StorageError as error:
        code, text = EX_TEMPFAIL, str(error)
    except PostludeError as error:
        code, text = EX_SOFTWARE, str(error)
    except KeyboardInterrupt:
        code, text = EX_TEMPFAIL, "interrupted, nothing was accepted"
    if text:
        click.echo(f"sendmail: {text}" if code else text, err=bool(code))
    sys.exit(code)


def run(arguments: list[str]) -> str:
    """Run the command line; returns the text to print on success."""
    given = parse(arguments)
    if given.help:
        return _HELP
    if given.mode not in {"m", "i"}:
        raise InputError(
            f"-b{given.mode} is not supported: `postlude relay` accepts mail, `postlude timeline` shows it"
        )
    settings = load()
    account = f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.getfqdn()}"
    composed = compose(given, sys.stdin.buffer.read(), account)
    if len(composed.raw) > settings.max_message_bytes:
        raise InputError(
            f"the message has {len(composed.raw):,} bytes, more than POSTLUDE_MAX_MESSAGE_BYTES allows "
            f"({settings.max_message_bytes:,})"
        )
    if _may_write(settings.data):
        _store(settings, given, composed)
    else:
        _submit(settings, given, composed)
    return ""


def _may_write(data: Path) -> bool:
    return os.access(data, os.W_OK | os.X_OK) and os.access(data / "keys.json", os.R_OK)


def _store(settings: Settings, given: Given, composed: Composed) -> None:
    from postlude.app.commands.stores import accept_message, open_store_of  # noqa: PLC0415 - brings the database along
    from postlude.services.messages.accept import Dsn, NewMessage  # noqa: PLC0415 - as above

    with open_store_of(settings) as store:
        user = store.accounts.user_by_address(composed.sender) or store.accounts.first_user()
    if user is None:
        raise NotAcceptedError(EX_TEMPFAIL, "there is no user yet: start `postlude up` once")
    dsn = Dsn(given.envid, given.ret, dict.fromkeys(composed.recipients, (given.notify, "")) if given.notify else {})
    message = accept_message(
        settings,
        NewMessage(
            user=user.id,
            via=Via.CLI,
            mail_from=composed.sender,
            recipients=composed.recipients,
            raw=composed.raw,
            dsn=dsn,
        ),
    )
    if os.isatty(1):
        click.echo(f"accepted as {id_text(message)}")


def _submit(settings: Settings, given: Given, composed: Composed) -> None:
    where = f"{settings.relay_host}:{settings.relay_port}"
    try:
        with smtplib.SMTP(settings.relay_host, settings.relay_port, timeout=_TIMEOUT_S) as client:
            client.ehlo()
            if client.has_extn("starttls"):
                client.starttls()  # to this machine: the certificate carries its public name
                client.ehlo()
            if settings.sendmail_user:
                client.login(settings.sendmail_user, settings.sendmail_password)
            _transact(client, given, composed)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _refused(code, text, permanent=EX_NOUSER) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error, permanent=EX_UNAVAILABLE) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotAcceptedError(
            EX_TEMPFAIL, f"the relay {where} does not answer ({error}); nothing was accepted"
        ) from error


def _transact(client: smtplib.SMTP, given: Given, composed: Composed) -> None:
    mail = [f"RET={given.ret}"] if given.ret else []
    mail += [f"ENVID={given.envid}"] if given.envid else []
    rcpt = [f"NOTIFY={given.notify}"] if given.notify else []
    if not composed.raw.isascii():
        mail.append("BODY=8BITMIME")
    if not all(address.isascii() for address in (composed.sender, *composed.recipients)):
        mail.append("SMTPUTF8")
    refused = client.sendmail(composed.sender, composed.recipients, composed.raw, mail, rcpt)
    if refused:  # the others have their copy: only a report is possible
        raise smtplib.SMTPRecipientsRefused(refused)


def _refused(code: int, text: bytes | str, *, permanent: int) -> NotAcceptedError:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if code < _TEMPORARY:
        return NotAcceptedError(EX_TEMPFAIL, f"{code} {words}")
    allowed = code not in _LOGIN and not words.startswith("5.7.")
    return NotAcceptedError(permanent if allowed else EX_NOPERM, f"{code} {words}")
