"""The bundled lists, as data files beside this module: each says its date, source and licence.

`DATA/networks/NAME.txt` replaces one (`postlude networks`). The date is when the source was last checked, not when the
fact began.
"""

from importlib.resources import files
from typing import Final

_FOLDER: Final = files("postlude.classify") / "lists"

CRAWLERS: Final = "crawlers"
"""The one list that is not of networks but of user agents."""

NETWORK_LISTS: Final = (
    "google",
    "apple_egress",
    "microsoft_filtering",
    "barracuda",
    "proofpoint",
    "mimecast",
    "cisco",
    "hosting",
)


def bundled(name: str) -> str:
    """The text of a bundled list."""
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def head_of(text: str) -> dict[str, str]:
    """What the comments of a list say: `date`, `source`, `licence`; empty where they do not."""
    found = {"date": "", "source": "", "licence": ""}
    for line in text.splitlines():
        _, mark, comment = line.partition("#")
        key, _, value = comment.strip().partition(":")
        if mark and key in found:
            found[key] = value.strip()
    return found
