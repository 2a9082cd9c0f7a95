"""Large messages are compiled in a process of their own: searching 25 MB holds all threads of this one for long."""

import logging
from collections.abc import Sequence
from typing import Final

from postlude.instrument import CompiledMessage, Policy, compile_message
from postlude.kit.bounded_child import BoundedChildren, BoundExceededError
from postlude.mail.fields import RawField
from postlude.mail.limits import LARGE
from postlude.tokens import Urls

_CHILDREN: Final = BoundedChildren(
    seconds=120.0, memory_bytes=4 << 30, children=1, idle_seconds=60.0, result_bytes=1 << 30
)  # starts nothing until it is needed

_log = logging.getLogger(__name__)


def compile_beside(raw: bytes, policy: Policy, urls: Urls, header: Sequence[RawField] | None = None) -> CompiledMessage:
    """What `compile_message` makes of it; a small message is compiled right here."""
    if len(raw) <= LARGE:
        return compile_message(raw, policy, urls, header)
    try:
        return _CHILDREN.call(compile_message, raw, policy, urls)
    except (BoundExceededError, OSError) as error:  # it must leave tracked, whatever that costs the others
        _log.warning("a message of %d bytes is compiled here: %s", len(raw), error)
        return compile_message(raw, policy, urls, header)
