"""One returned mail in, findings out: the order of judgement, each parser guarded."""

from collections.abc import Callable, Collection
from typing import Final

import msgspec

from postlude.feedback.arf import parse_arf
from postlude.feedback.bounce import parse_bounce
from postlude.feedback.dsn import parse_dsn
from postlude.feedback.finding import Evidence, Finding, FindingKind, TagReader
from postlude.feedback.mdn import parse_mdn
from postlude.feedback.providers.ses import parse as parse_ses
from postlude.feedback.recipients import with_known
from postlude.feedback.reply import message_ids, parse_answer
from postlude.feedback.returned_message import ReturnedMessage
from postlude.feedback.tags import Signed
from postlude.mail.encoded_words import decode_words

_SNS: Final = "no-reply@sns.amazonaws.com"


def _parse_sns(incoming: ReturnedMessage) -> list[Finding]:
    """Amazon SES events that SNS sends by mail: they are not signed, so they only prove an id that others may know."""
    if incoming.sender != _SNS or not incoming.report.lstrip().startswith("{"):
        return []
    text = incoming.report.lstrip().split("\n\n--\n", 1)[0].replace("!\n ", "").replace("\n", "")
    try:
        found = parse_ses(text.encode())
    except ValueError:
        return []
    return [msgspec.structs.replace(item, evidence=Evidence.NONE, sender=incoming.sender) for item in found]


_REPORTS: Final[tuple[tuple[str, Callable[[ReturnedMessage], list[Finding]]], ...]] = (
    ("arf", parse_arf),
    ("dsn", parse_dsn),
    ("mdn", parse_mdn),
    ("sns", _parse_sns),
    ("bounce", parse_bounce),
)
_GUESSED: Final = ("returned-to", "anywhere", "author")


def parse(
    raw: bytes,
    *,
    known: Collection[str] = (),
    tags: TagReader | None = None,
    rcpt_to: str = "",
    mail_from: str = "",
) -> list[Finding]:
    """Read one mail that came back. Always at least one finding, never an exception; the same for the same bytes.

    `known` are addresses that were mailed; `tags` verifies signed tags; `rcpt_to` and `mail_from` are the envelope as
    far as the channel knows it (`<>` for the null sender). A parser that fails gives UNREADABLE with its name.
    """
    if not raw.strip():
        return [Finding(kind=FindingKind.UNREADABLE, rule="empty", diagnostic="the mail is empty")]
    name = "read"
    try:
        incoming = ReturnedMessage(raw, known=known, tags=tags, rcpt_to=rcpt_to, mail_from=mail_from)
        if not incoming.root.headers:
            return [Finding(kind=FindingKind.UNREADABLE, rule="no-headers", diagnostic="no line of it is a header")]
        signed = Signed(incoming)
        copy, evidence = signed.envelope()
        if evidence is Evidence.UNSUBSCRIBE_TAG:
            return [_unsubscribed(incoming, copy)]
        for parser_name, parser in _REPORTS:
            name = parser_name
            if found := parser(incoming):
                found = _nested(incoming, found) if found[0].rule.startswith(_GUESSED) else found
                return [_matched(incoming, signed, item, copy, evidence) for item in found]
        name = "answer"
        item = parse_answer(incoming, tagged=evidence is not Evidence.NONE)
        return [_answer_matched(signed, item, copy, evidence)]
    except Exception as error:  # noqa: BLE001 - hostile mail must get an outcome that keeps the sample, never stop the digest
        return [
            Finding(kind=FindingKind.UNREADABLE, rule=f"crash/{name}", diagnostic=f"{type(error).__name__}: {error}")
        ]


def _nested(incoming: ReturnedMessage, outer: list[Finding]) -> list[Finding]:
    """Gateways wrap one report in another: the inner one is used where the outer one only guesses."""
    inner = ReturnedMessage(incoming.returned_raw, known=incoming.known, tags=None, rcpt_to="", mail_from="")
    if not inner.from_daemon or not inner.root.headers:
        return outer
    return parse_dsn(inner) or parse_bounce(inner) or outer


def _unsubscribed(incoming: ReturnedMessage, copy: int) -> Finding:
    return Finding(
        kind=FindingKind.UNSUBSCRIBED,
        recipient=incoming.sender,
        copy=copy,
        evidence=Evidence.UNSUBSCRIBE_TAG,
        rule="unsubscribe-address",
        sender=incoming.sender,
        subject=incoming.subject,
        at=incoming.root.get("date"),
    )


def _matched(incoming: ReturnedMessage, signed: Signed, item: Finding, copy: int, evidence: Evidence) -> Finding:
    """A report with its copy: the address it came to, the mail it sends back, the ENVID; at odds, none of them."""
    item = with_known(incoming, item)
    returned = incoming.returned
    ids = item.message_ids or (message_ids(returned.get("message-id")) if returned is not None else ())
    inner, inner_evidence = signed.first("b", item.envid), Evidence.ENVID
    if not inner:
        inner, inner_evidence = signed.returned()
    if not inner and ids:
        inner, inner_evidence = signed.message_id(*ids), Evidence.MESSAGE_ID_TAG
    if not inner:
        inner, inner_evidence = signed.quoted()
    conflict = ""
    if copy and inner and copy != inner:
        conflict, copy, evidence = "the address it came to and the mail inside name different copies", 0, Evidence.NONE
    elif not copy and inner:
        copy, evidence = inner, inner_evidence
    subject = decode_words(returned.get("subject")) if returned is not None else ""
    return msgspec.structs.replace(
        item, copy=copy, evidence=evidence, message_ids=ids, conflict=conflict, original_subject=subject
    )


def _answer_matched(signed: Signed, item: Finding, copy: int, evidence: Evidence) -> Finding:
    """An answer with its copy, strongest evidence first."""
    if not copy and (found := signed.message_id(*item.message_ids)):
        copy, evidence = found, Evidence.MESSAGE_ID_TAG
    if not copy and (quoted := signed.quoted())[0]:
        copy, evidence = quoted
        if item.kind is FindingKind.MAIL:
            item = msgspec.structs.replace(item, kind=FindingKind.REPLIED, rule="reply/quoted-link")
    return msgspec.structs.replace(item, copy=copy, evidence=evidence) if copy else item
