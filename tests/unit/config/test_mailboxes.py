from pathlib import Path

import pytest

from postlude.config.mailboxes import parse_mailboxes
from postlude.model.errors import SettingError

GOOD = {"kind": "gmail", "user": "a@gmail.com", "password": "abcd efgh"}


def test_presets_and_defaults() -> None:
    gmail, other = parse_mailboxes([GOOD, {"host": "imap.example.org", "user": "b", "password": "p"}], "f")
    assert gmail.host == "imap.gmail.com"
    assert gmail.port == 993
    assert gmail.tls == "implicit"
    assert gmail.folders == ("INBOX",)
    assert gmail.oauth is False
    assert other.host == "imap.example.org"


def test_a_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("r-1\n")
    table = {"kind": "outlook", "user": "a@b.example", "oauth_client": "c"}
    (found,) = parse_mailboxes([table | {"oauth_refresh_token_file": str(tmp_path / "token")}], "f")
    assert found.oauth is True
    assert found.oauth_refresh_token == "r-1"
    assert found.oauth_url.startswith("https://login.microsoftonline.com/")


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"user": "a"}, "begin with"),
        ([{"user": "a", "password": "p"}], "host is missing"),
        ([{**GOOD, "user": ""}], "user is missing"),
        ([{"kind": "gmail", "user": "a"}], "password is missing"),
        ([{**GOOD, "oauth_client": "c"}], "belong together"),
        ([{**GOOD, "oauth_client": "c", "oauth_refresh_token": "r"}], "remove one"),
        ([{**GOOD, "tls": "none"}], "in the clear"),
        ([{**GOOD, "folder": ["INBOX"]}], "did you mean folders"),
        ([{**GOOD, "folders": "INBOX"}], "must be a list of folders"),
        ([{**GOOD, "port": 0}], "port = 0 must be"),
        ([GOOD, GOOD], "list their folders in one table"),
    ],
)
def test_doubt_stops_the_start_with_a_remedy(tables: object, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        parse_mailboxes(tables, "postlude.toml")
