"""A list of crawlers judges what the built-in names leave unknown, and nothing else."""

import pytest

from postlude.classify import CrawlerList, bundled_crawlers, judge
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)


def test_the_bundled_list_says_when_from_where_and_under_what() -> None:
    assert bundled_crawlers().date == "2026-06-17"
    assert "monperrus" in bundled_crawlers().source
    assert bundled_crawlers().licence.startswith("MIT")
    assert len(bundled_crawlers().patterns) > 200


def test_a_crawler_that_has_no_built_in_name_is_found() -> None:
    assert bundled_crawlers().names("Mozilla/5.0 (compatible; Uptimia; www.uptimia.com)")


@pytest.mark.parametrize(
    "agent", [CHROME, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.6.0", "", "Acme"]
)
def test_others_are_left_alone(agent: str) -> None:
    assert not bundled_crawlers().names(agent)


def test_browsers_are_never_judged_by_a_list() -> None:
    assert not CrawlerList("Chrome/").names(CHROME)


def test_the_fact_makes_the_hit_a_machines() -> None:
    hit = Hit(1, HitEndpoint.LINK, 1, 1, 1, 0, "GET", "Pcore-HTTP/v0.40.3", "", {}, {"crawler": "1"})
    assert judge(hit, sent_at=None).verdict is Verdict.MACHINE
    assert judge(hit, sent_at=None).reasons[0] == "crawler-list"


def test_an_empty_list_names_none() -> None:
    assert not CrawlerList("# date: 2026-01-01\n").names("Pcore-HTTP/v0.40.3")


@pytest.mark.parametrize(
    ("text", "message"), [("ok\n[", "line 2"), (".*", "every program"), ("x" * 201, "201 characters")]
)
def test_what_is_not_a_pattern_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CrawlerList(text)
