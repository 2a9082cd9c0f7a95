"""Every rule for one request is explained, and has a request that it matches and one like it that it does not."""

import re
from pathlib import Path
from typing import Any

import pytest

from postlude.classify import RULES, judge
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint
from postlude.web.labels import rule_words

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "hit-rules.md").read_text()
SECTIONS = dict(re.findall(r"^## `([a-z-]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)
OLD = CHROME.replace("146.0.0.0", "42.0.2311.135") + " Edge/12.246"
NOON = 1_796_000_000_000_000
SENT = NOON - 1_000_000


def hit(agent: str = CHROME, endpoint: HitEndpoint = HitEndpoint.LINK, **changes: Any) -> Hit:
    values: dict[str, Any] = {"method": "GET", "headers": {}, "facts": {}} | changes
    return Hit(NOON, endpoint, 1, 1, 1, 0, values["method"], agent, "", values["headers"], values["facts"])


def near(network: str) -> Hit:
    return hit(facts={"network": network})


CASES = {
    "self": (hit(facts={"self": "1"}), hit(facts={"self": "0"})),
    "colleague": (hit(facts={"self": "colleague"}), hit(facts={"self": "1"})),
    "own-human": (hit(facts={"own": "human"}), hit(facts={"own": "machine"})),
    "own-machine": (hit(facts={"own": "machine"}), hit(facts={"own": "human"})),
    "own-self": (hit(facts={"own": "self"}), hit(facts={"own": "human"})),
    "own-unknown": (hit(facts={"own": "unknown"}), hit()),
    "method": (hit(method="HEAD"), hit(endpoint=HitEndpoint.UNSUBSCRIBE, method="POST")),
    "posted": (hit(endpoint=HitEndpoint.UNSUBSCRIBE, method="POST"), hit(endpoint=HitEndpoint.UNSUBSCRIBE_PAGE)),
    "purpose-header": (hit(headers={"sec-purpose": "prefetch"}), hit(headers={"sec-purpose": "navigate"})),
    "gmail-prefetch": (hit(f"{OLD} Mozilla/5.0"), hit(OLD)),
    "image-proxy": (hit("YahooMailProxy; https://help.yahoo.com/"), hit(f"{CHROME} Yahoo")),
    "apple-mpp": (hit("Mozilla/5.0", facts={"network": "apple_egress"}), hit("Mozilla/5.0")),
    "microsoft-filtering": (near("microsoft_filtering"), near("google")),
    "barracuda-filtering": (near("barracuda"), near("google")),
    "office": (hit("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.16327; Pro)"), hit()),
    "office-browser": (
        hit("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; Microsoft Outlook 16.0.1)"),
        hit("Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko"),
    ),
    "mail-service": (hit("Microsoft Exchange/15.0"), hit()),
    "gateway": (hit("Mimecast Scanner UA"), hit()),
    "preview-bot": (hit("Slackbot-LinkExpanding 1.0"), hit()),
    "headless": (hit(CHROME.replace("Chrome/", "HeadlessChrome/")), hit()),
    "http-library": (hit("python-requests/2.32.3"), hit()),
    "crawler": (hit("Mozilla/5.0 (compatible; ExampleBot/1.0; +https://bot.example/)"), hit()),
    "crawler-list": (hit("Pcore-HTTP/v0.40.3", facts={"crawler": "1"}), hit("Pcore-HTTP/v0.40.3")),
    "gateway-network": (near("mimecast"), near("google")),
    "prompt-click": (hit(), hit(endpoint=HitEndpoint.PIXEL)),
    "bare-agent": (hit("Mozilla/5.0"), hit("Mozilla/5.0 (Windows NT 10.0)")),
    "apple-egress": (near("apple_egress"), near("google")),
    "mail-client": (hit("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.6.0"), hit()),
    "empty-agent": (hit(""), hit()),
    "ancient-agent": (hit(CHROME.replace("146.0.0.0", "12.0.742.91")), hit()),
    "hosting-network": (near("hosting"), near("google")),
    "browser": (hit(), hit("curl/8.5.0")),
    "unknown-agent": (hit("something rare"), hit()),
}
"""By the id of a rule: what it matches, and what is like it and is not matched."""

IDS = [rule.id for rule in RULES]


def test_every_rule_is_tried() -> None:
    assert set(CASES) == set(IDS)


@pytest.mark.parametrize("rule", IDS)
def test_a_rule_matches_its_kind_alone(rule: str) -> None:
    matched, other = CASES[rule]
    assert rule in judge(matched, sent_at=SENT).reasons
    if rule != "prompt-click":
        assert rule not in judge(other, sent_at=SENT).reasons
        return
    assert judge(other, sent_at=SENT).reasons[0] != rule  # it speaks of links alone
    assert rule not in judge(matched, sent_at=SENT - 5_000_000).reasons


def test_every_rule_has_its_section_and_every_section_its_rule() -> None:
    assert set(SECTIONS) == set(IDS)


@pytest.mark.parametrize("rule", IDS)
def test_a_section_says_why_from_where_and_when_it_errs(rule: str) -> None:
    text = SECTIONS[rule].lower().replace("\n", " ")
    assert "why" in text
    assert "source" in text
    assert "when it errs" in text


@pytest.mark.parametrize("rule", IDS)
def test_every_rule_has_words(rule: str) -> None:
    assert rule_words(rule) != rule
