"""Observations on disk before they are answered: CRC-framed append-only segments."""

from postlude.journal.append_queue import AppendQueue
from postlude.journal.finding import JournalFinding
from postlude.journal.folder import WRITER_FILES
from postlude.journal.limits import DEFAULT_MAX_BYTES, STALLED_S, journal_alarms
from postlude.journal.lineage import Known
from postlude.journal.losses import Losses, losses
from postlude.journal.position import JournalRecord, Position
from postlude.journal.reader import SEVEN_DAYS, JournalReader
from postlude.journal.refusing import RefusingJournal
from postlude.journal.registry import recover_journal, writer_names
from postlude.journal.rolling import ask_to_roll, not_rolled
from postlude.journal.spare import SPARE_BYTES
from postlude.journal.spool import PARTS, SPOOL_MARK, Spool, accept_spool, checksum, prepare_spool, spool_problem
from postlude.journal.taken import LastTaken, TakenCopies, last_taken
from postlude.journal.writer import JournalWriter, WriterStats

__all__ = [
    "DEFAULT_MAX_BYTES",
    "PARTS",
    "SEVEN_DAYS",
    "SPARE_BYTES",
    "SPOOL_MARK",
    "STALLED_S",
    "WRITER_FILES",
    "AppendQueue",
    "JournalFinding",
    "JournalReader",
    "JournalRecord",
    "JournalWriter",
    "Known",
    "LastTaken",
    "Losses",
    "Position",
    "RefusingJournal",
    "Spool",
    "TakenCopies",
    "WriterStats",
    "accept_spool",
    "ask_to_roll",
    "checksum",
    "journal_alarms",
    "last_taken",
    "losses",
    "not_rolled",
    "prepare_spool",
    "recover_journal",
    "spool_problem",
    "writer_names",
]
