"""A report, and many campaigns, as tables for files."""

from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from postlude.kit.data_table import DataTable, text_lines
from postlude.kit.xlsx_file import write_xlsx
from postlude.services.campaigns.comparison import campaign_table
from postlude.services.campaigns.report import report_of
from postlude.services.campaigns.report_tables import report_tables, results_data
from support.past_campaigns import HOUR_US, past_campaign

from .conftest import World


@pytest.fixture
def tables(world: World) -> dict[str, DataTable]:
    done = {"opened": 30, "clicked": 5, "bounced": 2}
    made = past_campaign(world.store, 7, "News", 1000 * HOUR_US, 60, done)
    return {table.name: table for table in report_tables(report_of(world.store, made))}


def _lines(table: DataTable) -> list[dict[str, str]]:
    head, *rows = text_lines(table)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_rates_have_their_base_and_interval(tables: dict[str, DataTable]) -> None:
    opened = next(row for row in _lines(tables["rates"]) if row["rate"] == "opened")
    assert opened["count"] == "30"
    assert opened["of"] == "58"
    assert float(opened["low"]) < 30 / 58 < float(opened["high"])
    assert opened["usual"] == ""


def test_hours_have_times(tables: dict[str, DataTable]) -> None:
    hours = _lines(tables["hours"])
    assert [row["opens"] for row in hours] == ["30", "0"]
    assert [row["clicks"] for row in hours] == ["0", "5"]
    assert hours[0]["begins_at"] == "1970-02-11T17:00:00.000Z"


def test_providers_and_bounces_are_there(tables: dict[str, DataTable]) -> None:
    assert {row["provider"] for row in _lines(tables["providers"])} == {"Gmail", "others"}
    assert _lines(tables["bounces"]) == [{"reason": "unknown_user", "copies": "2"}]


def test_a_table_without_rows_has_its_header(tables: dict[str, DataTable]) -> None:
    assert _lines(tables["variants"]) == []
    assert next(text_lines(tables["variants"])) == ["variant", "probability_to_be_best", "decided"]


def test_the_whole_report_is_one_workbook(tables: dict[str, DataTable], tmp_path: Path) -> None:
    write_xlsx(tmp_path / "report.xlsx", list(tables.values()))
    assert CalamineWorkbook.from_path(str(tmp_path / "report.xlsx")).sheet_names == list(tables)


def test_every_campaign_is_a_row(world: World, tables: dict[str, DataTable]) -> None:
    del tables
    [row] = _lines(results_data(campaign_table(world.store, 7).lines))
    assert row["name"] == "News"
    assert row["bounced_count"] == "2"
    assert row["bounced_of"] == "60"
