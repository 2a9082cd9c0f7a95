"""What the columns of a file mean, as people's files have them."""

import pytest

from postlude.model.errors import InputError
from postlude.services.contacts.columns import EXPORTED, Columns, find_columns
from support.processor import bounded_processor_time


def columns(*rows: str, **mapping: str) -> Columns:
    """Of rows written as `a;b;c`."""
    return find_columns([row.split(";") for row in rows], mapping)


@pytest.mark.parametrize("title", ["Email", "E-Mail", "e-mail address", "Correo electrónico", "メールアドレス", "邮箱"])
def test_the_address_column_is_found_by_its_heading(title: str) -> None:
    assert columns(f"Name;{title}", "Ada;ada@example.org").email == 1


def test_the_address_column_is_found_by_what_is_in_it() -> None:
    assert columns("Name;Contact", "Ada;ada@example.org").email == 1


def test_a_heading_counts_less_than_addresses() -> None:
    found = columns("Mail;Reach", "by post;ada@example.org", "by van;bob@example.org")
    assert found.email == 1
    assert found.fields == {0: "mail"}


def test_a_file_may_have_no_headings() -> None:
    found = columns("ada@example.org;London", "bob@example.org;Paris")
    assert not found.header
    assert found.names == ("column 1", "column 2")
    assert found.fields == {1: "column_2"}


def test_a_row_that_is_longer_than_the_headings_gets_a_column() -> None:
    assert columns("Email", "ada@example.org;London").names == ("Email", "column 2")


def test_what_is_no_field_of_ours_is_a_custom_field_with_a_name_for_templates() -> None:
    assert columns("Email;Favourite Colour!", "a@example.org;red").fields == {1: "favourite_colour"}


def test_two_columns_of_one_name_stay_apart() -> None:
    assert columns("Email;City;city;CITY", "a@example.org;x;y;z").fields == {1: "city", 2: "city_2", 3: "city_3"}


def test_given_and_family_names_are_known() -> None:
    found = columns("Vorname;Nachname;Email", "Ada;Lovelace;a@example.org")
    assert found.given == 0
    assert found.family == 1


def test_a_mapping_says_what_a_column_is() -> None:
    found = find_columns([["Email", "Code"], ["a@example.org", "x"]], {"code": "tags"})
    assert found.tags == 1
    assert found.target(1) == "tags"


def test_a_mapping_may_count_columns() -> None:
    assert find_columns([["a@example.org", "x"]], {"#2": "nick"}).fields == {1: "nick"}


def test_a_mapped_column_can_be_left_out() -> None:
    found = find_columns([["Email", "Secret"], ["a@example.org", "x"]], {"Secret": "-"})
    assert found.fields == {}
    assert found.target(1) == "-"


def test_a_mapping_of_a_column_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InputError, match=r"no column 'Mial'.*'Email', 'City'"):
        find_columns([["Email", "City"]], {"Mial": "email"})


def test_two_columns_cannot_both_be_the_address() -> None:
    with pytest.raises(InputError, match="two columns are mapped to email"):
        find_columns([["A", "B"]], {"A": "email", "B": "email"})


def test_a_file_without_addresses_is_refused_with_the_remedy() -> None:
    with pytest.raises(InputError, match="--map COLUMN=email"):
        columns("Name;City", "Ada;London")


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InputError, match="the file is empty"):
        find_columns([], {})


def test_our_own_export_is_read_as_it_was_written() -> None:
    found = find_columns([[*EXPORTED, "Shoe size"], ["a@example.org"]], {})
    assert found.exported
    assert found.lists == EXPORTED.index("lists")
    assert found.fields == {len(EXPORTED): "Shoe size"}


def test_a_mapping_makes_our_own_export_an_ordinary_file() -> None:
    found = find_columns([[*EXPORTED, "Shoe size"], ["a@example.org"]], {"Shoe size": "-"})
    assert not found.exported
    assert found.lists == -1
    assert "lists" not in found.fields.values()


def test_what_mailchimp_adds_of_its_own_is_left_out() -> None:
    found = columns("Email Address;LEID;EUID;LATITUDE;Town", "a@example.org;1;2;3;Ulm")
    assert found.fields == {4: "town"}


def test_what_a_column_is_costs_the_same_however_many_there_are() -> None:
    wide = find_columns([["email", *map(str, range(50_000))], ["a@b.example", *["x"] * 50_000]], {})
    with bounded_processor_time():
        assert {wide.target(number) for number in range(1, 50_001)} == {str(number) for number in range(50_000)}
