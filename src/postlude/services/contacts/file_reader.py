"""Read a contact file as rows of text: detects encoding and delimiter; a bad row does not stop the rest."""

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder, register_error
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from postlude.kit.csv_table import read_cells
from postlude.mail.charset import charset_of
from postlude.model.errors import InputError

_BLOCK: Final = 1 << 20
_SAMPLE: Final = 1 << 16
_LOOKED_AT: Final = 20
_MOST_LINES: Final = 100
"""A record over more lines has an unclosed quote: the rest of the file must not vanish into one cell."""
_OPEN: Final = ("a quotation mark is opened here and never closed", 'close it, or write it twice: ""')
_WORD: Final = re.compile(r"[^\W\d_]+")
_WESTERN_MARKS: Final = frozenset("\u201c\u201d\u201e\u201a\u2018\u2019\u2013\u2014\u2026€«»°§®©™·¡¿ªº\u00b4\u00a0½²³")
_SHEETS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
_DELIMITERS: Final = ",;\t|"
_NO_DELIMITERS: Final = frozenset('\r\n"\0')
_UNREADABLE: Final = re.compile("[\udc80-\udcff]")
_ESCAPED: Final = "postlude.escaped"
# What contact files are saved in, the common ones first: without it a short file may pass for EBCDIC.
_LIKELY: Final = tuple(
    re.findall(
        r"\w+",
        "cp1252 cp932 gb18030 big5 cp949 euc_jp cp1250 cp1251 koi8_r cp1253 cp1254 cp1255 cp1256 mac_roman",
    )
)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """As `surrogateescape`, which takes no byte below 0x80: half a character of UTF-16 has such bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC80 | byte) for byte in error.object[error.start : error.end]), error.end


register_error(_ESCAPED, _escaped)


class FileRow(NamedTuple):
    """One record of the file."""

    line: int
    """Where it begins, counted from 1; of a spreadsheet: its row."""
    end: int
    """Its last line: a quoted cell may contain line ends."""
    cells: list[str]
    reason: str = ""
    """Why it cannot be read; then `cells` is empty."""
    remedy: str = ""


class FileShape(NamedTuple):
    """How a file is read."""

    sheet: str
    """Name of the sheet; empty for text."""
    encoding: str
    guessed: bool
    """The file does not state its encoding: the most likely one is used."""
    delimiter: str
    lines: int
    """How many there are, for the progress."""
    skip: int = 0
    """Lines before the first record: Excel's `sep=;`."""


def shape_of(path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> FileShape:
    """Examine the file; InputError when it is neither text nor a spreadsheet, or its encoding is unknown."""
    if path.suffix.lower() in _SHEETS:
        from postlude.services.contacts.spreadsheet import sheet_shape  # noqa: PLC0415 - loaded only for spreadsheets

        return sheet_shape(path, sheet)
    if sheet:
        raise InputError(f"{path.name} is a text file: it has no sheets")
    if len(delimiter) > 1 or delimiter in _NO_DELIMITERS:
        raise InputError(f"{delimiter!r} is not a delimiter: give one character, such as a comma or a semicolon")
    scan = _scan(path)
    guessed = not encoding and not scan.reported
    name = _known(encoding) if encoding else scan.reported or _guess(scan, path)
    try:
        with path.open(encoding=name, errors=_ESCAPED, newline="") as file:
            first = list(islice(file, _LOOKED_AT * _MOST_LINES))
    except UnicodeError as error:  # its very beginning: there is no row to blame
        raise InputError(f"{path.name} cannot be read as {name}: {error}. Name its encoding") from error
    skip = 0
    if first and first[0][:4].lower() == "sep=" and len(first[0].strip()) == len("sep=;"):
        delimiter, skip = delimiter or first[0][4], 1
    return FileShape("", name, guessed and not scan.ascii, delimiter or _delimiter(first), scan.lines, skip)


def file_rows(path: Path, shape: FileShape, after: int = 0) -> Iterator[FileRow]:
    """The records that begin behind line `after`."""
    if shape.sheet:
        from postlude.services.contacts.spreadsheet import sheet_rows  # noqa: PLC0415 - loaded only for spreadsheets

        yield from sheet_rows(path, shape.sheet, after)
        return
    with path.open(encoding=shape.encoding, errors=_ESCAPED, newline="") as file:
        start = max(after, shape.skip)
        lines: Iterator[str] = islice(file, start, None)
        yield from _records(lines, start + 1, shape)


class _Tape:
    """Lines, with those of the record that is being read remembered: they can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(text)
        return text

    def again(self) -> None:
        """Go back to behind the record's first line."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.taken.clear()


def _records(lines: Iterator[str], line: int, shape: FileShape) -> Iterator[FileRow]:
    tape = _Tape(lines)
    # A quoted cell may contain line ends: the reader takes lines until the record is complete.
    reader = csv.reader(tape, delimiter=shape.delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = None
        if cells is None or len(tape.taken) > _MOST_LINES:
            yield FileRow(
                line, line, [], "a quotation mark is opened here and never closed", 'close it, or write it twice: ""'
            )
            line += 1
            tape.again()
            reader = csv.reader(tape, delimiter=shape.delimiter)
            continue
        end = line + len(tape.taken) - 1
        whole = "".join(cells)
        if whole.isascii() or not _UNREADABLE.search(whole):
            yield FileRow(line, end, read_cells(cells) if "'" in whole else cells)
        else:
            yield FileRow(line, end, [], f"bytes that are not {shape.encoding}", "save the file anew as UTF-8")
        line = end + 1
        tape.taken.clear()


class _Scan(NamedTuple):
    reported: str
    """The encoding, where the bytes leave no doubt."""
    ascii: bool
    lines: int
    sample: bytes
    """Lines with something beyond ASCII."""


def _scan(path: Path) -> _Scan:
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            return _scanned(iter(lambda: file.read(_BLOCK), b""), head)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _scanned(blocks: Iterator[bytes], head: bytes) -> _Scan:
    reported = {BOM_UTF16_LE: "utf-16", BOM_UTF16_BE: "utf-16"}.get(head[:2], "")
    reported = "utf-8-sig" if head.startswith(BOM_UTF8) else reported
    if not reported and len(head) == 4 and head.count(0) == 2:  # noqa: PLR2004 - two characters of UTF-16 without a mark
        reported = "utf-16-le" if head[1] == 0 else "utf-16-be"
    decoder = getincrementaldecoder("utf-8")()
    valid, plain, feeds, returns, last, sample = True, True, 0, 0, b"", b""
    for block in blocks:
        feeds, returns, last = feeds + block.count(b"\n"), returns + block.count(b"\r"), block[-1:]
        if block.isascii() and not decoder.getstate()[0]:
            continue
        plain = False
        if len(sample) < _SAMPLE:
            sample += b"\n".join(line for line in block.split(b"\n") if not line.isascii())[:_SAMPLE]
        if valid:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                valid = False
    lines = (feeds or returns) + (last not in {b"\n", b"\r", b""})
    return _Scan(reported or ("utf-8" if valid else ""), plain, lines, sample)


def _is_western(sample: bytes) -> bool:
    """Whether the text looks like Windows-1252: a few accented letters among plain ones, no other characters.

    Statistics need more text than the two umlauts of a short file; in any other alphabet whole words are beyond ASCII.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    beyond = [c for c in text if not c.isascii()]
    if not all(c.isalpha() or c in _WESTERN_MARKS for c in beyond):
        return False
    accented = [word for word in _WORD.findall(text) if not word.isascii()]
    return 2 * sum(not c.isascii() for word in accented for c in word) <= sum(map(len, accented))


def _guess(scan: _Scan, path: Path) -> str:
    if _is_western(scan.sample):
        return "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415 - only files that are not UTF-8 need it

    best = from_bytes(scan.sample, cp_isolation=list(_LIKELY), enable_fallback=False).best()
    if best is None:
        raise InputError(f"{path.name}: its encoding cannot be detected. Give it with --encoding, or save it as UTF-8")
    return str(best.encoding)


def _known(encoding: str) -> str:
    name = charset_of(encoding)
    if not name:
        raise InputError(f"{encoding!r} is not a text encoding: write utf-8, windows-1252, shift_jis ...")
    return "utf-8-sig" if name == "utf-8" else name


def _delimiter(lines: list[str]) -> str:
    """The one that parts the most records alike; a comma for a single column."""

    def score(delimiter: str) -> tuple[int, int]:
        records = islice(csv.reader(lines, delimiter=delimiter), _LOOKED_AT)
        widths = Counter(len(record) for record in records if record)
        if not widths:
            return (0, 0)
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
        return (times if width > 1 else 0, width)

    try:
        return max(_DELIMITERS, key=score)
    except csv.Error:
        return ","
