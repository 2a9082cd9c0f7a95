"""Finding addresses by their domain as people see it: stored are A-labels, shown is `münchen.example`."""

from sqlalchemy import Column, ColumnElement, and_, or_, select

from postlude.model.domain_name import address_key, shown_domain
from postlude.store.engine import Database


def address_holds(database: Database, column: Column[str], search: str) -> ColumnElement[bool]:
    """Condition: the address in `column` contains `search`, in DNS spelling or as shown.

    A part of a name in another script has no A-label, so all stored domains are compared.
    """
    text = search.strip().lower()
    found = [column.contains(address_key(text), autoescape=True)]
    local, at, part = text.rpartition("@")
    if not part.isascii():
        ends = and_(column.like("%@%xn--%"), column.contains(local + at, autoescape=True))
        with database.read() as connection:
            domains = {row[0].rpartition("@")[2] for row in connection.execute(select(column).where(ends))}
        for domain in sorted(domains):
            shown = shown_domain(domain)
            if shown.startswith(part) if at else part in shown:
                found.append(column.endswith(f"{local if at else ''}@{domain}", autoescape=True))
    return or_(*found)
