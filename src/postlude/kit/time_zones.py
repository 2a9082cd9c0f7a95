"""Time zones by their IANA names, in whatever case they are written, and moments on their clocks."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def zones_by_lower_case() -> dict[str, str]:
    """Every zone's name by its name in lower case."""
    return {name.lower(): name for name in available_timezones()}


def zone_name(text: str) -> str:
    """The zone in its own spelling; ValueError for what is not a time zone."""
    found = zones_by_lower_case().get(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is not a time zone; write one such as Europe/Berlin")
    return found


def zone(text: str) -> ZoneInfo:
    """The zone; ValueError for what is not one."""
    return ZoneInfo(zone_name(text))


def moment_on(text: str, name: str) -> datetime:
    """`2026-11-25 09:30` in the time zone `name`, unless the text contains an offset.

    ValueError for what is not a time, and for one that does not exist there because summer time begins. Of an hour that
    comes twice when summer time ends, the first.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time; write 2026-11-25 09:30") from error
    if moment.tzinfo:
        return moment
    there = zone(name)
    shown = moment.replace(tzinfo=there).astimezone(UTC).astimezone(there).replace(tzinfo=None)
    if shown != moment:
        raise ValueError(
            f"{moment:%Y-%m-%d %H:%M} does not exist in {there.key}, where clocks are put forward then: "
            f"write {max(shown, moment + timedelta(hours=1)):%Y-%m-%d %H:%M}"
        )
    return moment.replace(tzinfo=there)


def shown_in(moment: datetime, name: str) -> str:
    """`2026-11-25 09:30 Europe/Berlin`."""
    there = zone(name)
    return f"{moment.astimezone(there):%Y-%m-%d %H:%M} {there.key}"
