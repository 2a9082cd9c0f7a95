"""What a single message's copy gets in its head: only what does not show, and what its sender asked for."""

import re
from typing import Final, NamedTuple

from postlude.compose.heads import aligned, cfbl_fields, unsubscribe_fields
from postlude.dkim import Signer
from postlude.mail.header_block import HeaderBlock
from postlude.mail.limits import REFERENCES_CHARACTERS
from postlude.tokens import TagPurpose, TokenCodec, Urls

_DOMAIN_TAG: Final = re.compile(r"(?:^|;)\s*d\s*=\s*([^;\s]+)")


class Marked(NamedTuple):
    """Which copy it is, and where answers to it come in."""

    copy: int
    act: str
    """Its act token."""
    return_domain: str


def with_copy_headers(
    data: bytes,
    marked: Marked,
    codec: TokenCodec,
    urls: Urls,
    *,
    unsubscribe: bool,
    view: bool = False,
    signed_for: str,
) -> bytes:
    """The copy with its id in References, and with what is wanted of List-Unsubscribe, Archived-At and CFBL-Address.

    `view`: there is a page for view in browser, which Archived-At (RFC 5064) names.

    The Message-ID stays: all recipients of one message must see the same one, or answers to all fall apart.
    `signed_for` is the From domain when the copy gets its DKIM signature from us.
    """
    head = HeaderBlock(data)
    added = ""
    if unsubscribe and not head.first("list-unsubscribe"):
        url = urls.unsubscribe().around(marked.act)
        added += unsubscribe_fields(codec, marked.copy, url, marked.return_domain)
    if view and not head.first("archived-at"):
        added += f"Archived-At: <{urls.view().around(marked.act)}>\r\n"
    if signed_for and aligned(marked.return_domain, signed_for) and not head.first("cfbl-address"):
        added += cfbl_fields(codec, marked.copy, marked.return_domain)
    # Joined, not added: of a large message that lets other threads work.
    return b"".join((added.encode("ascii"), *_with_reference(data, head, codec, marked)))


def resigned(data: bytes, signer: Signer, now: int) -> bytes:
    """The signed copy; an existing signature of the same domain is no longer valid and is removed."""
    head = HeaderBlock(data)
    old = [field for field in head.fields if field.name == "dkim-signature" and _signed_by(field.value, signer.domain)]
    for field in reversed(old):
        data = data[: field.start] + data[field.end :]
    return signer.sign(data, now)


def _signed_by(value: str, domain: str) -> bool:
    found = _DOMAIN_TAG.search(value)
    return found is not None and found[1].lower() == domain


def _with_reference(data: bytes, head: HeaderBlock, codec: TokenCodec, marked: Marked) -> tuple[bytes, ...]:
    """The copy in pieces; References with an id of this copy before the last, which stays the parent in the thread."""
    if not marked.return_domain or not head.complete:
        return (data,)
    own = f"<{codec.mint_tag(TagPurpose.MESSAGE_ID, marked.copy)}@{marked.return_domain}>"
    written = [field for field in head.fields if field.name == "references"]
    if not written:
        ids = [*head.first("in-reply-to").split()[:1]]
        start = end = 0
    else:
        ids = written[0].value.split()
        start, end = written[0].start, written[0].end
    field = "References: " + "\r\n ".join(_fitting(ids[:-1], [own, *ids[-1:]])) + "\r\n"
    return data[:start], field.encode("utf-8", "surrogateescape"), data[end:]


def _fitting(ids: list[str], last: list[str]) -> list[str]:
    """The first of `ids`, which names the thread, then as many of the newest as fit, then `last` in any case."""
    room = REFERENCES_CHARACTERS - sum(map(len, last))
    first = [one for one in ids[:1] if len(one) <= room]
    room -= sum(map(len, first))
    newest: list[str] = []
    for one in reversed(ids[1:]):
        room -= len(one)
        if room < 0:
            break
        newest.append(one)
    return [*first, *reversed(newest), *last]
