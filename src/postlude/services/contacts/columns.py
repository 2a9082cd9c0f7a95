"""Meaning of a file's columns: the address column is found by name or content, the rest are custom fields."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from postlude.model.address import AddressError, read_mailbox
from postlude.model.contact_fields import CONTACT_FIELDS, FIELD_NAMES
from postlude.model.errors import InputError
from postlude.services.contacts.wish_columns import WISHES, is_doubtful, perhaps, wish_of_heading

_NOISE: Final = re.compile(r"\W+")
_ADDRESS: Final = frozenset(
    re.findall(
        r"\w+",
        "email e_mail mail emailaddress email_address e_mail_address mailaddress mail_address e_mail_adresse "
        "mailadresse email_adresse emailadresse correo correo_electronico correo_electrónico adresse_email "
        "adresse_e_mail adresse_mail courriel indirizzo_email posta_elettronica endereço_de_email エメール メール "
        "メールアドレス 邮箱 电子邮件 почта e_mail_1_value primary_email",
    )
)
_GIVEN: Final = frozenset(("first_name", "firstname", "given_name", "vorname", "prénom", "prenom"))
_FAMILY: Final = frozenset(("last_name", "lastname", "surname", "family_name", "nachname"))
_TAGS: Final = frozenset(("tags", "tag", "labels"))


_ONCE: Final = ("email", *FIELD_NAMES, "tags")
TARGETS: Final = (*_ONCE, *WISHES)
"""What a column can be beside a custom field."""
_KNOWN_HERE: Final = ("lists", "consent", "source", "created", "mailings", "opens_consent", "clicks_consent")
EXPORTED: Final = (*_ONCE, *_KNOWN_HERE)
"""Columns of our own export; behind them come the custom fields."""
_EXPORTS: Final = (EXPORTED, EXPORTED[:-2], EXPORTED[:-3])
"""As this version and those before it began an export."""
_OWN_WISHES: Final = {
    "consent": "consent",
    "mailings": "mailings",
    "opens_consent": "opens_consent",
    "clicks_consent": "clicks_consent",
}
"""Columns of an export that state a wish, and how they are read."""
_SUPPRESSIONS: Final = ("email", "reason", "since", "by", "note", "ends")
_MAILCHIMP: Final = frozenset(("leid", "euid"))
_TECHNICAL: Final = frozenset(
    re.findall(
        r"\w+",
        "leid euid member_rating optin_time optin_ip confirm_time confirm_ip latitude longitude gmtoff dstoff cc "
        "region last_changed",
    )
)
"""What Mailchimp adds to its audience's own fields."""


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Indices of columns; -1 where there is none."""

    header: bool
    """The first row names the columns."""
    names: tuple[str, ...]
    """As they are shown: the header's, or `column 1` ..."""
    email: int
    own: dict[str, int] = {}
    """Columns of CONTACT_FIELDS by the field's name."""
    given: int = -1
    family: int = -1
    tags: int = -1
    fields: dict[int, str] = {}
    """Custom fields by column."""
    wishes: dict[int, str] = {}
    """Columns that state a wish, by what of WISHES they are."""
    doubtful: tuple[int, ...] = ()
    """Custom fields such as `status`: a cell that says `unsubscribed` is a wish all the same."""
    exported: bool = False
    """It is our own export: cells are exactly what was stored."""
    lists: int = -1
    consent: int = -1
    source: int = -1
    created: int = -1
    mailings: int = -1

    def stated(self) -> dict[int, str]:
        """As `wishes`, also of a file that an older version looked at."""
        older = {self.consent: "consent", self.mailings: "mailings"}
        return {number: wish for number, wish in (older | self.wishes).items() if number >= 0}

    def target(self, number: int) -> str:
        """What a column is, in the words of `mapping`."""
        own = {self.email: "email", self.tags: "tags", **{column: name for name, column in self.own.items()}}
        exact = {self.lists: "lists", self.source: "source", self.created: "created"} if self.exported else {}
        # One after the other: a file may have 50,000 columns, and each of them is asked for.
        return own.get(number) or self.wishes.get(number) or self.fields.get(number) or exact.get(number, "-")


def find_columns(rows: Sequence[Sequence[str]], mapping: Mapping[str, str], *, wishes: bool = True) -> Columns:
    """Read the first rows of a file; InputError when no column has addresses, or `mapping` names one that is not there.

    `mapping`: header text or `#2` -> one of TARGETS, a custom field's name, or `-` to leave out. Without `wishes`
    columns that state a wish are custom fields.
    """
    if not rows:
        raise InputError("the file is empty")
    first = [cell.strip() for cell in rows[0]]
    header = not any(_is_address(cell) for cell in first)
    width = max(len(row) for row in rows)
    shown = tuple((first[n] if header and n < len(first) else "") or f"column {n + 1}" for n in range(width))
    targets = _targets(shown, mapping)
    ours = next((names for names in _EXPORTS if header and tuple(first[: len(names)]) == names), ())
    if ours and all(target == _exported(shown, ours).target(n) for n, target in targets.items()):
        return _exported(shown, ours)
    if wishes and tuple(first[: len(_SUPPRESSIONS)]) == _SUPPRESSIONS:
        raise InputError("this is an export of suppressed addresses: import it with `postlude suppressions import`")
    targets = _ordinary(shown, ours) | targets
    body = rows[1:] if header else rows
    if "email" not in targets.values():
        targets[_address_column(shown, body, set(targets))] = "email"
    found, fields, stated = _parted(shown, body, targets, wishes=wishes)
    words = {name: number for number, name in fields.items()}
    given = next((words[w] for w in words if w in _GIVEN), -1)
    family = next((words[w] for w in words if w in _FAMILY), -1)
    return Columns(
        header=header,
        names=shown,
        email=found["email"],
        own={name: found[name] for name in FIELD_NAMES if name in found},
        given=given,
        family=family,
        tags=found.get("tags", -1),
        fields=fields,
        wishes=stated,
        doubtful=tuple(n for n, name in fields.items() if wishes and name == _word(shown[n]) and is_doubtful(name)),
    )


def _parted(
    shown: Sequence[str], body: Sequence[Sequence[str]], targets: Mapping[int, str], *, wishes: bool
) -> tuple[dict[str, int], dict[int, str], dict[int, str]]:
    """The columns that are known, custom fields, and those that state a wish."""
    found: dict[str, int] = {}
    fields: dict[int, str] = {}
    stated: dict[int, str] = {}
    taken: set[str] = set()
    for number, title in enumerate(shown):
        cells = [row[number] for row in body if number < len(row)] if wishes else ()
        target = targets.get(number) or _guessed(_word(title), found, cells, wishes=wishes)
        if target in _ONCE:
            found[target] = number
        elif target in WISHES:
            stated[number] = target
        elif target != "-":
            fields[number] = _unused(_word(target) or f"column_{number + 1}", taken)
    return found, fields, stated


def _ordinary(shown: Sequence[str], ours: Sequence[str]) -> dict[int, str]:
    """What columns of another program, or of our own export that is read as an ordinary file, are known to be."""
    known = {name: _OWN_WISHES.get(name, "-") for name in _KNOWN_HERE}
    found = {number: known[name] for number, name in enumerate(ours) if name in known}
    if {_word(title) for title in shown} >= _MAILCHIMP:
        found |= {n: "-" for n, title in enumerate(shown) if _word(title) in _TECHNICAL}
    return found


def _exported(shown: tuple[str, ...], ours: tuple[str, ...]) -> Columns:
    """Of our own export, which begins with the columns `ours`."""
    at = {name: number for number, name in enumerate(ours)}
    return Columns(
        header=True,
        names=shown,
        email=at["email"],
        own={name: at[name] for name in FIELD_NAMES},
        tags=at["tags"],
        lists=at["lists"],
        wishes={at[name]: wish for name, wish in _OWN_WISHES.items() if name in at},
        source=at["source"],
        created=at["created"],
        fields={number: shown[number] for number in range(len(ours), len(shown))},
        exported=True,
    )


def _targets(shown: Sequence[str], mapping: Mapping[str, str]) -> dict[int, str]:
    by_name = {title.lower(): number for number, title in reversed(list(enumerate(shown)))}
    by_name |= {f"#{number + 1}": number for number in range(len(shown))}
    found = {}
    for column, target in mapping.items():
        number = by_name.get(column.strip().lower())
        if number is None:
            raise InputError(f"there is no column {column!r}: the file has {', '.join(map(repr, shown))}")
        found[number] = target.strip()
    doubled = [t for t in _ONCE if list(found.values()).count(t) > 1]
    if doubled:
        raise InputError(f"two columns are mapped to {doubled[0]}")
    return found


def _address_column(shown: Sequence[str], body: Sequence[Sequence[str]], mapped: set[int]) -> int:
    free = [number for number in range(len(shown)) if number not in mapped]
    counts = {n: sum(_is_address(row[n]) for row in body if n < len(row)) for n in free}
    named = [number for number in free if _word(shown[number]) in _ADDRESS]
    if named and (not body or counts[named[0]]):
        return named[0]
    best = max(free, key=lambda number: counts[number], default=-1)
    if best >= 0 and counts[best]:
        return best
    if named:
        return named[0]
    raise InputError(
        f"no column has addresses: the file has {', '.join(map(repr, shown))}. Say which with --map COLUMN=email"
    )


def _guessed(word: str, found: Mapping[str, int], cells: Sequence[str], *, wishes: bool) -> str:
    for target, words in (*((field.name, field.headings) for field in CONTACT_FIELDS), ("tags", _TAGS)):
        if word in words and target not in found:
            return target
    return ((wish_of_heading(word) or perhaps(word, cells)) if wishes else "") or word


def _unused(word: str, taken: set[str]) -> str:
    number, name = 2, word
    while name in taken:
        number, name = number + 1, f"{word}_{number}"
    taken.add(name)
    return name


def _word(title: str) -> str:
    """`E-Mail Address` as a name that templates can use: `e_mail_address`."""
    return _NOISE.sub("_", title.strip().lower()).strip("_")


def _is_address(text: str) -> bool:
    try:
        read_mailbox(text)
    except AddressError:
        return False
    return True
