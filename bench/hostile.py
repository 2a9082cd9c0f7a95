"""Input made to be slow: each shape grows to any size, and must be read in linear time."""

from collections.abc import Callable

_HEAD = b"From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def _html(unit: bytes, before: bytes = b"", behind: bytes = b"") -> Callable[[int], bytes]:
    head = _HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + before
    return lambda size: head + unit * (size // len(unit)) + behind


def _part(unit: bytes, kind: bytes = b"text/html", encoding: bytes = b"8bit") -> Callable[[int], bytes]:
    head = _HEAD + b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    return lambda size: head + unit * (size // len(unit))


def _nested(size: int) -> bytes:
    parts, made = [_HEAD], len(_HEAD)
    for number in range(size):
        part = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
        made += len(part)
        if made > size:
            break
        parts.append(part)
    return b"".join(parts)


def _boundaries(size: int) -> bytes:
    head = _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + b"--b\r\n\r\nx\r\n" * (size // 10)


def _quoting(size: int) -> bytes:
    head = _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    unit = b"--b\r\n\r\nhttps+notrack://x.example/\r\n"
    return head + unit * (size // len(unit))


SHAPES: dict[str, Callable[[int], bytes]] = {
    "`<`": _html(b"<"),
    "`<a `": _html(b"<a "),
    "`<a>` without end": _html(b"<a>"),
    '`<a href="https://x.example">`': _html(b'<a href="https://x.example">'),
    '`<a href="`': _html(b'<a href="'),
    "`<a href='x`": _html(b"<a href='x"),
    '`<p a="b" c` never closed': _html(b' a="b" c', b"<p"),
    '`<p a="b" ` before one bad tag': _html(b'a="b" ', b"<p "),
    "attributes of one link": _html(b'a="b" ', b"<a "),
    "`a=`": _html(b"a=", b"<p "),
    "`=`": _html(b"=", b"<p "),
    "blanks in a tag": _html(b" ", b"<a"),
    "slashes in a tag": _html(b"/", b"<a "),
    "quotes in a tag": _html(b"\"'", b"<a "),
    "`<!--`": _html(b"<!--"),
    "`<!-->`": _html(b"<!-->"),
    "`<!---->`": _html(b"<!---->"),
    "`<!--[if mso]>`": _html(b"<!--[if mso]>"),
    "`<!--[if mso]><a href=x>x</a><![endif]-->`": _html(b"<!--[if mso]><a href=x>x</a><![endif]-->"),
    "`<![CDATA[`": _html(b"<![CDATA["),
    "`<svg><![CDATA[`": _html(b"<svg><![CDATA["),
    "`<script>`": _html(b"<script>"),
    "`<script><!--</script`": _html(b"<script><!--</script"),
    "`<!--<script>` in a script": _html(b"<!--<script>", b"<script>"),
    "`</title`": _html(b"</title", b"<title>"),
    "`<title></title>`": _html(b"<title></title>"),
    "`<div>`": _html(b"<div>"),
    '`<div data-postlude="off">`': _html(b'<div data-postlude="off">'),
    '`<div data-postlude="off"></div>`': _html(b'<div data-postlude="off"></div>'),
    "`</body>`": _html(b"</body>"),
    "`<template>`": _html(b"<template>"),
    "`&amp;` in one href": _html(b"&amp;", b'<a href="https://x.example/?', b'">x</a>'),
    "`&` in one href": _html(b"&", b'<a href="https://x.example/?', b'">x</a>'),
    "`{` in one href": _html(b"{", b'<a href="https://x.example/?', b'">x</a>'),
    "`%a` in one href": _html(b"%a", b'<a href="https://x.example/?', b'">x</a>'),
    "`&copy` in one href": _html(b"&copy", b'<a href="https://x.example/?', b'">x</a>'),
    "`&#9;` in one href": _html(b"&#9;", b'<a href="https://x.example/?', b'">x</a>'),
    "digits of one reference": _html(b"9", b'<a href="https://x.example/?&#', b'">x</a>'),
    "`.x` in one host": _html(b".x", b'<a href="https://x', b'">x</a>'),
    "`%41` in one host": _html(b"%41", b'<a href="https://x', b'">x</a>'),
    "letters in one host": _html("ä".encode(), b'<a href="https://x', b'">x</a>'),
    "`@` in one authority": _html(b"@", b'<a href="https://x', b'">x</a>'),
    "attributes of one link, closed": _html(b'a="b" ', b"<a ", b'href="https://x.example/">x</a>'),
    "`<b>` in one link": _html(b"<b>", b'<a href="https://x.example/?">', b"</a>"),
    "`<b ` in one link": _html(b"<b ", b'<a href="https://x.example/?">', b"</a>"),
    "`<img ` in one link": _html(b"<img ", b'<a href="https://x.example/?">', b"</a>"),
    "`<!` in one link": _html(b"<!", b'<a href="https://x.example/?">', b"</a>"),
    "digits of one reference in a label": _html(b"9", b'<a href="https://x.example/?">&#', b";</a>"),
    "links of our own": _html(b'<a href="https://mail.example.org/l/x">mail.example.org</a>'),
    "quoted-printable `=`": _part(b"=", encoding=b"quoted-printable"),
    "quoted-printable `=3D`": _part(b"=3D", encoding=b"quoted-printable"),
    "quoted-printable soft line breaks": _part(b"=\r\n", encoding=b"quoted-printable"),
    "quoted-printable links in one line": _part(b'<a href=3D"https://x.example">', encoding=b"quoted-printable"),
    "quoted-printable `=` and blanks": _part(b"= ", encoding=b"quoted-printable"),
    "base64 of one line": _part(b"PGEgaHJlZj0i", encoding=b"base64"),
    "plain text `http://`": _part(b"http://", b"text/plain"),
    "plain text `http://x.example `": _part(b"http://x.example ", b"text/plain"),
    "plain text `(https://x.example/) `": _part(b"(https://x.example/) ", b"text/plain"),
    "plain text `<https://x.example/` and a line end": _part(b"<https://x.example/\r\n", b"text/plain"),
    "plain text `(` in a URL": lambda size: _HEAD + b"\r\nhttp://x/" + b"(" * size,
    "plain text `)` behind a URL": lambda size: _HEAD + b"\r\nhttp://x/" + b")" * size,
    "header lines": lambda size: b"A: b\r\n" * (size // 6) + b"\r\n",
    "our header lines among others": lambda size: b"X-Postlude-A: b\r\nA: b\r\n" * (size // 24) + b"\r\n",
    "parts that quote us": _quoting,
    "folded header": lambda size: b"From: a" + b"\r\n b" * (size // 4) + b"\r\n\r\n",
    "blanks in From": lambda size: b"From: @a" + b" " * size + b"\r\n\r\n",
    "brackets in From": lambda size: b"From: @a" + b"(" * size + b"\r\n\r\n",
    "quotes in Content-Type": lambda size: b"Content-Type: a/b" + b';a="' * (size // 4) + b"\r\n\r\n",
    "semicolons in Content-Type": lambda size: b"Content-Type: a/b" + b";" * size + b"\r\n\r\n",
    "`<` in List-Unsubscribe": lambda size: b"List-Unsubscribe: " + b"<" * size + b"\r\n\r\n",
    "blanks in List-Unsubscribe": lambda size: b"List-Unsubscribe: " + b"< " * (size // 2) + b"\r\n\r\n",
    "`d` in DKIM-Signature": lambda size: b"From: a@b.c\r\nDKIM-Signature: " + b";d " * (size // 3) + b"\r\n\r\n",
    "`[` in X-SMTPAPI": lambda size: b"X-SMTPAPI: " + b"[" * size + b"\r\n\r\n",
    "parts": _boundaries,
    "parts in parts": _nested,
    "text like a delimiter": _part(b"--b\r", b"multipart/mixed; boundary=b"),
}
