from pathlib import Path

import pytest

from postlude.model.errors import InputError
from postlude.services.contacts.file_reader import file_rows, shape_of


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("encoding", "city"),
    [
        ("utf-8", "Köln, 東京"),
        ("utf-8-sig", "Köln, 東京"),
        ("utf-16", "Köln, 東京"),
        ("utf-16-le", "Köln"),
        ("cp1252", "Köln, Müllerstraße 5 „Hof“ 5 €"),
        ("shift_jis", "東京都千代田区丸の内一丁目にあるお店"),
        ("gb18030", "北京市朝阳区建国门外大街甲六号"),
        ("cp1251", "Москва, улица Большая Полянка"),
    ],
)
def test_encodings_are_found_out(tmp_path: Path, encoding: str, city: str) -> None:
    text = "email,city\r\n" + "".join(f'p{n}@example.org,"{city}"\r\n' for n in range(20))
    path = _file(tmp_path, text.encode(encoding))
    shape = shape_of(path)
    rows = list(file_rows(path, shape))
    assert [row.cells for row in rows[1:]] == [[f"p{n}@example.org", city] for n in range(20)], shape.encoding
    assert shape.guessed is (encoding in {"cp1252", "shift_jis", "gb18030", "cp1251"})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    rows = [["Name", "Mail", "Note"], ["Anna", "a@example.org", '"two' + end + 'lines"'], ["Bob", "b@example.org", ""]]
    path = _file(tmp_path, (end.join(delimiter.join(row) for row in rows) + end).encode())
    shape = shape_of(path)
    assert shape.delimiter == delimiter
    assert shape.lines == 4
    found = list(file_rows(path, shape))
    assert [(row.line, row.end) for row in found] == [(1, 1), (2, 3), (4, 4)]
    assert found[1].cells == ["Anna", "a@example.org", f"two{end}lines"]
    assert list(file_rows(path, shape, after=3)) == found[2:]


def test_a_delimiter_that_the_file_names_wins(tmp_path: Path) -> None:
    path = _file(tmp_path, b"sep=;\nname, first;email\nDoe, Anna;a@example.org\n")
    found = list(file_rows(path, shape_of(path)))
    assert found[0].line == 2
    assert found[1].cells == ["Doe, Anna", "a@example.org"]


def test_thousands_of_open_quotation_marks_are_thousands_of_errors(tmp_path: Path) -> None:
    path = _file(
        tmp_path, b"email,note\n" + b'a@example.org,"open "x" y\n' * 3 + b'b@example.org,"' + b"x" * 200_000 + b"\n"
    )
    found = list(file_rows(path, shape_of(path)))
    assert found[-1].reason == "a quotation mark is opened here and never closed"
    bad = _file(tmp_path, b"".join(b'a,"' + b"y" * 140_000 + b"\n" for _ in range(30)))
    assert sum(bool(row.reason) for row in file_rows(bad, shape_of(bad))) >= 15


@pytest.mark.parametrize(("word", "encoding"), [("Köln", "cp1252"), ("Ångström", "cp1252"), ("Łódź", "cp1250")])
def test_one_word_is_enough_for_the_common_case(tmp_path: Path, word: str, encoding: str) -> None:
    path = _file(tmp_path, f"email;town\na@example.org;{word}\nb@example.org;Bonn\n".encode(encoding))
    shape = shape_of(path)
    assert list(file_rows(path, shape))[1].cells[1] == word
    assert shape.guessed
    assert not shape_of(path, encoding=encoding).guessed


@pytest.mark.parametrize(
    "encoding",
    ["bz2", "zip", "zlib", "idna", "rot13", "punycode", "undefined", "hex", "%00", "\0", "base64", "x" * 10_000],
)
def test_what_is_no_text_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_text("email\na@b.example\n")
    with pytest.raises(InputError, match="is not a text encoding"):
        shape_of(tmp_path / "a.csv", encoding=encoding)


@pytest.mark.parametrize("delimiter", ["ab", "\n", "\r", '"', "\0"])
def test_what_is_no_delimiter_is_refused(tmp_path: Path, delimiter: str) -> None:
    (tmp_path / "a.csv").write_text("email\na@b.example\n")
    with pytest.raises(InputError, match="is not a delimiter"):
        shape_of(tmp_path / "a.csv", delimiter=delimiter)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("email\na@b.example".encode("utf-16")[:-1], ""),
        ("email\na@b.example".encode("utf-16") + b"\0\xd8", ""),
        (b"email\na@b.example\n1", "utf-16-le"),
        (b"email\n\x81", "shift_jis"),
        (b"email\n\xff\xfe", "utf-32"),
        (b"email\n+AAA", "utf-7"),
        (b"email\n~{\x81", "hz"),
        (b"email\n\x1b$B!", "iso-2022-jp"),
    ],
)
def test_half_a_character_is_an_error_of_its_row(tmp_path: Path, content: bytes, encoding: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    try:
        shape = shape_of(file, encoding=encoding)
    except InputError:
        return  # an encoding nobody saves contact files in
    rows = list(file_rows(file, shape))
    assert rows
    assert all(row.cells or row.reason for row in rows)
