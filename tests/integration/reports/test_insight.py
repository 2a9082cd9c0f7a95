"""What people respond to, through the store, the command line and files."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from postlude.cli.main import cli
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_text
from postlude.services.reports.insight import (
    SETTLED_US,
    ResponseKind,
    certainty_words,
    content_insight,
    insight_table,
    trait_words,
    traits_of,
)
from postlude.store import MessageContent, Store, open_store
from support.past_campaigns import HOUR_US, past_campaign

MONDAY_MORNING_US = 1_700_472_600_000_000  # 2023-11-20 09:30 UTC
LOOK = MessageContent(
    words=120, links=3, images=0, designed=True, question=False, emoji=True, personalised=False, attachments=("PDF",)
)  # fmt: skip


def _fill(store: Store, user: int, at: int = 10 * 24 * HOUR_US) -> None:
    """Of twenty campaigns every second one is about prices, and clicked twice as often."""
    for number in range(20):
        about = ("Prices",) if number % 2 else ()
        done = {"opened": 90, "clicked": 40 if number % 2 else 20, "replied": 2}
        past_campaign(store, user, f"News {number}", at + number * HOUR_US, 200, done, LOOK, topics=about)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSTLUDE_DATA", str(tmp_path))
    with closing(open_store(f"sqlite:///{tmp_path / 'state.sqlite'}")) as store:
        _fill(store, store.accounts.create_user("alice@example.org", created_at=1).id)
    return tmp_path


def _run(*words: str) -> str:
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_a_topic_that_is_clicked_more_is_found(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org", created_at=1).id
    _fill(store, user)
    insight = content_insight(store, user, ResponseKind.CLICKED, SystemClock().now())
    assert insight.found.usual == pytest.approx(0.15)
    (prices,) = [one for one in insight.found.effects if one.kind == "topic"]
    assert prices.certainty == "sure"
    assert prices.messages == prices.others == 10
    assert prices.rate_low < prices.rate < prices.rate_high
    assert certainty_words(prices) == "more people do"
    assert trait_words(prices) == "about Prices"
    replied = content_insight(store, user, ResponseKind.REPLIED, SystemClock().now())
    assert {one.certainty for one in replied.found.effects} == {"open", "little"}


def test_what_all_have_or_few_is_not_enough_yet(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org", created_at=1).id
    _fill(store, user)
    insight = content_insight(store, user, ResponseKind.CLICKED, SystemClock().now())
    (file,) = [one for one in insight.found.effects if one.kind == "attachment"]
    assert certainty_words(file) == "not enough yet: 0 messages to tell it from"


def test_young_messages_and_those_of_others_are_not_counted(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org", created_at=1).id
    _fill(store, user)
    _fill(store, user + 1)
    young = content_insight(store, user, ResponseKind.CLICKED, 10 * 24 * HOUR_US + SETTLED_US + 30)
    assert young.found.messages == 1
    assert young.unseen == 19
    later = content_insight(store, user, ResponseKind.CLICKED, 10 * 24 * HOUR_US + 30 * HOUR_US)
    assert later.found.messages == 0
    assert later.unseen == 20


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", ["Monday", "9 to 12"]),
        ("Asia/Tokyo", ["Monday", "18 to 24"]),
        ("Pacific/Honolulu", ["Sunday", "18 to 24"]),
    ],
)
def test_traits_are_told_in_the_time_zone_of_the_campaign(zone: str, told: list[str]) -> None:
    found = [one.value for one in traits_of(LOOK, MONDAY_MORNING_US, zone) if one.kind in {"weekday", "hour"}]
    assert found == told


def test_the_table_has_every_trait(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org", created_at=1).id
    _fill(store, user)
    insight = content_insight(store, user, ResponseKind.CLICKED, SystemClock().now())
    table = insight_table(insight)
    rows = list(table.rows)
    assert len(rows) == len(insight.found.effects)
    assert {len(row) for row in rows} == {len(table.columns)}


@pytest.mark.usefixtures("folder")
def test_the_command_line_shows_and_writes_it(tmp_path: Path) -> None:
    assert "about Prices" in _run("insight")
    told = json.loads(_run("insight", "--json", "--response", "clicked"))
    assert told["found"]["effects"][0]["value"] == "Prices"
    _run("export", "insight", str(tmp_path / "insight.csv"))
    assert "Prices" in (tmp_path / "insight.csv").read_text()


@pytest.mark.usefixtures("folder")
def test_topics_and_rules_by_command() -> None:
    assert "Prices (by campaign)" in _run("insight", "topics", "News 1")
    assert "Garden (by hand)" in _run("insight", "topics", "News 2", "Garden")
    assert _run("insight", "topics", "News 2", "--none") == "no topics\n"
    rule = _run("insight", "add-rule", "First", "subject", "news 1").split()[0]
    assert "11 messages" in _run("insight", "rules")
    assert json.loads(_run("insight", "rules", "--json"))["rules"][0]["id"] == rule
    _run("insight", "remove-rule", rule)
    assert "First" not in _run("insight", "rules")


def test_a_message_by_its_id(folder: Path) -> None:
    with closing(open_store(f"sqlite:///{folder / 'state.sqlite'}")) as store:
        user = store.accounts.first_user()
        assert user is not None
        message = store.content.newest(user.id, 1 << 60, 1)[0].id
    assert "Prices" in _run("insight", "topics", id_text(message))


@pytest.mark.usefixtures("folder")
def test_what_was_never_looked_at_is_looked_at_later(folder: Path) -> None:
    with closing(open_store(f"sqlite:///{folder / 'state.sqlite'}")) as store:
        user = store.accounts.first_user()
        assert user is not None
        past_campaign(store, user.id, "Old", HOUR_US, 2, {})
    assert _run("insight", "look") == "1 messages looked at, 0 cannot be read any more\n"
    assert _run("insight", "look") == "0 messages looked at, 0 cannot be read any more\n"
