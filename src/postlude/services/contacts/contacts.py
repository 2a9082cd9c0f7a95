"""Validate, store and show single contacts; export all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Final

from postlude.kit.clock import Clock, to_iso
from postlude.kit.csv_table import CsvTable
from postlude.kit.ids import id_text
from postlude.model.address import read_mailbox
from postlude.model.contact_fields import CONTACT_FIELDS, FIELD_NAMES, read_field
from postlude.model.errors import InputError
from postlude.model.words import Consent, Purpose
from postlude.services.contacts.cell_words import words_text
from postlude.services.contacts.columns import EXPORTED
from postlude.services.contacts.wish_columns import states_a_wish
from postlude.store import Store
from postlude.store.contacts.rows import Contact, Membership

_PAGE: Final = 2000


def add_contact(
    store: Store,
    clock: Clock,
    text: str,
    *,
    fields: Mapping[str, str] | None = None,
    source: str = "by hand",
    **own: str | None,
) -> Contact:
    """Add a contact from an address as people write it; InputError when it is none or is there already.

    `own` are values of CONTACT_FIELDS as they were given; None: not given.
    """
    mailbox = read_mailbox(text)
    _check_fields(fields or {})
    values = _own(own)
    values["name"] = values.get("name") or mailbox.name
    return store.contacts.add(mailbox.spelled, clock.now(), fields=dict(fields or {}), source=source, **values)


def edit_contact(
    store: Store,
    clock: Clock,
    contact: Contact,
    *,
    address: str = "",
    fields: Mapping[str, str] | None = None,
    **own: str | None,
) -> Contact:
    """Change what is given; a field with an empty value is taken away. `own` as in `add`."""
    changes: dict[str, Any] = _own(own)
    if address:
        changes["spelled"] = read_mailbox(address).spelled
    if fields:
        _check_fields({name: value for name, value in fields.items() if contact.fields.get(name) != value})
        merged = {**contact.fields, **fields}
        changes["fields"] = {key: value for key, value in merged.items() if value != ""}
    return store.contacts.change(contact.id, clock.now(), **changes) if changes else contact


def erase_contact(store: Store, clock: Clock, contact: Contact) -> None:
    """Forget a contact: fields, lists, tags, consent. Who must not be mailed is not mailed when it comes back."""
    store.contacts.erase(contact.id, clock.now())


def set_tags(store: Store, contact: Contact, add_tags: Iterable[str], remove_tags: Iterable[str] = ()) -> None:
    """Tag and untag; taking off a tag that is not there changes nothing."""
    for name in add_tags:
        store.contacts.tag_contact(store.contacts.tag(name), contact.id)
    for name in remove_tags:
        tag = store.contacts.find_tag(name)
        if tag is not None:
            store.contacts.untag_contact(tag, contact.id)


def set_consent(
    store: Store, clock: Clock, contact: Contact, states: Mapping[Purpose, Consent], *, source: str, by: str
) -> None:
    """Record consent that was given or withdrawn outside, with where that is known from."""
    if Consent.GIVEN in states.values() and not source.strip():
        raise InputError("state where and when it was given: consent needs a proof")
    store.contacts.record_consent(contact.id, states, clock.now(), how="by hand", source=source, by=by)


def _check_fields(fields: Mapping[str, str]) -> None:
    """InputError for a wish that is given as a custom field, where nothing would heed it."""
    if name := states_a_wish(fields):
        raise InputError(
            f"{name!r} states a wish, and a custom field is not heeded. Record it with `postlude contacts consent`, "
            "`contacts unsubscribe` or on the contact's page; or give the field another name"
        )


def _own(given: Mapping[str, str | None]) -> dict[str, Any]:
    """The given values of CONTACT_FIELDS, validated; InputError with the remedy."""
    assert given.keys() <= set(FIELD_NAMES), given
    try:
        return {
            field.name: read_field(field, text)
            for field in CONTACT_FIELDS
            if (text := given.get(field.name)) is not None
        }
    except ValueError as error:
        raise InputError(str(error)) from error


def export_contacts(store: Store, out: IO[str], *, search: str = "", list_id: int = 0, tag: int = 0) -> int:
    """Write contacts as CSV, one custom field a column, such as `import` reads; how many. Memory stays flat."""
    table = CsvTable(out)
    total = -1
    for row in contact_rows(store, search=search, list_id=list_id, tag=tag):
        table.writerow(row)
        total += 1
    return total


def contact_rows(store: Store, *, search: str = "", list_id: int = 0, tag: int = 0) -> Iterator[list[str]]:
    """The header and one row a contact, newest first."""
    return rows_of_pages(store, _pages(store, search, list_id, tag))


def rows_of_pages(store: Store, pages: Iterable[Sequence[Contact]]) -> Iterator[list[str]]:
    """The header and one row a contact, such as `import` reads."""
    names = store.contacts.fields()
    lists = {one.id: one.name for one in store.lists.every()}
    yield [*EXPORTED, *names]
    for page in pages:
        tags = store.contacts.tags_of(one.id for one in page)
        member = store.lists.subscriptions(one.id for one in page)
        ended = store.contacts.left_mailings(one.id for one in page)
        for contact in page:
            mine = words_text(sorted(lists[one] for one in member.get(contact.id, ()) if one in lists))
            own = (getattr(contact, name) for name in FIELD_NAMES)
            fixed = (contact.spelled, *own, words_text(tags.get(contact.id, ())), mine)
            row = (
                *fixed,
                str(contact.mail_consent),
                contact.source,
                to_iso(contact.created_at),
                ended.get(contact.id, ""),
                str(contact.opens_consent),
                str(contact.clicks_consent),
            )
            yield [*row, *(str(contact.fields.get(name, "")) for name in names)]


def _pages(store: Store, search: str, list_id: int, tag: int) -> Iterator[Sequence[Contact]]:
    before = 0
    while page := store.contacts.page(search, list_id=list_id, tag=tag, before=before, limit=_PAGE):
        yield page
        before = page[-1].id


def contact_json(store: Store, contact: Contact) -> dict[str, Any]:
    """Everything stored about a contact, with the public names."""
    lists = {one.id: one.name for one in store.lists.every()}
    suppression = store.suppressions.get(contact.address)
    return {
        "id": id_text(contact.id),
        "address": contact.spelled,
        "fields": contact.fields,
        **{name: getattr(contact, name) for name in FIELD_NAMES},
        "tags": store.contacts.tags_of([contact.id]).get(contact.id, []),
        "lists": [_membership(lists, one) for one in store.lists.memberships(contact.id)],
        "consent": {p.value: getattr(contact, f"{p.value}_consent").value or "unknown" for p in Purpose},
        "proofs": [
            {
                "purpose": one.purpose.value,
                "state": one.state.value,
                "at": to_iso(one.at),
                **{name: getattr(one.proof, name) for name in ("how", "source", "text", "evidence", "by")},
            }
            for one in store.contacts.consent_log(contact.id)
        ],
        "suppressed": suppression.reason if suppression else None,
        "left_mailings_at": to_iso(suppression.left_at) if suppression and suppression.left_at is not None else None,
        "asks_to_leave": bool(store.feedback.wishes_to_leave(contact.address)),
        "source": contact.source,
        "created_at": to_iso(contact.created_at),
        "updated_at": to_iso(contact.updated_at),
    }


def _membership(lists: Mapping[int, str], one: Membership) -> dict[str, Any]:
    times = {name: getattr(one, name) for name in ("asked_at", "subscribed_at", "unsubscribed_at")}
    return {
        "list": lists.get(one.list, id_text(one.list)),
        "status": one.status.value,
        "source": one.source,
        **{name: to_iso(at) if at is not None else None for name, at in times.items()},
    }
