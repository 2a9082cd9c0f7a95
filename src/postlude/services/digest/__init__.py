"""The digest: journal records become rows, events and projections.

Deterministic under replay: no clock but the record's own time, no network.
"""
