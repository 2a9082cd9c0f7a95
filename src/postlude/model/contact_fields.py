"""The fields every contact has beside its address: one row each.

Import, export, forms, the command line and the table of contacts derive from these rows. What else a file brings is a
custom field.
"""

from typing import Final, NamedTuple, Protocol

from postlude.kit.time_zones import zone_name


class ReadValue(Protocol):
    """Reads the value of a field."""

    def __call__(self, text: str, /) -> str:
        """From the given text, stripped and not empty, to the stored value; ValueError with the remedy."""
        ...


class ContactField(NamedTuple):
    """One field. Its value is text; empty means that nothing is known."""

    name: str
    """Of the column, of the attribute of `Contact`, in files and, with dashes, of the command line's option."""
    label: str
    """On pages."""
    help: str
    """What it is, for the command line."""
    headings: frozenset[str]
    """Under which columns of files it is found, in lower case with underscores."""
    parse: ReadValue
    example: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONTACT_FIELDS: Final = (
    ContactField(
        "name",
        "Name",
        "The person's name.",
        _words("name full_name fullname display_name contact_name nom nombre 名前"),
        str,
    ),
    ContactField(
        "time_zone",
        "Zone",
        "IANA name, such as Europe/Berlin.",
        _words("time_zone timezone tz zeitzone"),
        zone_name,
        "Europe/Berlin",
    ),
)
FIELD_NAMES: Final = tuple(field.name for field in CONTACT_FIELDS)
EMPTY: Final = ("",) * len(CONTACT_FIELDS)
"""The values of a contact of whom nothing is known, in order."""


def read_field(field: ContactField, text: str) -> str:
    """The stored value of `text`; ValueError with the remedy."""
    text = text.strip()
    return field.parse(text) if text else ""
