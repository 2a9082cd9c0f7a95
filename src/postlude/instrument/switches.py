"""Header switches: a message's own tracking settings. Postlude's, and those of other services."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from postlude.instrument.edits import Edit, split_edited
from postlude.instrument.policy import PixelPlace, Policy
from postlude.mail.fields import RawField, block_end, read_fields

OWN_PREFIX: Final = "x-postlude-"
_ON: Final = frozenset(("on", "yes", "true", "1"))
_OFF: Final = frozenset(("off", "no", "false", "0", "none"))
_LIST: Final = re.compile(r"[,\s]+")


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """Settings in a message's headers; None where there are none."""

    opens: bool | None = None
    clicks: bool | None = None
    text: bool | None = None
    top: bool | None = None
    unsubscribe: bool | None = None
    view: bool | None = None
    skip: tuple[str, ...] = ()
    """Hosts and URL prefixes."""
    positions: frozenset[int] = frozenset()

    def apply(self, policy: Policy) -> Policy:
        """The policy for this message. Applying twice changes nothing."""
        return msgspec.structs.replace(
            policy,
            opens=(policy.opens if self.opens is None else self.opens) and "opens" not in policy.withdrawn,
            clicks=(policy.clicks if self.clicks is None else self.clicks) and "clicks" not in policy.withdrawn,
            text=policy.text if self.text is None else self.text,
            unsubscribe=policy.unsubscribe if self.unsubscribe is None else self.unsubscribe,
            view=policy.view if self.view is None else self.view,
            pixel=PixelPlace.TOP if self.top else policy.pixel,
            exclude=policy.exclude + tuple(each for each in self.skip if each not in policy.exclude),
            positions=policy.positions | self.positions,
        )


def read_switches(raw: bytes) -> Switches:
    """The switches in a message's header. Ours win over other services'; unknown values are ignored."""
    found = block_end(raw, 0, len(raw))
    return switches_of(read_fields(raw, 0, found[0])) if found else Switches()


def strip_own_headers(raw: bytes) -> bytes:
    """The message without its `X-Postlude-*` fields; every other byte stays."""
    found = block_end(raw, 0, len(raw))
    return split_edited(raw, own_fields(read_fields(raw, 0, found[0])))[0] if found else raw


def own_fields(header: Sequence[RawField]) -> list[Edit]:
    """Edits that take our own fields out."""
    return [Edit(each.start, each.end, (b"",)) for each in header if each.name.startswith(OWN_PREFIX)]


def switches_of(header: Sequence[RawField]) -> Switches:
    """As `read_switches`, of parsed fields."""
    values: dict[str, str] = {}
    for each in header:
        if each.name.startswith("x-"):
            values.setdefault(each.name, each.value.decode("utf-8", "replace").strip())
    if not values:
        return Switches()
    reported: dict[str, bool | None] = dict.fromkeys(("opens", "clicks", "text", "top", "unsubscribe", "view"))
    for reader in (_postlude, _postmark, _mailgun, _sendgrid):
        for name, value in reader(values).items():
            if reported[name] is None:
                reported[name] = value
    skip, positions = _skip(values.get("x-postlude-skip", ""))
    return Switches(**reported, skip=skip, positions=positions)


def _flag(value: str | None) -> bool | None:
    word = (value or "").strip().lower()
    return True if word in _ON else False if word in _OFF else None


def _skip(value: str) -> tuple[tuple[str, ...], frozenset[int]]:
    items = [each for each in _LIST.split(value) if each]
    positions = frozenset(int(each) for each in items if each.isascii() and each.isdigit() and len(each) <= 5)  # noqa: PLR2004 - positions have five digits
    return tuple(each for each in items if not each.isdigit()), positions


def _postlude(values: Mapping[str, str]) -> dict[str, bool | None]:
    return {name: _flag(values.get(OWN_PREFIX + name)) for name in ("opens", "clicks", "text", "unsubscribe", "view")}


def _postmark(values: Mapping[str, str]) -> dict[str, bool | None]:
    links = values.get("x-pm-tracklinks", "").lower()
    reported: dict[str, bool | None] = {"opens": _flag(values.get("x-pm-trackopens"))}
    if links in {"none", "htmlandtext", "htmlonly", "textonly"}:
        reported |= {"clicks": links != "none", "text": links in {"htmlandtext", "textonly"}}
    return reported


def _mailgun(values: Mapping[str, str]) -> dict[str, bool | None]:
    reported: dict[str, bool | None] = {}
    clicks = values.get("x-mailgun-track-clicks", "").lower()
    reported["opens"] = _flag(values.get("x-mailgun-track-opens"))
    reported["clicks"] = True if clicks == "htmlonly" else _flag(clicks)
    reported["text"] = False if clicks == "htmlonly" else None
    reported["top"] = _flag(values.get("x-mailgun-track-pixel-location-top"))
    whole = values.get("x-mailgun-track", "").lower()
    # "Track: no" turns all off, whatever the others say; "yes" is only their default.
    if _flag(whole) is False:
        reported |= {"opens": False, "clicks": False}
    elif whole == "htmlonly" or _flag(whole):
        reported |= {name: True for name in ("opens", "clicks") if reported[name] is None}
    return reported


def _sendgrid(values: Mapping[str, str]) -> dict[str, bool | None]:
    try:
        asked: Any = json.loads(values.get("x-smtpapi", "{}"))
    except (ValueError, RecursionError):
        return {}
    opens, clicks = _settings(asked, "opentrack"), _settings(asked, "clicktrack")
    return {
        "opens": _flag(str(opens.get("enable", ""))),
        "clicks": _flag(str(clicks.get("enable", ""))),
        "text": _flag(str(clicks.get("enable_text", ""))),
    }


def _settings(asked: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - JSON of strangers
    for key in ("filters", name, "settings"):
        asked = asked.get(key) if isinstance(asked, dict) else None
    return asked if isinstance(asked, dict) else {}
