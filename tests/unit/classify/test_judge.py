from typing import Any

import pytest

from postlude.classify import RULES, RULES_VERSION, Confidence, judge, network_facts
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

NOON = 1_700_000_000_000_000
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)
GMAIL_PREFETCH = CHROME.replace("146.0.0.0", "42.0.2311.135") + " Edge/12.246 Mozilla/5.0"
GMAIL_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.16327; Pro)"
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0"


def hit(user_agent: str, endpoint: HitEndpoint = HitEndpoint.LINK, **changes: Any) -> Hit:
    values: dict[str, Any] = {"method": "GET", "headers": {}, "facts": {}, "at": NOON} | changes
    return Hit(endpoint=endpoint, kind=1, message=1, copy=1, position=0, address="", user_agent=user_agent, **values)


@pytest.mark.parametrize(
    ("seen", "verdict", "reason", "client"),
    [
        (hit(CHROME), Verdict.HUMAN, "browser", "Chrome"),
        (hit(CHROME, HitEndpoint.PIXEL), Verdict.HUMAN, "browser", "Chrome"),
        (hit(THUNDERBIRD, HitEndpoint.PIXEL), Verdict.HUMAN, "mail-client", "Thunderbird"),
        (hit(CHROME, method="HEAD"), Verdict.MACHINE, "method", "Chrome"),
        (hit(CHROME, method="POST"), Verdict.MACHINE, "method", "Chrome"),
        (hit("", HitEndpoint.UNSUBSCRIBE, method="POST"), Verdict.HUMAN, "posted", ""),
        (hit(CHROME, headers={"sec-purpose": "prefetch;prerender"}), Verdict.MACHINE, "purpose-header", "Chrome"),
        (hit(CHROME, HitEndpoint.PIXEL, facts={"self": "1"}), Verdict.SELF, "self", "Chrome"),
        (hit(GMAIL_PREFETCH, HitEndpoint.PIXEL), Verdict.MACHINE, "gmail-prefetch", "Gmail"),
        (hit(GMAIL_PREFETCH), Verdict.MACHINE_SUSPECTED, "gmail-prefetch", "Gmail"),
        (hit(GMAIL_PROXY, HitEndpoint.PIXEL), Verdict.HUMAN_PROXIED, "image-proxy", "Gmail"),
        (hit("Mozilla/5.0", HitEndpoint.PIXEL, facts={"network": "apple_egress"}), Verdict.UNKNOWN, "apple-mpp", ""),
        (hit("Mozilla/5.0", facts={"network": "apple_egress"}), Verdict.MACHINE, "apple-mpp", ""),
        (hit("Mozilla/5.0", HitEndpoint.PIXEL), Verdict.UNKNOWN, "bare-agent", ""),
        (hit(CHROME, facts={"network": "apple_egress"}), Verdict.HUMAN, "browser", "Chrome"),
        (hit(CHROME, facts={"network": "microsoft_filtering"}), Verdict.MACHINE, "microsoft-filtering", "Chrome"),
        (hit(OUTLOOK, HitEndpoint.PIXEL), Verdict.HUMAN, "office", "Outlook"),
        (hit(OUTLOOK), Verdict.MACHINE, "office", "Outlook"),
        (hit("", HitEndpoint.PIXEL), Verdict.UNKNOWN, "empty-agent", ""),
        (hit(""), Verdict.MACHINE_SUSPECTED, "empty-agent", ""),
        (hit("curl/8.4.0"), Verdict.MACHINE, "http-library", ""),
        (hit("Mimecast Scanner UA"), Verdict.MACHINE, "gateway", ""),
        (hit("something nobody heard of"), Verdict.UNKNOWN, "unknown-agent", ""),
    ],
)
def test_one_request_alone(seen: Hit, verdict: Verdict, reason: str, client: str) -> None:
    judgement = judge(seen, sent_at=None)
    assert judgement.verdict == verdict
    assert judgement.reasons[0] == reason
    assert judgement.client == client


def test_a_prompt_click_is_suspected_and_never_called_a_machine() -> None:
    assert judge(hit(CHROME), sent_at=NOON - 1_000_000).verdict is Verdict.MACHINE_SUSPECTED
    assert judge(hit(CHROME), sent_at=NOON - 3_000_000).verdict is Verdict.HUMAN
    assert judge(hit(CHROME, HitEndpoint.PIXEL), sent_at=NOON - 1_000_000).verdict is Verdict.HUMAN


def test_gateway_networks_are_suspected_only_near_delivery() -> None:
    seen = hit(CHROME, facts={"network": "proofpoint"})
    assert judge(seen, sent_at=NOON - 60_000_000).verdict is Verdict.MACHINE_SUSPECTED
    assert judge(seen, sent_at=NOON - 3_600_000_000).verdict is Verdict.HUMAN


def test_weak_reasons_are_recorded_and_do_not_decide() -> None:
    old = judge(hit("Mozilla/5.0 (Windows; U; Windows NT 5.1) Gecko/20080702 Firefox/2.0.0.16"), sent_at=None)
    assert old.verdict is Verdict.HUMAN
    assert "ancient-agent" in old.reasons


def test_every_rule_has_its_own_id_and_only_weak_ones_are_silent() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert all((rule.on_open or rule.on_click) or rule.confidence is Confidence.WEAK for rule in RULES)
    assert RULES_VERSION >= 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("66.249.84.1", "google"),
        ("::ffff:66.249.84.1", "google"),
        ("104.28.30.11", "apple_egress"),
        ("40.107.235.10", "microsoft_filtering"),
        ("64.235.150.1", "barracuda"),
        ("192.0.2.1", None),
        ("0.0.0.1", None),
        ("255.255.255.255", None),
        ("not an address", None),
        ("", None),
    ],
)
def test_networks(address: str, network: str | None) -> None:
    assert network_facts(address).get("network") == network
