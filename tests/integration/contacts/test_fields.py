"""A field of CONTACT_FIELDS is known everywhere: each of its rows is tried on every way in and out."""

import io
from pathlib import Path
from typing import Any

import click
import pytest

from postlude.cli.contacts.contacts import add as add_command
from postlude.cli.contacts.contacts import edit as edit_command
from postlude.kit.clock import SystemClock
from postlude.model.contact_fields import CONTACT_FIELDS, ContactField, read_field
from postlude.model.errors import InputError
from postlude.services.contacts import contacts as service
from postlude.services.contacts.columns import find_columns
from postlude.services.contacts.import_job import ImportOrder
from postlude.services.privacy.known_contact import contact_lines
from postlude.store import Store
from postlude.store.contacts.rows import Contact
from postlude.store.contacts.tables import contacts

from .conftest import Write, imported

CLOCK = SystemClock()
EVERY = pytest.mark.parametrize("field", CONTACT_FIELDS, ids=lambda field: field.name)


def value_of(field: ContactField) -> str:
    return field.example or "Some text"


def given(field: ContactField, value: str) -> dict[str, Any]:
    """The keyword that gives it a value."""
    return {field.name: value}


def kept(store: Store) -> Contact:
    (contact,) = store.contacts.page()
    return contact


@EVERY
def test_a_contact_has_it(field: ContactField) -> None:
    assert field.name in Contact.__struct_fields__
    assert field.name in contacts.c


@EVERY
def test_it_is_added_and_shown(store: Store, field: ContactField) -> None:
    contact = service.add_contact(store, CLOCK, "bob@example.com", **given(field, f" {value_of(field)} "))
    assert service.contact_json(store, contact)[field.name] == value_of(field)


@EVERY
def test_who_asks_what_is_stored_is_told_it(store: Store, field: ContactField) -> None:
    service.add_contact(store, CLOCK, "bob@example.org", **given(field, value_of(field)))
    assert value_of(field) in "\n".join(contact_lines(store, "bob@example.org"))


@EVERY
def test_it_is_changed_and_taken_away(store: Store, field: ContactField) -> None:
    contact = service.add_contact(store, CLOCK, "bob@example.com", **given(field, value_of(field)))
    assert getattr(service.edit_contact(store, CLOCK, contact, **given(field, "")), field.name) == ""


@EVERY
def test_an_export_brings_it_back(store: Store, tmp_path: Path, field: ContactField) -> None:
    contact = service.add_contact(store, CLOCK, "bob@example.com", **given(field, value_of(field)))
    out = io.StringIO()
    service.export_contacts(store, out)
    service.erase_contact(store, CLOCK, contact)
    (tmp_path / "out.csv").write_text(out.getvalue(), encoding="utf-8")
    imported(store, ImportOrder(file=str(tmp_path / "out.csv")))
    assert getattr(kept(store), field.name) == value_of(field)


@pytest.mark.parametrize(
    ("field", "heading"), [(field, heading) for field in CONTACT_FIELDS for heading in sorted(field.headings)]
)
def test_a_files_column_is_found_by_its_heading(
    store: Store, written: Write, field: ContactField, heading: str
) -> None:
    imported(store, written(f"email,{heading}\nbob@example.com,{value_of(field)}\n"))
    assert getattr(kept(store), field.name) == value_of(field)
    assert kept(store).fields == {}


@EVERY
def test_a_second_import_fills_what_was_empty(store: Store, written: Write, field: ContactField) -> None:
    service.add_contact(store, CLOCK, "bob@example.com")
    imported(store, written(f"email,{field.name}\nbob@example.com,{value_of(field)}\n", policy="fill"))
    assert getattr(kept(store), field.name) == value_of(field)


@EVERY
@pytest.mark.parametrize("command", [add_command, edit_command], ids=["add", "edit"])
def test_the_command_line_has_an_option(field: ContactField, command: click.Command) -> None:
    assert f"--{field.name.replace('_', '-')}" in {option for each in command.params for option in each.opts}


@EVERY
def test_a_column_can_be_mapped_to_it(field: ContactField) -> None:
    columns = find_columns([["email", "x"], ["bob@example.com", "y"]], {"x": field.name})
    assert columns.target(1) == field.name


def test_what_it_cannot_be_is_refused_with_the_remedy(store: Store) -> None:
    with pytest.raises(InputError, match="write one such as Europe/Berlin"):
        service.add_contact(store, CLOCK, "bob@example.com", time_zone="Atlantis")


@EVERY
def test_nothing_is_nothing(field: ContactField) -> None:
    assert read_field(field, "  ") == ""
