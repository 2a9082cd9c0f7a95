"""Pause and resume all sending: the operator decides, with the numbers shown."""

from typing import Final

from postlude.kit.clock import Clock
from postlude.store import Incident, PausedMail, Store

MISSING_STATE: Final = (
    "the database is missing from a data folder that is in use: an empty one was created, without "
    "contacts, campaigns and logins. Stop Postlude and restore a backup of it, or continue with the empty one: "
    "`postlude user add`, then `postlude resume-sending`"
)
OTHER_FOLDER: Final = (
    "the database was last used with another data folder ({before}): mail accepted there and not digested is missing "
    "here. Make sure that the other one no longer runs, then run `postlude resume-sending`"
)
_FOLDER: Final = "data_folder"
_FORMER: Final = "former_data_folder"


def pause_sending(store: Store, clock: Clock, key: str, text: str) -> None:
    """Pause all sending until it is resumed; the reason is shown until then and recorded as an incident."""
    now = clock.now()
    store.integrity.add_incidents([Incident(f"{key}:{now}", now, "held", text)])
    store.integrity.pause_sending(text, now)


def pause_if_new(store: Store, clock: Clock, folder: str, *, used: bool) -> None:
    """Pause sending for an empty state in a used data folder, and for a state from another folder."""
    before = store.settings.get(_FOLDER)
    if used and before is None and store.accounts.first_user() is None and not store.integrity.generation():
        pause_sending(store, clock, "missing-state", MISSING_STATE)
    elif before is not None and before != folder:
        pause_sending(store, clock, f"other-folder:{before}", OTHER_FOLDER.format(before=before))
        store.settings.put(_FORMER, before)
    if before != folder:
        store.settings.put(_FOLDER, folder)


def resume_sending(store: Store) -> PausedMail:
    """Resume sending; returns what was known at the decision.

    Copies claimed by workers of a former data folder become INDETERMINATE: their journals are not here.
    """
    former = store.settings.get(_FORMER)
    if former is not None:
        store.sending.give_up_workers_of(str(former))
        store.settings.delete(_FORMER)
    return store.integrity.resume_sending()


def seen(store: Store, clock: Clock) -> None:
    """Mark the incidents as read."""
    store.integrity.see_incidents(clock.now())


def problems(store: Store) -> list[str]:
    """Problems for every status display: why sending is paused, and unread incidents."""
    paused = store.integrity.sending_pause()
    reasons = [] if paused is None else [f"sending is paused: {reason}" for reason in paused.reasons]
    told = [one.text for one in store.integrity.incidents() if paused is None or one.text not in paused.reasons]
    return [*reasons, *told]
