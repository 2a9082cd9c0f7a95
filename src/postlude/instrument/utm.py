"""UTM and other query parameters, added before the fragment and never over existing ones; independent of tracking."""

from typing import Final
from urllib.parse import quote, unquote_plus

from postlude.instrument.url import host_of


class Utm:
    """Adds parameters by template: `{host}`, `{label}` and `{position}` of the link are filled in, percent-encoded."""

    def __init__(self, parameters: tuple[tuple[str, str], ...]) -> None:
        self._parameters: Final = parameters

    def add(self, url: str, label: str, position: int) -> str:
        """The URL with every parameter it has not got yet; all its own bytes stay."""
        before, hash_, fragment = url.partition("#")
        base, question, query = before.partition("?")
        present = {unquote_plus(pair.partition("=")[0]) for pair in query.split("&")} if query else set()
        fields = {"host": host_of(url), "label": label, "position": str(position)}
        added = "&".join(
            f"{quote(name, safe='')}={quote(_fill(value, fields), safe='')}"
            for name, value in self._parameters
            if name not in present
        )
        if not added:
            return url
        glue = "" if not query or query.endswith("&") else "&"
        path = base if question or "/" in base.partition("://")[2] else base + "/"
        return f"{path}?{query}{glue}{added}{hash_}{fragment}"


def _fill(template: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        template = template.replace("{" + name + "}", value)
    return template
