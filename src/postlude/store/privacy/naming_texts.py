"""Texts that are not about one address and may name it all the same: a forgotten one is replaced in them.

A condition then chooses no contact: none has the pseudonym.
"""

from typing import Any, Final

from sqlalchemy import JSON, Column, Connection, select, update

from postlude.model.named_address import may_name_pattern, without_address
from postlude.store.accounts.tables import audit_log
from postlude.store.campaigns.tables import campaigns
from postlude.store.contacts.tables import proofs, suppressions
from postlude.store.integrity.tables import early_results
from postlude.store.jobs.tables import jobs
from postlude.store.journals.tables import incidents
from postlude.store.messages.tables import idempotency_keys
from postlude.store.privacy.tables import link_changes, tracking_choices, withdrawals
from postlude.store.segments.tables import segments

NAMING_TEXTS: Final[tuple[Column[Any], ...]] = (
    audit_log.c.who,
    audit_log.c.what,
    campaigns.c.audience,
    campaigns.c.problem,
    early_results.c.result,
    idempotency_keys.c.answer,
    idempotency_keys.c.name,
    incidents.c.text,
    jobs.c.title,
    jobs.c.options,
    jobs.c.error,
    link_changes.c.url,
    proofs.c.source,
    proofs.c.text,
    proofs.c.evidence,
    segments.c.expression,
    suppressions.c.evidence,
    tracking_choices.c.evidence,
    withdrawals.c.evidence,
)


def rename_in_texts(connection: Connection, address: str, pseudonym: str) -> None:
    """Write the pseudonym wherever one of these texts names the address, in whichever spelling, case or encoding."""
    named = may_name_pattern(address)
    for column in NAMING_TEXTS:
        key = tuple(column.table.primary_key)
        rows = select(*key, column)
        if not isinstance(column.type, JSON):  # JSON may write a letter as its number: it is read to be looked at
            rows = rows.where(column.regexp_match(named))
        for *place, value in connection.execute(rows).all():
            changed = _renamed(value, address, pseudonym)
            if changed != value:
                same = [one == part for one, part in zip(key, place, strict=True)]
                connection.execute(update(column.table).where(*same).values({column.name: changed}))


def _renamed(value: Any, address: str, pseudonym: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return without_address(value, address, pseudonym)
    if isinstance(value, list):
        return [_renamed(each, address, pseudonym) for each in value]
    if isinstance(value, dict):
        return {name: _renamed(each, address, pseudonym) for name, each in value.items()}
    return value
