"""The eye and the finger as header switches of the message; the sender's path takes them out again."""

from typing import NamedTuple

from postlude.instrument import Policy, find_links
from postlude.web.messages.compose_form import link_keys


class TrackingOptions(NamedTuple):
    """Tracking switches of one message."""

    opens: bool
    clicks: bool
    off: frozenset[str]
    """Keys of links (`written.link_keys`) whose own switch is off."""


def switches(sketch: bytes, choice: TrackingOptions) -> list[tuple[str, str]]:
    """Headers with these options."""
    found = [("X-Postlude-Opens", _on(choice.opens)), ("X-Postlude-Clicks", _on(choice.clicks))]
    keys = link_keys(link for link in find_links(sketch, Policy(headers=False)) if link.where == "html")
    positions = [str(link.position) for key, link in keys.items() if key in choice.off]
    if positions and choice.clicks:
        found.append(("X-Postlude-Skip", ",".join(positions)))
    return found


def _on(value: bool) -> str:
    return "on" if value else "off"
