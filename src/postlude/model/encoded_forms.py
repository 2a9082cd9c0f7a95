"""How a word may stand in a text that does not show it: in Base64, or with its signs escaped.

The regular expressions are of the kind that Python, PostgreSQL and DuckDB read alike, so they look at nothing before or
behind the word. Case does not matter, in Base64 either: a sign's case is one bit.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final

_ALPHABET: Final = ascii_uppercase + ascii_lowercase + digits + "+/"
_LEAST: Final = 6
"""Bytes of a word that is looked for in Base64: shorter ones stand in any."""
_SPECIAL: Final = frozenset(r".^$*+?{}[]\|()")
_BREAK: Final = r"(?:\r?\n[ \t]*|\\r\\n|\\n)?"  # also as JSON writes it
_LINE_END: Final = re.compile(r"\r?\n[ \t]*|\\r\\n|\\n")
_BLANK_LINE: Final = re.compile(r"(?:(?:\r?\n[ \t]*|\\r\\n|\\n)){2,}")
BASE64_RUN: Final = re.compile(r"(?:[A-Za-z0-9+/_-]|%2[BbFf]|\r?\n[ \t]*|\\r\\n|\\n)+={0,2}")
"""Whatever may be Base64, of any length, with its line ends."""
_PLUS_OR_SLASH: Final = re.compile(r"[+/]")
_PADDING: Final = "="
_BESIDE: Final = 60
"""Characters on either side of a word that are read with it."""
_ANY: Final = frozenset(range(256))
_ELSEWHERE: Final = {"+": ("[+-]", "%2[Bb]"), "/": ("[/_]", "%2[Ff]")}


def escaped_form(word: str) -> str:
    """A pattern of the word as it is, and with signs as URLs, HTML, JSON and quoted-printable write them."""
    return "".join(map(_character, word))


@lru_cache(64)
def any_form(words: tuple[str, ...]) -> str:
    """A pattern of any of the words in any form."""
    forms = [escaped_form(word) for word in words]
    return "|".join([*forms, *(form for word in words for form in _base64_forms(word))])


def base64_readings(text: str, words: tuple[str, ...]) -> Iterator[str]:
    """What Base64 says around each place where it may hold one of the words."""
    pattern = _base64_pattern(words)
    for match in pattern.finditer(text) if pattern is not None else ():
        around = text[max(0, match.start() - _BESIDE) : match.end() + _BESIDE]
        for run in BASE64_RUN.finditer(around):
            yield from _readings(run[0])


def _readings(run: str) -> Iterator[str]:
    signs = run.replace("%2B", "+").replace("%2b", "+").replace("%2F", "/").replace("%2f", "/")
    for part in _BLANK_LINE.split(signs):
        lines = [line for line in _LINE_END.split(part.strip()) if line]
        # A line that is not made of groups of four leads to the Base64 below it.
        first = max((at + 1 for at, line in enumerate(lines[:-1]) if len(line) % 4), default=0)
        for some in (lines, lines[first:]) if first else (lines,):
            yield from _of_each_beginning("".join(some))


def _of_each_beginning(signs: str) -> Iterator[str]:
    """Where the Base64 begins is not known: a path, a key or another value may lead to it."""
    plain = signs.replace("-", "+").replace("_", "/")
    for start in sorted({0, 1, 2, 3, *(sign.end() for sign in _PLUS_OR_SLASH.finditer(plain))}):
        part = plain[start:].rstrip(_PADDING)
        part = part[: len(part) - (len(part) % 4 == 1)]
        yield b64decode(part + _PADDING * (-len(part) % 4)).decode("utf-8", "replace")


@lru_cache(64)
def _base64_pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    forms = [form for word in words for form in _base64_forms(word)]
    return re.compile("|".join(forms)) if forms else None


def _base64_forms(word: str) -> Iterator[str]:
    """A pattern for each of the three places a word may begin at within a group of three bytes."""
    known = [cases for character in word for cases in _bytes(character)]
    if len(known) < _LEAST:
        return
    for skipped in range(3):
        cells: list[frozenset[int]] = [_ANY] * skipped + known
        cells += [_ANY] * (-len(cells) % 3)
        signs = [sign for at in range(0, len(cells), 3) for sign in _signs(*cells[at : at + 3])]
        yield _BREAK.join(map(_sign, (sign for sign in signs if sign)))


def _bytes(character: str) -> list[frozenset[int]]:
    """What each byte of a sign may be in either case."""
    forms = [form.encode() for form in dict.fromkeys((character, character.lower(), character.upper()))]
    return [frozenset(each) for each in zip(*(form for form in forms if len(form) == len(forms[0])), strict=True)]


def _signs(first: frozenset[int], second: frozenset[int], third: frozenset[int]) -> Iterator[frozenset[int]]:
    """What the four characters of three bytes may be; empty for one that unknown bytes decide as well."""
    yield _if_known(first) and frozenset(one >> 2 for one in first)
    yield (_if_known(first) and _if_known(second)) and frozenset(
        (one & 3) << 4 | two >> 4 for one in first for two in second
    )
    yield (_if_known(second) and _if_known(third)) and frozenset(
        (two & 15) << 2 | three >> 6 for two in second for three in third
    )
    yield _if_known(third) and frozenset(three & 63 for three in third)


def _if_known(byte: frozenset[int]) -> frozenset[int]:
    return frozenset() if byte is _ANY else byte


def _sign(values: frozenset[int]) -> str:
    """A pattern of one character, in either alphabet of Base64; of URLs also as its number."""
    found = sorted(_ALPHABET[value] for value in values)
    plain = "".join(sign for sign in found if sign.isalnum())
    others = [form for sign in found for form in _ELSEWHERE.get(sign, ())]
    if not others:
        return plain if len(plain) == 1 else f"[{plain}]"
    return "(?:" + "|".join([*([f"[{plain}]"] if plain else []), *others]) + ")"


def _character(character: str) -> str:
    """A pattern of one character of a word."""
    forms = dict.fromkeys((character, character.lower(), character.upper()))
    if character.isascii() and character.isalnum():
        return f"[{''.join(forms)}]" if len(forms) > 1 else character
    found = []
    for form in forms:
        number = f"{ord(form):x}" if len(form) == 1 else ""
        found += [f"\\{form}" if form in _SPECIAL else form, "".join(f"%(?:25)?{_hex(byte)}" for byte in form.encode())]
        found += ["".join(f"={_hex(byte)}" for byte in form.encode())]
        if number:
            found += [
                f"&#0*{ord(form)};",
                f"&#[xX]0*{_hex_digits(number)};",
                rf"\\u{_hex_digits(number.rjust(4, '0'))}",
            ]
    return f"(?:{'|'.join(dict.fromkeys(found))})"


def _hex(byte: int) -> str:
    return _hex_digits(f"{byte:02x}")


def _hex_digits(text: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in text)
