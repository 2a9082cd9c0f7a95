"""What is stored about a recipient besides mail: contact, consent with proofs, lists, and unmatched findings."""

from collections.abc import Collection, Iterator, Mapping

from postlude.kit.clock import to_iso
from postlude.model.contact_fields import FIELD_NAMES
from postlude.services.privacy.other_people import told_facts
from postlude.store import Store, Unmatched
from postlude.store.contacts.rows import ConsentEntry, Contact, Membership


def contact_lines(store: Store, address: str) -> list[str]:
    """Everything stored about the contact with this address, as readable lines; empty when there is none."""
    contact = store.contacts.by_address(address)
    if contact is None:
        return []
    names = {one.id: one.name for one in store.lists.every()}
    lines = ["You are a contact:", *_own(contact)]
    if tags := store.contacts.tags_of([contact.id]).get(contact.id):
        lines.append(f"  tags: {', '.join(tags)}")
    lines += [_membership(names, one) for one in store.lists.memberships(contact.id)]
    log = store.contacts.consent_log(contact.id)
    if log:
        lines += ["", "Your consent, with its proof:", *map(_consent, log)]
    return [*lines, ""]


def question_lines(found: list[Unmatched], address: str, copies: Collection[int]) -> list[str]:
    """Unmatched findings that name the address or were for it, decided or not; of mail by others only that it is there.

    `copies`: those that went to the address.
    """
    if not found:
        return []
    lines = [_question(one, told_facts(one.kind, one.facts, address, of_a_copy=one.copy in copies)) for one in found]
    return ["Returned mail that could not be matched automatically:", *lines, ""]


def _own(contact: Contact) -> Iterator[str]:
    yield f"  address: {contact.spelled}"
    for name in FIELD_NAMES:
        if value := getattr(contact, name):
            yield f"  {name.replace('_', ' ')}: {value}"
    for name, value in contact.fields.items():
        yield f"  {name}: {value}"
    if contact.source:
        yield f"  where from: {contact.source}"
    yield f"  since: {to_iso(contact.created_at)}, last changed {to_iso(contact.updated_at)}"


def _membership(names: dict[int, str], one: Membership) -> str:
    times = (("asked", one.asked_at), ("subscribed", one.subscribed_at), ("unsubscribed", one.unsubscribed_at))
    reported = [f"{word} {to_iso(at)}" for word, at in times if at is not None]
    source = [f"by {one.source}"] if one.source else []
    return f"  list {names.get(one.list, 'deleted since')}: {', '.join([one.status.value, *reported, *source])}"


def _consent(one: ConsentEntry) -> str:
    proof = one.proof
    words = {"how": proof.how, "where": proof.source, "text": proof.text, "with": proof.evidence, "by": proof.by}
    state = one.state.value or "unknown"
    return f"  {to_iso(one.at)}  {one.purpose.value}: {state}{_reported(words)}"


def _question(one: Unmatched, facts: Mapping[str, str]) -> str:
    return f"  {to_iso(one.at)}  {one.kind or one.reason} ({one.state}){_reported(facts)}"


def _reported(words: Mapping[str, str]) -> str:
    """A further line with what there is."""
    reported = "; ".join(f"{name}: {' '.join(value.split())}" for name, value in words.items() if value)
    return f"\n      {reported}" if reported else ""
