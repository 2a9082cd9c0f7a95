"""Looks at messages that were sent before looks were kept."""

from typing import Final

from postlude.journal import Spool
from postlude.mail.content_look import look_at_mail
from postlude.mail.header_block import HeaderBlock
from postlude.model.errors import PostludeError
from postlude.services.campaigns.content import Contents, look_at_variant
from postlude.store import Message, MessageContent, Store

_PART: Final = 200


def look_at_past(store: Store, contents: Contents, spool: Spool) -> tuple[int, int]:
    """Keep a look at every message that has none: how many were looked at, and how many cannot be read any more."""
    seen, gone, after = 0, 0, 0
    while some := store.content.unseen(after, _PART):
        after = some[-1].id
        for message in some:
            found = _look(store, contents, spool, message)
            if found is None:
                gone += 1
            else:
                store.content.note(message.id, found)
                seen += 1
    return seen, gone


def _look(store: Store, contents: Contents, spool: Spool, message: Message) -> MessageContent | None:
    number = store.campaigns.of_message(message.id)
    try:
        if number is None:
            raw = spool.get(message.id)
            return MessageContent(**look_at_mail(raw, HeaderBlock(raw))._asdict())
        campaign = store.campaigns.get(number)
        variant = next(one for one in store.campaigns.variants(number) if one.message == message.id)
        compiled = contents.examine(campaign, variant, contents.policy(campaign))
        return look_at_variant(variant, compiled, store.campaigns.files(number))
    except (PostludeError, OSError):
        return None
