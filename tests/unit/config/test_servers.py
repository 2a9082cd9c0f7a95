import datetime as dt
from pathlib import Path

import pytest

from postlude.config import Settings, load
from postlude.model.errors import SettingError

SES = """
[[smtp]]
kind = "ses"
host = "email-smtp.eu-west-1.amazonaws.com"
user = "AKIA"
password_file = "{secret}"
per_second = 14
warm_up = "standard"
warm_up_from = 2026-11-25
headers = {{ "X-SES-CONFIGURATION-SET" = "main" }}
[smtp.domains]
"gmail.com" = {{ connections = 2, per_second = 5 }}
"*" = {{ connections = 10 }}

[[smtp]]
kind = "gmail"
user = "me@gmail.com"
password = "app-password"
senders = ["*@gmail.com"]
"""


def read(tmp_path: Path, text: str, **env: str) -> Settings:
    (tmp_path / "postlude.toml").write_text(text)
    return load({"POSTLUDE_DATA": str(tmp_path), **env})


def test_tables_become_servers_with_their_providers_presets(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    settings = read(tmp_path, SES.format(secret=tmp_path / "secret"))
    ses, gmail = settings.smtp_servers
    assert not settings.sandbox
    assert ses.name == "email-smtp.eu-west-1.amazonaws.com"
    assert ses.password == "hush"
    assert ses.per_second == 14
    assert ses.warm_up[:3] == (50, 100, 200)
    assert ses.warm_up_from == int(dt.datetime(2026, 11, 25, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert dict(ses.domains)["gmail.com"] == (2, 5)
    assert dict(ses.headers) == {"X-SES-CONFIGURATION-SET": "main"}
    assert gmail.host == "smtp.gmail.com"
    assert gmail.per_day == 500
    assert gmail.tls == "starttls"


def test_the_simple_form_is_one_server() -> None:
    settings = load({"POSTLUDE_SMTP_HOST": "mail.example.org", "POSTLUDE_SMTP_TLS": "required"})
    (server,) = settings.smtp_servers
    assert server.name == "mail.example.org"
    assert server.host == "mail.example.org"
    assert server.port == 587
    assert server.tls == "required"


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ('smtp = "x"', "begin with [[smtp]]"),
        ("[[smtp]]", "host is missing"),
        ('[[smtp]]\nhost = "h"\nprot = 25', "unknown key prot: did you mean port?"),
        ('[[smtp]]\nhost = "h"\nport = "25"', "port = '25' must be a whole number from 1 to 65535"),
        ('[[smtp]]\nhost = "h"\ntls = "yes"', "must be one of starttls, implicit, required, opportunistic, none"),
        ('[[smtp]]\nhost = "h"\nuser = "u"', "user and password belong together"),
        ('[[smtp]]\nhost = "h"\nuser = "u"\npassword = "geheim"\ntls = "none"', "in the clear"),
        ('[[smtp]]\nkind = "gmail"', "user is missing: the Google address"),
        ('[[smtp]]\nkind = "gmail"\nuser = "u@gmail.com"\noauth_client = "c"', "belong together"),
        ('[[smtp]]\nkind = "ses"\nhost = "mail.example.org"', "like email-smtp.eu-west-1.amazonaws.com"),
        ('[[smtp]]\nhost = "h"\nwarm_up = [100, 50]', "growing list"),
        ('[[smtp]]\nhost = "h"\nwarm_up = [50]', "warm_up and warm_up_from belong together"),
        ('[[smtp]]\nhost = "h"\nper_second = 0', "must be a number above 0"),
        ('[[smtp]]\nhost = "h"\nsenders = ["example.org"]', "list of addresses or patterns"),
        ('[[smtp]]\nhost = "h"\nheaders = { "X" = "a\\nb" }', "header fields like"),
        ('[[smtp]]\nhost = "h"\n[smtp.domains."x.org"]\nrate = 2', "unknown key rate"),
        ('[[smtp]]\nhost = "h"\npassword_file = "/nowhere"\nuser = "u"', "cannot read /nowhere"),
        ('[[smtp]]\nhost = "h"\nclient_cert = "/nowhere"', "must name a file that exists"),
        ('[[smtp]]\nhost = "h"\n[[smtp]]\nhost = "h"', "give each a `name`"),
    ],
)
def test_what_cannot_work_stops_the_start_with_the_remedy(tmp_path: Path, text: str, reported: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(tmp_path, text)
    assert reported in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_both_forms_at_once_are_ambiguous(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="use one of the two"):
        read(tmp_path, '[[smtp]]\nhost = "h"', POSTLUDE_SMTP_HOST="x")
