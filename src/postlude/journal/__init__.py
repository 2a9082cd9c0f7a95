"""Observations on disk before they are answered: CRC-framed append-only segments."""

from postlude.journal.lane import Lane
from postlude.journal.limits import DEFAULT_MAX_BYTES, size_alarm
from postlude.journal.losses import Losses, losses
from postlude.journal.position import Position, Record
from postlude.journal.reader import JournalReader
from postlude.journal.refusing import RefusingJournal
from postlude.journal.spool import PARTS, Spool
from postlude.journal.writer import JournalWriter, WriterStats

__all__ = [
    "DEFAULT_MAX_BYTES",
    "PARTS",
    "JournalReader",
    "JournalWriter",
    "Lane",
    "Losses",
    "Position",
    "Record",
    "RefusingJournal",
    "Spool",
    "WriterStats",
    "losses",
    "size_alarm",
]
