"""Every event as a Parquet file that other programs read, with names and forms of its own that stay."""

from collections.abc import Mapping
from typing import Final

from postlude.classify import RULE_WORDS, how_sure
from postlude.history.merging import EVERY


def _by_rule(words: Mapping[str, str]) -> str:
    """What stands for the rule that decided, NULL where none did."""
    listed = ", ".join(f"'{rule}': '{text.replace(_QUOTE, 2 * _QUOTE)}'" for rule, text in words.items())
    return f"MAP {{{listed}}}[{_DECIDED}]"


_QUOTE: Final = "'"
_DECIDED: Final = "CASE WHEN rules_version > 0 THEN reasons->>'$[0]' END"
_WORDS: Final = _by_rule(RULE_WORDS)
_COUNTED: Final = "facts->>'$.why'"
_SURE: Final = _by_rule({rule: how_sure([rule]) for rule in RULE_WORDS})
_WHY: Final = f"CASE WHEN {_COUNTED} IS NULL THEN {_WORDS} ELSE concat(rtrim({_WORDS}, '.'), ': ', {_COUNTED}, '.') END"
_ID: Final = "CASE WHEN {0} = 0 THEN NULL ELSE lpad(lower(to_hex({0})), 16, '0') END AS {1}"
_SELECTED: Final = ", ".join(
    (
        _ID.format("id", "event_id"),
        "make_timestamp(seen_at) AS happened_at",
        "kind AS event",
        _ID.format("message", "message"),
        _ID.format("copy", "copy"),
        "CASE WHEN position < 0 THEN NULL ELSE position END AS link",
        "CASE WHEN rules_version = 0 THEN NULL ELSE verdict END AS verdict",
        f"{_SURE} AS sure",
        f"{_WHY} AS why",
        "reasons",
        "rules_version AS rules",
        "nullif(first_verdict, '') AS first_verdict",
        "nullif(cause, '') AS cause",
        "nullif(address, '') AS address",
        "facts",
    )
)


def export_statement(*, chosen: bool) -> str:
    """Writes all events to `$path`; `chosen`: of the messages `$messages` alone."""
    where = " WHERE message IN (SELECT unnest($messages))" if chosen else ""
    return f"COPY (SELECT {_SELECTED} FROM {EVERY}{where}) TO $path (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608 - fixed text
