"""Spreadsheets that want more memory than they may have, and damaged ones."""

import zipfile
from pathlib import Path

import pytest

from postlude.model.errors import InputError
from postlude.services.contacts.file_reader import file_rows, shape_of

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def sheet(path: Path, rows: str, before: str = "") -> Path:
    """A workbook of one sheet with these `<row>` elements."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", _TYPES)
        made.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        made.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        made.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        made.writestr(
            "xl/worksheets/sheet1.xml",
            f'{before}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        )
    return path


def text(cell: str, value: str) -> str:
    return f'<c r="{cell}" t="inlineStr"><is><t>{value}</t></is></c>'


def test_a_small_sheet_is_read(tmp_path: Path) -> None:
    path = sheet(
        tmp_path / "a.xlsx", f'<row r="1">{text("A1", "email")}</row><row r="2">{text("A2", "a@b.example")}</row>'
    )
    shape = shape_of(path)
    assert shape.lines == 2
    assert [row.cells for row in file_rows(path, shape)] == [["email"], ["a@b.example"]]


def test_two_far_cells_are_refused_with_a_remedy(tmp_path: Path) -> None:
    rows = f'<row r="1">{text("A1", "email")}</row><row r="200000">{text("ALL200000", "x")}</row>'
    path = sheet(tmp_path / "bomb.xlsx", rows)
    assert path.stat().st_size < 2_000
    with pytest.raises(InputError, match=r"needs more than 1,536 MB of memory. Save the sheet as CSV"):
        shape_of(path)


def test_a_sheet_with_an_entity_is_refused(tmp_path: Path) -> None:
    before = '<!DOCTYPE x [<!ENTITY a "b">]>'
    path = sheet(tmp_path / "a.xlsx", f'<row r="1">{text("A1", "&a;&nonsense;")}</row>', before)
    with pytest.raises(InputError, match="cannot be read as a spreadsheet"):
        list(file_rows(path, shape_of(path)))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip file at all"])
def test_what_is_no_spreadsheet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a spreadsheet"):
        shape_of(path)
