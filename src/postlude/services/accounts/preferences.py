"""A user's default tracking preferences; a message can override them."""

import msgspec

from postlude.instrument import utm_parameters
from postlude.kit.ids import id_text
from postlude.store import Store


class UserPreferences(msgspec.Struct, frozen=True):
    """One user's defaults."""

    opens: bool = True
    clicks: bool = True
    text: bool = False
    """Also links in plain text parts, where the long tracked URL is seen."""
    exclude: tuple[str, ...] = ()
    """Hosts (`example.org`, and all below it) and URL beginnings whose links are left as they are."""
    unsubscribe: bool = False
    """Offer List-Unsubscribe in single messages too; mail readers show a button for it."""
    view: bool = False
    """Create a page of each single message for view in browser; anyone with its URL can read it."""
    utm: str = ""
    """Query parameters added to links: `utm_source=mail&utm_content={label}`; empty for none."""


def get_preferences(store: Store, user: int, *, sandbox: bool = False) -> UserPreferences:
    """The user's preferences, or the defaults; a sandbox's mail offers to unsubscribe, so that it can be tried."""
    kept = store.settings.get(_key(user))
    return UserPreferences(unsubscribe=sandbox) if kept is None else msgspec.convert(kept, UserPreferences)


def put_preferences(store: Store, user: int, preferences: UserPreferences) -> None:
    """Store the user's preferences; blanks and repeats in `exclude` are removed. InputError for a bad `utm`."""
    utm_parameters(preferences.utm)
    exclude = tuple(dict.fromkeys(text for one in preferences.exclude if (text := one.strip())))
    store.settings.put(_key(user), msgspec.to_builtins(msgspec.structs.replace(preferences, exclude=exclude)))


def _key(user: int) -> str:
    return f"preferences:{id_text(user)}"
