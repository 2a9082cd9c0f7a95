"""`postlude domain` and `postlude check` against a DNS server."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from postlude.adapters.dkim_keys import domain_name
from postlude.cli.main import cli
from postlude.model.errors import InputError, NotFoundError
from servers.dns import DnsServer, zone_of

DOMAIN = "example.org"
Run = Callable[..., Result]


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer({}).running() as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, dns: DnsServer) -> Run:
    settings = {
        "POSTLUDE_DATA": str(tmp_path / "data"),
        "POSTLUDE_DNS_SERVER": dns.address,
        "POSTLUDE_EDGE_URL": "https://t.example.org",
        "POSTLUDE_RETURN_DOMAIN": "back.example.org",
        "POSTLUDE_SERVER_NAME": "mail.example.net",
    }

    def call(*words: str, data: str = "") -> Result:
        return CliRunner().invoke(cli, words, input=data, env=settings)

    return call


def publish(run: Run, dns: DnsServer, domain: str = DOMAIN) -> None:
    """What somebody does who copies the records: the server's own addresses are there already."""
    done = run("domain", "add", domain, "--zone")
    assert done.exit_code == 0, done.output
    dns.zone = zone_of(done.stdout.splitlines()) | {("mail.example.net", "A"): ["192.0.2.1"]}
    cname = dns.zone.pop(("t.example.org", "CNAME"))
    assert cname == ["mail.example.net."]
    dns.zone["t.example.org", "A"] = ["192.0.2.1"]  # followed, as a resolver does


def states(run: Run, domain: str = DOMAIN) -> dict[str, str]:
    done = run("domain", "check", domain, "--json")
    found = {f"{each['purpose']} {each['name']}": each["state"] for each in json.loads(done.stdout)["records"]}
    assert done.exit_code == (0 if set(found.values()) == {"ok"} else 1)
    return found


def test_what_is_printed_is_what_is_checked(run: Run, dns: DnsServer, tmp_path: Path) -> None:
    publish(run, dns)
    found = states(run)
    assert set(found.values()) == {"ok"}
    assert len(found) == 6
    files = list((tmp_path / "data" / "dkim").glob("*/*.pem"))
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600, 0o600]
    assert "ok    sending domains" in run("check").stdout


def test_adding_again_changes_no_key(run: Run, tmp_path: Path) -> None:
    first = run("domain", "add", DOMAIN).stdout
    keys = {path: path.read_bytes() for path in (tmp_path / "data" / "dkim").glob("*/*.pem")}
    assert run("domain", "add", "EXAMPLE.org.").stdout == first
    assert {path: path.read_bytes() for path in keys} == keys
    assert run("domain", "list").stdout == "example.org\n"


def test_each_fault_is_named_with_its_remedy(run: Run, dns: DnsServer) -> None:
    publish(run, dns)
    rsa = next(name for name, _ in dns.zone if "r._domainkey" in name)
    ed25519 = next(name for name, _ in dns.zone if "e._domainkey" in name)
    dns.zone[rsa, "TXT"] = ['"v=DKIM1; k=rsa; p="']
    dns.zone[ed25519, "TXT"] = ['"v=DKIM1; k=ed25519; p=AAAA"']
    dns.zone["back.example.org", "TXT"] = ['"v=spf1 ip4:192.0.2.9 -all"', '"other=1"']
    dns.zone["back.example.org", "MX"] = ["10 gone.example.net."]
    del dns.zone["_dmarc.example.org", "TXT"]
    del dns.zone["t.example.org", "A"]
    reported = run("domain", "check", DOMAIN)
    assert reported.exit_code == 1
    for words in (
        "the key is revoked",
        "another key is published",
        "does not allow a:mail.example.net: make it v=spf1 ip4:192.0.2.9 a:mail.example.net -all",
        "it names gone.example.net, which has no address",
        "add a TXT record named _dmarc.example.org",
        "add a CNAME record named t.example.org",
    ):
        assert words in reported.stdout
    assert "WARN  sending domains" in run("check").stdout


def test_a_domain_above_may_speak_for_dmarc(run: Run, dns: DnsServer) -> None:
    publish(run, dns, "news.example.org")
    dns.zone["_dmarc.example.org", "TXT"] = dns.zone.pop(("_dmarc.news.example.org", "TXT"))
    assert states(run, "news.example.org")["DMARC _dmarc.news.example.org"] == "ok"


def test_dns_that_does_not_work_is_not_taken_for_missing_records(run: Run, dns: DnsServer) -> None:
    publish(run, dns)
    dns.broken = True
    assert set(states(run).values()) == {"unknown"}


def test_a_silent_dns_is_asked_once(run: Run, dns: DnsServer) -> None:
    publish(run, dns)
    dns.silent = True
    dns.questions.clear()
    assert set(states(run).values()) == {"unknown"}
    assert len(dns.questions) == 1


def test_removed_keys_are_gone(run: Run, tmp_path: Path) -> None:
    run("domain", "add", DOMAIN, "--key", "ed25519")
    assert len(list((tmp_path / "data" / "dkim").glob("*/*.pem"))) == 1
    assert run("domain", "remove", DOMAIN, data="n\n").exit_code != 0
    assert run("domain", "remove", DOMAIN, "--yes").exit_code == 0
    assert not list((tmp_path / "data" / "dkim").glob("*/*.pem"))
    gone = run("domain", "check", DOMAIN)
    assert isinstance(gone.exception, NotFoundError)
    assert str(gone.exception) == "example.org has no keys yet: postlude domain add example.org"


@pytest.mark.parametrize("name", ["", "localhost", "a@example.org", "https://example.org", "../../etc", "-x.org"])
def test_what_is_no_domain_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        domain_name(name)
