"""What DNS should say: nothing that could be copied stands for what is not known."""

from postlude.services.domains.dns_records import RecordState, Setup, check, records

UNKNOWN = Setup(tracking_host="t.example.org", return_domain="back.example.org", server="", mechanism="")
KNOWN = Setup(
    tracking_host="t.example.org",
    return_domain="back.example.org",
    server="mx.example.org",
    mechanism="a:mx.example.org",
)


def nothing(_name: str, _kind: str) -> list[str]:
    return []


def test_without_the_servers_name_the_records_that_need_it_have_no_value() -> None:
    found = {one.purpose: one.value for one in records("example.org", [], UNKNOWN)}
    assert found == {"SPF": "", "DMARC": "v=DMARC1; p=none", "tracking": "", "bounces": ""}


def test_a_record_without_a_value_is_not_known_and_says_what_to_set() -> None:
    found = {one.record.purpose: one for one in check(records("example.org", [], UNKNOWN), nothing)}
    assert found["SPF"].state is RecordState.UNKNOWN
    assert "POSTLUDE_SERVER_NAME" in found["SPF"].remedy


def test_with_the_servers_name_they_have_one() -> None:
    found = {one.purpose: one.value for one in records("example.org", [], KNOWN)}
    assert found["SPF"] == "v=spf1 a:mx.example.org ~all"
    assert found["tracking"] == "mx.example.org."
    assert found["bounces"] == "10 mx.example.org."
