"""`postlude export`, in process on real stores."""

import csv
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook

from postlude.cli.main import cli
from postlude.model.errors import InputError
from postlude.store import open_store
from support.parquet import parquet_rows
from support.past_campaigns import HOUR_US, past_campaign
from support.state_template import sqlite_state


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a campaign and three contacts."""
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(open_store(sqlite_state(folder))) as store:
        owner = store.accounts.create_user("owner@example.org", created_at=1)
        past_campaign(store, owner.id, "News", 500 * HOUR_US, 10, {"opened": 3})
        for number in range(3):
            store.contacts.add(f"p{number}@example.net", 1, name="=1+1")
    return folder


def _export(data: Path, *arguments: object) -> Result:
    return CliRunner().invoke(cli, ["export", *map(str, arguments)], env={"POSTLUDE_DATA": str(data)})


def _count(path: Path) -> int:
    """Rows of a file, whatever its format."""
    if path.suffix == ".csv":
        return len(list(csv.reader(path.read_text().splitlines()))) - 1
    if path.suffix == ".xlsx":
        return len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()) - 1
    return int(parquet_rows(path, "count(*)")[0][0])


@pytest.mark.parametrize(
    ("kind", "rows"), [("copies", 10), ("campaigns", 1), ("contacts", 3), ("suppressions", 0), ("events", 3)]
)
@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_every_kind_is_written_in_every_format(data: Path, tmp_path: Path, kind: str, rows: int, form: str) -> None:
    path = tmp_path / f"out.{form}"
    done = _export(data, kind, path)
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{rows} ")
    assert _count(path) == rows
    assert {one.name for one in tmp_path.iterdir()} == {"data", path.name}


def test_the_report_is_a_workbook_or_one_part_of_it(data: Path, tmp_path: Path) -> None:
    assert _export(data, "report", "News", tmp_path / "r.xlsx").exit_code == 0
    assert "links" in CalamineWorkbook.from_path(str(tmp_path / "r.xlsx")).sheet_names
    assert _export(data, "report", "News", tmp_path / "r.csv", "--part", "hours").exit_code == 0
    assert (tmp_path / "r.csv").read_text().count("\n") == 2


def test_the_report_is_a_pdf(data: Path, tmp_path: Path) -> None:
    done = _export(data, "report", "News", tmp_path / "r.pdf")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_a_report_without_a_part_fits_no_csv(data: Path, tmp_path: Path) -> None:
    done = _export(data, "report", "News", tmp_path / "r.csv")
    assert isinstance(done.exception, InputError)
    assert "choose one of rates" in str(done.exception)
    assert not (tmp_path / "r.csv").exists()


def test_contacts_are_those_an_expression_chooses(data: Path, tmp_path: Path) -> None:
    _export(data, "contacts", tmp_path / "c.csv", "--segment", "opened(campaign='News') and address starts with 'p0'")
    assert [row[0] for row in csv.reader((tmp_path / "c.csv").read_text("utf-8-sig").splitlines())][1:] == [
        "p0@example.net"
    ]


def test_a_folder_that_is_not_there_is_said(data: Path, tmp_path: Path) -> None:
    assert "does not exist" in str(_export(data, "contacts", tmp_path / "nowhere" / "c.csv").exception)
