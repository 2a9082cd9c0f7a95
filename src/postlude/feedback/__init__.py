"""Parses returned mail: bounces, complaints, receipts, unsubscribes, auto-replies and replies. Pure."""

from postlude.feedback.finding import Evidence, Fault, Finding, FindingKind, Persistence, Reason, TagReader, Wish
from postlude.feedback.parse import parse
from postlude.feedback.subjects import plain_subject

__all__ = [
    "Evidence",
    "Fault",
    "Finding",
    "FindingKind",
    "Persistence",
    "Reason",
    "TagReader",
    "Wish",
    "parse",
    "plain_subject",
]
