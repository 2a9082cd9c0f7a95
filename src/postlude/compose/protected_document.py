"""Hides template code and Outlook's conditions from parsers that would change or drop them."""

import re
from bisect import bisect_right
from typing import Final

from postlude.compose.errors import TemplateError
from postlude.compose.sandbox import guarded

# An unclosed one reaches to the end, which keeps the search linear.
COMMENT: Final = r"<!--.*?(?:-->|\Z)"
_MSO: Final = r"<!\[[^>]*(?:>|\Z)"
_TAG: Final = re.compile(
    r"<(?!!--)[a-zA-Z/!?](?:[^>\"']|\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))*(?:>|\Z)|" + COMMENT, re.DOTALL
)
_OPAQUE: Final = re.compile(r"<(style|script|title|textarea)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)


class ProtectedDocument:
    """A document with marks in place of hidden parts. TemplateError when it already contains such a mark."""

    MARK: Final = "jnjplaceholder"
    PATTERN: Final = re.compile(MARK + "([0-9]{5,})x")

    def __init__(self, source: str, *, as_text: bool = False) -> None:
        if self.MARK in source:
            raise TemplateError("template", 0, f"{self.MARK!r} is reserved by Postlude: use another word")
        self._kept: Final[list[str]] = []
        self._as_text: Final = as_text
        self._opaque: Final = _Spans(_OPAQUE, source)
        self._tags: Final = _Spans(_TAG, source)
        # Whole comments, with the code in them: the content of Outlook's conditions is markup for Outlook alone.
        self.text: Final = guarded(source, self._take, "" if as_text else f"{COMMENT}|{_MSO}")

    def _take(self, found: str, at: int) -> str:
        opaque = self._opaque.around(at)
        if opaque and found.startswith("<!"):  # `<style><!--` begins no comment
            return guarded(found, lambda code, _: self.keep(code))
        if opaque or self._as_text or found.startswith("{{") or self._tags.around(at):
            return self.keep(found)
        # Between tags a comment: text between table rows would be moved out of the table.
        return f"<!--{self.keep(found)}-->"

    def keep(self, found: str) -> str:
        """A mark in place of `found`, one word."""
        self._kept.append(found)
        return f"{self.MARK}{len(self._kept) - 1:05d}x"

    def keep_rule(self, css: str) -> str:
        """A mark in place of a style sheet's rule, for those who read style sheets."""
        return f"@{self.keep(css)};"

    def code(self, number: str) -> str:
        """The text hidden by the mark with this number."""
        return self._kept[int(number)]

    def restored(self, text: str) -> str:
        """The text with all hidden parts restored."""
        return _ANY_MARK.sub(lambda match: self.restored(self.code(match[1] or match[2] or match[3])), text)


_ANY_MARK: Final = re.compile(
    f"<!--{ProtectedDocument.PATTERN.pattern}-->|@{ProtectedDocument.PATTERN.pattern};|{ProtectedDocument.PATTERN.pattern}"
)


class _Spans:
    """Range of a match."""

    def __init__(self, pattern: re.Pattern[str], source: str) -> None:
        found = [match.span() for match in pattern.finditer(source)]
        self._starts: Final = [start for start, _ in found]
        self._ends: Final = [end for _, end in found]

    def around(self, at: int) -> bool:
        """`at` is inside a match, after its first character."""
        index = bisect_right(self._starts, at - 1) - 1
        return index >= 0 and at < self._ends[index]
