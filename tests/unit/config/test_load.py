from pathlib import Path

import pytest

from postlude.config import load
from postlude.model.errors import SettingError


def env(tmp_path: Path, **values: str) -> dict[str, str]:
    return {"POSTLUDE_DATA": str(tmp_path), **{f"POSTLUDE_{k.upper()}": v for k, v in values.items()}}


def test_defaults_are_the_sandbox_on_loopback(tmp_path: Path) -> None:
    settings = load(env(tmp_path))
    assert settings.sandbox
    assert settings.public_edge == "http://127.0.0.1:8701"
    assert settings.database == f"sqlite:///{tmp_path}/state.sqlite"
    assert settings.verp_domain == "postlude.localhost"


def test_without_a_return_domain_a_real_server_gets_the_senders_own_envelope(tmp_path: Path) -> None:
    assert load(env(tmp_path, smtp_host="mail.example.com")).verp_domain == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"edge_prot": "1"}, ["POSTLUDE_EDGE_PROT", "did you mean POSTLUDE_EDGE_PORT"]),
        ({"edge_port": "80000"}, ["POSTLUDE_EDGE_PORT", "from 0 to 65535"]),
        ({"edge_port": "8700"}, ["web_port and edge_port", "own port"]),
        ({"smtp_user": "a", "smtp_password": "b"}, ["smtp_host is not"]),
        ({"smtp_user": "a"}, ["belong together"]),
        ({"smtp_host": "m.example", "smtp_user": "a", "smtp_password": "b", "smtp_tls": "none"}, ["in the clear"]),
        ({"edge_url": "t.example.com"}, ["https://t.example.com"]),
        ({"oidc_issuer": "https://login.example"}, ["oidc_client belong together"]),
        ({"oidc_issuer": "http://login.example", "oidc_client": "a"}, ["must be https"]),
        ({"sign_in_header": "X-Forwarded-Email"}, ["sign_in_proxies belong together"]),
        ({"edge_prefixes": "a,b"}, ["different words"]),
        ({"relay_tls_cert": "/nonexistent.pem"}, ["file that exists"]),
        ({"imap_tls": "maybe"}, ["true or false"]),
        ({"edge_proxies": "10.0.0.1/8"}, ["networks like 10.0.0.0/8"]),
        ({"smtp_password": "x", "smtp_password_file": "/x"}, ["both POSTLUDE_SMTP_PASSWORD and"]),
    ],
)
def test_what_cannot_be_meant_stops_with_the_remedy(tmp_path: Path, values: dict[str, str], words: list[str]) -> None:
    with pytest.raises(SettingError) as caught:
        load(env(tmp_path, **values))
    for word in words:
        assert word in str(caught.value)


def test_a_bad_secret_is_never_printed(tmp_path: Path) -> None:
    (tmp_path / "postlude.toml").write_text('smtp_password = ["hunter2", 3]')
    with pytest.raises(SettingError) as caught:
        load(env(tmp_path))
    assert "hunter2" not in str(caught.value)


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    settings = load(env(tmp_path, smtp_host="m.example", smtp_user="a", smtp_password_file=str(secret)))
    assert settings.smtp_password == "s3cret"


def test_the_file_in_the_data_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "postlude.toml").write_text('edge_port = 9000\nimap_folders = ["INBOX", "Spam"]\nimap_tls = false\n')
    settings = load(env(tmp_path))
    assert settings.edge_port == 9000
    assert settings.imap_folders == ("INBOX", "Spam")
    assert settings.imap_tls is False


def test_two_different_values_for_one_setting_are_refused(tmp_path: Path) -> None:
    (tmp_path / "postlude.toml").write_text("edge_port = 9000\n")
    assert load(env(tmp_path, edge_port="9000")).edge_port == 9000
    with pytest.raises(SettingError, match="remove one of them"):
        load(env(tmp_path, edge_port="9001"))


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postlude.toml").write_text("egde_port = 9000\n")
    with pytest.raises(SettingError, match="did you mean edge_port"):
        load(env(tmp_path))
