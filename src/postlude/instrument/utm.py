"""UTM and other query parameters, added before the fragment and never over existing ones; independent of tracking."""

import re
from typing import Final
from urllib.parse import quote, unquote_plus

from postlude.instrument.url import host_of
from postlude.model.errors import InputError

PLACES: Final = ("campaign", "host", "label", "link_label", "position")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_BLANKS: Final = re.compile(r"\s+")


class Utm:
    """Adds parameters by template: `{host}`, `{label}` and `{position}` of the link are filled in, percent-encoded."""

    def __init__(self, parameters: tuple[tuple[str, str], ...]) -> None:
        self._parameters: Final = parameters

    def add(self, url: str, label: str, position: int) -> str:
        """The URL with every parameter it has not got yet; all its own bytes stay. Empty values are left out."""
        before, hash_, fragment = url.partition("#")
        base, question, query = before.partition("?")
        present = {unquote_plus(pair.partition("=")[0]) for pair in re.split("[&;]", query)} if query else set()
        fields = {"host": host_of(url), "label": label, "link_label": label, "position": str(position), "campaign": ""}
        added = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}"
            for name, template in self._parameters
            if name not in present and (value := _fill(template, fields))
        )
        if not added:
            return url
        glue = "" if not query or query.endswith("&") else "&"
        path = base if question or "/" in base.partition("://")[2] else base + "/"
        return f"{path}?{query}{glue}{added}{hash_}{fragment}"


def utm_parameters(template: str, campaign: str = "") -> tuple[tuple[str, str], ...]:
    """`utm_source=mail&utm_campaign={campaign}&utm_content={link_label}` as `Policy.utm` wants it.

    `{campaign}` is filled in here; InputError for an invalid list.
    """
    parameters = []
    for pair in (each.strip() for each in template.strip().lstrip("?").split("&")):
        if not pair:
            continue
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or _PLACE.search(name):
            raise InputError(f"{pair!r} is not a valid parameter; write utm_source=mail&utm_campaign={{campaign}}")
        for place in _PLACE.findall(value):
            if place not in PLACES:
                raise InputError(
                    f"{{{place}}} in {pair!r} is unknown; there are {', '.join(f'{{{p}}}' for p in PLACES)}"
                )
        value = unquote_plus(value).strip()
        if value == "{campaign}" and not campaign:
            continue
        parameters.append((unquote_plus(name.strip()), value.replace("{campaign}", campaign)))
    return tuple(parameters)


def _fill(template: str, fields: dict[str, str]) -> str:
    """One pass, so that a label that reads `{host}` stays what it is."""
    return _PLACE.sub(lambda match: _BLANKS.sub(" ", fields.get(match[1], match[0])), template)
