"""Precision and recall of the stateless rules over the collected hits."""

import json
from pathlib import Path
from typing import Any

import pytest

from postlude.classify import judge, network_facts
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

HITS = Path(__file__).resolve().parents[4] / "shared/corpus/hits.jsonl"
MACHINES = {Verdict.MACHINE, Verdict.MACHINE_SUSPECTED}


def _hit(row: dict[str, Any]) -> Hit:
    return Hit(
        at=0,
        endpoint=HitEndpoint.PIXEL if row["kind"] == "open" else HitEndpoint.LINK,
        kind=1,
        message=1,
        copy=1,
        position=0,
        method="GET",
        user_agent=row["ua"],
        address="",
        headers={name.lower(): value for name, value in row.get("headers", {}).items()},
        facts=network_facts(row.get("ip", "")),
    )


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict[str, Any], Verdict]]:
    if not HITS.exists():
        pytest.skip("the corpus of hits does not lie beside this checkout")
    rows = [json.loads(line) for line in HITS.read_text().splitlines()]
    return [(row, judge(_hit(row), sent_at=None).verdict) for row in rows if not row.get("stateful_only")]


def test_precision_and_recall(judged: list[tuple[dict[str, Any], Verdict]]) -> None:
    called = [row for row, verdict in judged if verdict in MACHINES and row["human"] is not None]
    machines = [verdict for row, verdict in judged if row["human"] is False]
    precision = sum(row["human"] is False for row in called) / len(called)
    recall = sum(verdict in MACHINES for verdict in machines) / len(machines)
    print(f"{len(judged)} hits: precision {precision:.3f}, recall {recall:.3f}")  # noqa: T201 - read by people with -s
    assert precision >= 0.99
    assert recall >= 0.93


def test_people_are_hardly_ever_called_machines(judged: list[tuple[dict[str, Any], Verdict]]) -> None:
    people = [verdict for row, verdict in judged if row["human"] is True]
    assert len(people) >= 125
    assert sum(verdict in MACHINES for verdict in people) <= len(people) / 125


def test_machines_are_seldom_called_people(judged: list[tuple[dict[str, Any], Verdict]]) -> None:
    machines = [verdict for row, verdict in judged if row["human"] is False]
    people = sum(verdict in {Verdict.HUMAN, Verdict.HUMAN_PROXIED} for verdict in machines)
    assert people <= 0.15 * len(machines)


def test_what_nobody_can_know_stays_unknown(judged: list[tuple[dict[str, Any], Verdict]]) -> None:
    assert {verdict for row, verdict in judged if row["human"] is None} == {Verdict.UNKNOWN}
