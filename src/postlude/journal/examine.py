"""Verify the checksums of a whole journal. Changes nothing, and may run beside its writers."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from postlude.journal import folder as files
from postlude.journal.frame import JournalFrame
from postlude.journal.registry import Writer, writers_in
from postlude.journal.scan import open_segment
from postlude.kit.file_trouble import file_trouble
from postlude.model.errors import StorageError


class JournalExamination(NamedTuple):
    """One writer's folder."""

    name: str
    segments: int
    records: int
    problems: tuple[str, ...]


def examine_journals(root: Path) -> Iterator[JournalExamination]:
    """Every writer under `root`, by name."""
    try:
        writers = writers_in(root)
    except StorageError as error:
        yield JournalExamination("journal", 0, 0, (str(error),))
        return
    for name, writer in sorted(writers.items()):
        try:
            yield _examined(root, name, writer)
        except FileNotFoundError:
            yield JournalExamination(name, 0, 0, (f"the folder {root / name} is missing",))
        except OSError as error:
            yield JournalExamination(name, 0, 0, (file_trouble(error),))


def _examined(root: Path, name: str, writer: Writer) -> JournalExamination:
    folder, problems, records, before = root / name, [], 0, 0
    numbers = files.segment_numbers(folder)
    for segment in numbers:
        if before and segment > before + 1:
            problems.append(f"segments {before + 1} to {segment - 1} are missing in {folder}")
        before = segment
        path = files.segment_path(folder, segment)
        try:
            count, damage = _segment(path, segment, writer.identity, durable=_durable(folder, segment))
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
            continue
        records += count
        problems += damage
    for segment, offset, size in files.damaged_tails(folder):
        problems.append(f"{size} damaged bytes of segment {segment} (at {offset}) are quarantined in {folder}")
    for segment, offset, size in files.cut_tails(folder):
        problems.append(f"{size} bytes of segment {segment} (from {offset} on) are gone in {folder}")
    return JournalExamination(name, len(numbers), records, tuple(problems))


def _durable(folder: Path, segment: int) -> int | None:
    """Up to where the segment is written; None: it is complete."""
    try:
        mark = files.WriterMark(folder, writable=False)
    except OSError:
        return None
    last, end = mark.get()
    mark.close()
    return end if last == segment else None


def _segment(path: Path, segment: int, identity: bytes, *, durable: int | None) -> tuple[int, list[str]]:
    records, problems = 0, []
    with open_segment(path, segment, identity, durable) as view:
        if view is None:
            return 0, []
        if view.damaged_head:
            problems.append(f"{path}: its head is damaged; all its records can be read")
        for found in view.walk(0):
            if isinstance(found, JournalFrame):
                records += len(found.lengths)
            elif found.end < len(view.bytes) or not view.blank(found.start):
                problems.append(f"{path}: {found.end - found.start} bytes at {found.start} are damaged")
    return records, problems
