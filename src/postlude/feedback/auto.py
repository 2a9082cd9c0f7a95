"""Automatic answers: RFC 3834, and servers that do not follow it.

A header or wording that only programs use decides alone. All other signs decide only together, in any language.
"""

from collections.abc import Callable
from typing import Final

from postlude.feedback.languages import fold_text, listed_words
from postlude.feedback.returned_message import ReturnedMessage
from postlude.feedback.subjects import read_absence, read_subject

_FLAGS: Final = frozenset(
    {
        "x-autoreply",
        "x-autorespond",
        "x-auto-reply-from",
        "x-autoreply-from",
        "x-autoresponder",
        "x-mail-autoreply",
        "x-vacation",
        "x-zendesk-autoreply",
        "x-otrs-loop-auto",
    }
)
_NOT_SET: Final = frozenset({"", "no", "false"})
_PRECEDENCE: Final = frozenset({"auto_reply", "auto-reply"})
_ANSWERING: Final = frozenset({"in-reply-to", "references"})
_LIST: Final = frozenset({"list-id", "list-post", "list-unsubscribe", "mailing-list"})
_SIGNS: Final = frozenset(
    {"x-auto-response-suppress", "x-ms-exchange-generated-message-source", "x-loop", "precedence"}
)
TO_MANY: Final = frozenset({"bulk", "list", "junk"})
"""Values of Precedence that lists and newsletters write."""

_LOOKED_AT: Final = 1_000
"""Characters of the text in which an absence note identifies itself."""

ENOUGH: Final = 3
"""Signs that decide together; those that weigh two are rarely anything else."""


def auto_reply_rule(incoming: ReturnedMessage, *, tagged: bool = False, text: Callable[[], str] = str) -> str:
    """The id of the rule that shows an automatic answer, empty when a person may have written it.

    `tagged`: it came to an address that only our mail names. `text` gives its new text, asked only where it may decide.
    """
    root = incoming.root
    submitted = root.get("auto-submitted").lower().strip()
    answers = tagged or root.has_one_of(_ANSWERING)
    if submitted.startswith("auto-replied"):
        return "auto-replied"
    if is_to_many(incoming):
        return ""
    if submitted and not submitted.startswith("no") and answers:
        return "auto-submitted-answer"
    return _reported(incoming) or _signs(incoming, text, answers=answers)


def is_to_many(incoming: ReturnedMessage) -> bool:
    """Whether a list or a newsletter sent it: no person's own answer, whatever its footer says."""
    return incoming.root.has_one_of(_LIST)


def _reported(incoming: ReturnedMessage) -> str:
    """Text that only programs write."""
    root = incoming.root
    if root.names_one_of(_FLAGS) and any(
        key in _FLAGS and value.lower() not in _NOT_SET for key, value in root.headers
    ):
        return "auto-header"
    if root.get("precedence").lower().strip() in _PRECEDENCE:
        return "precedence"
    if root.get("delivered-to").lower().startswith("autorespon"):
        return "autoresponder"
    return "auto-subject" if read_absence(incoming.subject).automatic else ""


def _signs(incoming: ReturnedMessage, text: Callable[[], str], *, answers: bool) -> str:
    """The weight of what people's mail shows as well, only seldom together; words alone decide nothing."""
    root = incoming.root
    sent_so = 2 * incoming.null_sender + (answers and not read_subject(incoming.subject).answers)
    sent_so += incoming.named_daemon
    if root.names_one_of(_SIGNS):
        sent_so += (
            bool(root.get("x-auto-response-suppress"))
            + bool(root.get("x-ms-exchange-generated-message-source"))
            + root.get("x-loop").lower().startswith("autorespon")
            + (root.get("precedence").lower().strip() in {"bulk", "junk"})
        )
    absence = read_absence(incoming.subject)
    weight = sent_so and sent_so + 2 * absence.away + absence.mentioned
    if weight == ENOUGH - 1:
        weight += _says_away(text())
    return "auto-signs" if weight >= ENOUGH else ""


def _says_away(text: str) -> bool:
    looked_at = fold_text(text[:_LOOKED_AT])
    return any(phrase in looked_at for phrase in listed_words("away_text"))
