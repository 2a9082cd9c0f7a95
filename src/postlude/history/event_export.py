"""Every event as a Parquet file that other programs read, with names and forms of its own that stay."""

from typing import Final

from postlude.history.merging import EVERY

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
