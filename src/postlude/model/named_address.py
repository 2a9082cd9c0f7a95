"""Whether a text names an address: that one, and not another that ends with the same letters."""

import re
from functools import lru_cache

from postlude.model.domain_name import spellings

# Before it: no letter of a longer local part. What JSON, quoted-printable and URLs write for one character is none.
_BEGINS = r"(?:(?<![\w.+-])|(?<=[^\w.+-][.+-])|(?<=^[.+-])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4})|(?<=[=%][0-9a-f]{2}))"
_ENDS = r"(?![\w-]|\.\w)"


@lru_cache(64)
def naming_pattern(address: str) -> re.Pattern[str]:
    """Finds the address in either spelling of its domain and any case."""
    return re.compile(
        rf"{_BEGINS}(?:{'|'.join(map(re.escape, spellings(address)))}){_ENDS}", re.IGNORECASE | re.MULTILINE
    )


def names_address(text: str, address: str) -> bool:
    """Whether `text` names `address`."""
    return naming_pattern(address).search(text) is not None
