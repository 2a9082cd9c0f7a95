"""A simulation in an empty instance: over HTTP, with the mail's own links."""

import json
from pathlib import Path

import pytest

from postlude.app.build.campaigns import campaign_services
from postlude.app.demo.fill import remove_demo
from postlude.app.simulate.play import SimulationOrder
from postlude.app.simulate.run import simulate
from postlude.config import Settings, load
from postlude.model.errors import InputError
from postlude.services.campaigns.report import hidden_words, report_of


def settings(folder: Path) -> Settings:
    return load({"POSTLUDE_DATA": str(folder / "data")})


def test_requests_through_the_edge_become_events(tmp_path: Path) -> None:
    done = simulate(
        settings(tmp_path), SimulationOrder(people=60, mailings=2), truth=tmp_path / "truth", progress=lambda _: None
    )
    lines = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
    copies = [line for line in lines if line["type"] == "copy"]
    hits = [line for line in lines if line["type"] == "hit"]
    assert len(copies) == 120
    assert len(hits) == done.requests > 60
    clicks = [hit for hit in hits if hit["link"] >= 0]
    assert {hit["status"] for hit in clicks} == {302}
    assert done.measure.clicks == sum(hit["method"] == "GET" for hit in clicks)
    assert done.measure.opens_of_people_lost == 0


def test_the_report_estimates_the_opens_that_are_hidden(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    simulate(chosen, SimulationOrder(people=150), truth=None, progress=lambda _: None)
    with campaign_services(chosen) as services:
        [campaign] = services.store.campaigns.latest()
        report = report_of(services.store, campaign)
    assert report.hidden is not None
    assert report.all.opened_unknown < report.hidden.unknowable < 100
    assert f"{report.hidden.low:,} and {report.hidden.high:,}" in hidden_words(report.hidden)


def test_in_process_nothing_is_composed(tmp_path: Path) -> None:
    order = SimulationOrder(people=60, mailings=2, in_process=True)
    done = simulate(settings(tmp_path), order, truth=None, progress=lambda _: None)
    assert "campaigns" not in done.held
    assert done.held["messages"] == 2
    assert done.measure.clicks > 0


def test_it_can_be_taken_away_again(tmp_path: Path) -> None:
    simulate(settings(tmp_path), SimulationOrder(people=3), truth=None, progress=lambda _: None)
    assert remove_demo(settings(tmp_path), anyway=False)["campaigns"] == 1


@pytest.mark.parametrize(
    ("order", "name"), [(SimulationOrder(people=0), "people"), (SimulationOrder(mailings=0), "mailings")]
)
def test_an_order_without_sense_is_refused(tmp_path: Path, order: SimulationOrder, name: str) -> None:
    with pytest.raises(InputError, match=f"--{name}"):
        simulate(settings(tmp_path), order, truth=None, progress=lambda _: None)


def test_an_instance_in_use_is_refused(tmp_path: Path) -> None:
    order = SimulationOrder(people=2)
    simulate(settings(tmp_path), order, truth=None, progress=lambda _: None)
    with pytest.raises(InputError, match="in this instance already"):
        simulate(settings(tmp_path), order, truth=None, progress=lambda _: None)
