"""Everything that comes back, read: bounces, complaints, receipts, unsubscribes, auto-replies and replies. Pure."""

from postlude.feedback.finding import Evidence, Fault, Finding, FindingKind, Persistence, Reason, TagReader
from postlude.feedback.parse import parse

__all__ = ["Evidence", "Fault", "Finding", "FindingKind", "Persistence", "Reason", "TagReader", "parse"]
