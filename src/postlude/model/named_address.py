"""Whether a text names an address: that one, and not another that ends with the same letters.

Also where it stands in Base64, or with its signs escaped, without a word about it.
"""

import re
from functools import lru_cache
from typing import Final

from postlude.model.domain_name import spellings
from postlude.model.encoded_forms import BASE64_RUN, any_form, base64_readings, escaped_form

# Before it: no letter of a longer local part. What JSON, quoted-printable and URLs write for one character is none.
_BEGINS: Final = (
    r"(?:(?<![\w.+-])|(?<=[^\w.+-][.+-])|(?<=^[.+-])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4})|(?<=[=%][0-9a-f]{2}))"
)
_ENDS: Final = r"(?![\w-]|\.\w)"


@lru_cache(64)
def naming_pattern(address: str) -> re.Pattern[str]:
    """Finds the address in either spelling of its domain and any case."""
    return re.compile(
        rf"{_BEGINS}(?:{'|'.join(map(escaped_form, spellings(address)))}){_ENDS}", re.IGNORECASE | re.MULTILINE
    )


def may_name_pattern(address: str) -> str:
    """A wider pattern for databases: all that `names_address` finds, and some that it does not."""
    return any_form(spellings(address))


@lru_cache(64)
def _may_name(address: str) -> re.Pattern[str]:
    return re.compile(may_name_pattern(address))


def names_address(text: str, address: str) -> bool:
    """Whether `text` names `address`."""
    if _may_name(address).search(text) is None:  # looks at nothing before the address, so it is the faster one
        return False
    named = naming_pattern(address)
    if named.search(text) is not None:
        return True
    return any(named.search(reading) is not None for reading in base64_readings(text, spellings(address)))


def without_address(text: str, address: str, instead: str) -> str:
    """The text with `instead` wherever it names the address; of Base64 that does, the whole run."""

    def replaced(run: re.Match[str]) -> str:
        whole = run[0]
        if not names_address(whole, address):
            return whole
        return whole[: len(whole) - len(whole.lstrip())] + instead + whole[len(whole.rstrip()) :]

    shown = naming_pattern(address).sub(instead, text)
    return BASE64_RUN.sub(replaced, shown) if names_address(shown, address) else shown
