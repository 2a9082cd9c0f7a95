"""Observations on disk before they are answered: CRC-framed append-only segments."""

from postlude.journal.position import Position, Record
from postlude.journal.reader import JournalReader
from postlude.journal.spool import Spool
from postlude.journal.writer import JournalWriter, WriterStats

__all__ = ["JournalReader", "JournalWriter", "Position", "Record", "Spool", "WriterStats"]
