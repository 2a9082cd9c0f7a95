"""The `[[imap]]` tables of postlude.toml: the mailboxes that are read for what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from postlude.config.kinds import choice, host
from postlude.config.servers import LOOPBACK
from postlude.config.tables import ReferenceRow, checked_text, of_text, reference_rows, row, values_of, whole
from postlude.model.errors import SettingError

_GOOGLE_TOKENS: Final = "https://oauth2.googleapis.com/token"
_MICROSOFT_TOKENS: Final = "https://login.microsoftonline.com/common/oauth2/v2.0/token"
PRESETS: Final[Mapping[str, Mapping[str, object]]] = {
    "gmail": {"host": "imap.gmail.com", "oauth_url": _GOOGLE_TOKENS},
    "outlook": {"host": "outlook.office365.com", "oauth_url": _MICROSOFT_TOKENS},
}


def _folders(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise ValueError('must be a list of folders like ["INBOX", "Junk"]')
    return tuple(dict.fromkeys(value))


@dataclass(frozen=True, kw_only=True)
class ImapAccount:
    """One mailbox. Every field is a key of the table."""

    kind: str = row(
        of_text(choice("imap", "gmail", "outlook")), "Presets of a provider: host and where tokens are.", "imap"
    )
    host: str = row(of_text(host), "Name of the server; known for gmail and outlook.", "")
    port: int = row(whole(1, 65535), "Port: 993, or 143 without TLS.", 993)
    tls: str = row(
        of_text(choice("implicit", "none")),
        "`implicit`: TLS from the first byte, checked; `none`: loopback only.",
        "implicit",
    )
    user: str = row(checked_text, "Login, mostly the whole address.", "")
    password: str = row(checked_text, "Password or app password.", "", secret=True)
    oauth_client: str = row(checked_text, "Client id for XOAUTH2 instead of a password.", "")
    oauth_secret: str = row(checked_text, "Its client secret.", "", secret=True)
    oauth_refresh_token: str = row(checked_text, "The refresh token the account gave.", "", secret=True)
    oauth_url: str = row(checked_text, "Where access tokens are fetched; known for gmail and outlook.", "")
    folders: tuple[str, ...] = row(_folders, "Folders that are read, each over a connection of its own.", ("INBOX",))

    @property
    def oauth(self) -> bool:
        """Whether it is logged in to with XOAUTH2."""
        return bool(self.oauth_client)


def mailbox_rows() -> dict[str, tuple[ReferenceRow, object]]:
    """Every key with its meaning and default, in the order of the reference page."""
    return reference_rows(ImapAccount)


def parse_mailboxes(tables: object, source: str) -> tuple[ImapAccount, ...]:
    """The `[[imap]]` tables; SettingError names the key, its table, and what it accepts."""
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise SettingError(f"{source}: imap must be tables that begin with [[imap]]")
    found = tuple(_account(each, f"{source}: [[imap]] number {number}") for number, each in enumerate(tables, 1))
    logins = [(account.user, account.host) for account in found]
    if twice := next((login for login in logins if logins.count(login) > 1), None):
        raise SettingError(
            f"{source}: two [[imap]] tables read {twice[0]} at {twice[1]}: list their folders in one table"
        )
    return found


def _account(given: Mapping[str, object], where: str) -> ImapAccount:
    values: dict[str, Any] = values_of(given, mailbox_rows(), where)
    account = ImapAccount(**{**PRESETS.get(values.get("kind", "imap"), {}), **values})
    oauth = (account.oauth_client, account.oauth_refresh_token, account.oauth_url)
    rules = (
        (not account.host, "host is missing: name the IMAP server"),
        (not account.user, "user is missing: the login, mostly the whole address"),
        (
            any(oauth[:2]) and not all(oauth),
            "oauth_client, oauth_refresh_token and oauth_url belong together: set all or none",
        ),
        (account.oauth and bool(account.password), "password and oauth_* are both set: remove one"),
        (not account.oauth and not account.password, "password is missing: an app password, or oauth_*"),
        (
            account.tls == "none" and account.host not in LOOPBACK,
            "the login would cross the network in the clear: leave tls as it is",
        ),
    )
    for broken, remedy in rules:
        if broken:
            raise SettingError(f"{where}: {remedy}")
    return account
