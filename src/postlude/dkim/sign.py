"""Signs messages: one DKIM-Signature a key, all over the same body hash. Comes last, when nothing changes any more."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from postlude.dkim.canonical import SignedField, relaxed_body, relaxed_value, signed_fields
from postlude.dkim.keys import DkimKey
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.domain_name import ascii_domain
from postlude.model.errors import InputError

# Signed as often as they occur and once more, so that none can be added (RFC 6376 8.15).
_OVERSIGNED: Final = (
    *(b"from", b"reply-to", b"subject", b"date", b"to", b"cc", b"message-id", b"in-reply-to", b"references"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding"),
)
_SIGNED: Final = (
    *(b"sender", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"list-help", b"list-subscribe"),
    *(b"feedback-id", b"cfbl-address", b"cfbl-feedback-id", b"content-description", b"resent-from", b"resent-date"),
    *(b"resent-to", b"resent-cc", b"resent-message-id", b"autocrypt", b"auto-submitted"),
)
_LINE: Final = 72


class Signer:
    """The keys of one domain."""

    def __init__(self, domain: str, keys: Sequence[DkimKey]) -> None:
        if not keys:
            raise InputError(f"{domain} has no DKIM key: make one with `postlude domain add {domain}`")
        self.domain: Final = domain
        self._keys: Final = tuple(keys)
        # The From domain may be spelled in Unicode; the tag is always ASCII (RFC 8616).
        self._d: Final = ascii_domain(domain).encode("ascii")

    def sign(self, raw: bytes, now: int) -> bytes:
        """The message behind its signatures; `now` is in microseconds.

        InputError for a message with a bare CR or LF: servers on the way mend those, and the signature breaks.
        """
        if not raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r"):
            raise InputError("a message with a bare CR or LF cannot be signed; end its lines with CRLF")
        head, separator, body = raw.partition(b"\r\n\r\n")
        if not separator:
            raise InputError("a message without a blank line after its header cannot be signed")
        return self.signatures(head + b"\r\n", relaxed_body(body), now) + raw

    def signatures(self, head: bytes, body: bytes, now: int) -> bytes:
        """The DKIM-Signature fields for a header block and a body that is in its relaxed form already."""
        names, data = _selected(signed_fields(head))
        common = b"; c=relaxed/relaxed; d=%s; s=%%s; t=%d;\r\n h=%s;\r\n bh=%s;\r\n b=" % (
            self._d,
            now // MICROS_PER_SECOND,
            names,
            b64encode(sha256(body).digest()),
        )
        out = []
        for key in self._keys:
            value = b" v=1; a=" + key.name + common % key.selector.encode("ascii")
            signature = b64encode(key.sign(data + b"dkim-signature:" + relaxed_value(value)))
            lines = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
            out.append(b"DKIM-Signature:" + value + b"\r\n ".join(lines) + b"\r\n")
        return b"".join(out)


def _selected(header: list[SignedField]) -> tuple[bytes, bytes]:
    """The `h=` tag folded, and the fields it names in their relaxed form, of each name the last one first."""
    by_name: dict[bytes, list[bytes]] = {}
    for field in header:
        by_name.setdefault(field.name, []).append(field.relaxed)
    if b"from" not in by_name:
        raise InputError("a message without From cannot be signed")
    names: list[bytes] = []
    chosen: list[bytes] = []
    for name in (*_OVERSIGNED, *_SIGNED):
        found = by_name.get(name)
        if found:
            chosen += reversed(found)
            names += [name] * len(found)
        if name in _ALWAYS:
            names.append(name)
    return _folded(names), b"".join([each + b"\r\n" for each in chosen])


_ALWAYS: Final = frozenset(_OVERSIGNED)


def _folded(names: list[bytes]) -> bytes:
    lines, line = [], b""
    for name in names:
        if len(line) + len(name) >= _LINE:
            lines.append(line)
            line = b""
        line += name + b":"
    return b"\r\n ".join([*lines, line])[:-1]
