"""Files and templates that unfold, compute or read: small to send, large to take."""

import base64
import csv
import io
import struct
import time
import zipfile
import zlib

from attacks.attempts import attempt
from attacks.target import Answer, Target

_MEMORY = 100 << 20
_SECRET = "SECRET-OF-THE-SERVER"
_INCLUDES = (
    '<mj-include path="{file}"/>',
    '<mj-include path="file://{file}"/>',
    '<mj-include path="{file}" type="html"/>',
    '<mj-include path="{file}" type="css"/>',
    '<MJ-INCLUDE path="{file}"/>',
    '<m:mj-include path="{file}"/>',
    '<{{{{ "mj-include" }}}} path="{file}"/>',
    '<mj-raw><mj-include path="{file}" type="html"/></mj-raw>',
    '<mj-text><mj-include path="{file}" type="html"/></mj-text>',
    '<mj-&#105;nclude path="{file}"/>',
    '<![CDATA[<mj-include path="{file}"/>]]>',
    "<!--><mj-include path='{file}'/><-->",
    '<mj-style inline="inline">@import url("file://{file}");</mj-style>',
)
_ESCAPES = (
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ ()|attr('__class__')|attr('__base__')|attr('__subclasses__')() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ contact|attr('__init__')|attr('__globals__') }}",
    "{{ '{0.__class__.__mro__}'.format(contact) }}",
    "{{ '{x.__class__}'.format_map({'x': contact}) }}",
    "{{ ('{0.__cla' ~ 'ss__}').format('') }}",
    "{{ '%s'|format(contact.__dict__) }}",
    "{{ [contact]|map(attribute='__class__')|list }}",
    "{{ [contact]|map('attr', '__class__')|list }}",
    "{{ {}|items|map(attribute='__class__')|list }}",
    "{{ range.__class__ }}",
    "{{ dict.__base__.__subclasses__() }}",
    "{{ contact.__class__.__init__.__globals__ }}",
    "{% import '/etc/passwd' as x %}{{ x }}",
    "{% from 'os' import popen %}{{ popen('id') }}",
    "{% extends '/etc/passwd' %}",
    "{% include ['/etc/passwd', '../keys.json'] %}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% set x = contact.__class__ %}{{ x }}",
    "{{ _self.env }}{{ g }}{{ config }}{{ request }}",
    "{{ loop.__class__ }}{% for i in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{{ ''.join.__self__.__class__ }}",
    "{{ (1).__class__.from_bytes.__self__.__subclasses__() }}",
    "{{ contact.update({'a': 1}) }}",
    "{{ [].append(1) }}{{ [].__reduce_ex__(2) }}",
    "{{ url_for.__globals__ }}{{ get_flashed_messages.__globals__ }}",
    "{{ ''.encode().__class__.fromhex('5f').__class__ }}",
    "{{ (contact.x for x in y) }}",
    "{{ contact.gi_frame.f_globals }}{{ contact.func_globals }}",
)
_CONTROL = {
    "html": "<p>CONTROL {{ 6 * 7 }}</p>",
    "mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>CONTROL {{ 6 * 7 }}</mj-text></mj-column></mj-section>"
    "</mj-body></mjml>",
}
_GIVEN_AWAY = (
    b"root:",
    b"uid=",
    b"&lt;class",
    b"<class",
    b"__globals__&#39;:",
    b"popen",
    b"/usr/lib",
    _SECRET.encode(),
)


def _previews(target: Target, sources: dict[str, str], kind: str) -> list[tuple[str, Answer]]:
    made = target.form("/campaigns", {"name": f"Bombs {kind}"}, "/campaigns").headers["location"].partition("?")[0]
    token, found = target.csrf(made), []
    for name, source in (sources | {"": _CONTROL[kind]}).items():
        fields = {"csrf": token, "sender": target.login.user, "variant": "A", "A_subject": "x", "A_format": kind}
        found.append((name, target.post(f"{made}/preview", fields | {"A_source": source})))
    _, control = found.pop()
    assert b"CONTROL 42" in control.body, control
    return found


@attempt("user", "templates that reach for the server (sandbox escapes)")
def escapes(target: Target) -> str:
    for code, answer in _previews(target, {code: f"<p>[{code}]</p>" for code in _ESCAPES}, "html"):
        shown = answer.body.replace(code.encode(), b"").partition(b'id="preview"')[2] or answer.body
        assert answer.status < 500, (code, answer.status)
        if answer.status == 200:
            assert not [word for word in _GIVEN_AWAY if word in shown.replace(b"popen(", b"")], code
    return f"{len(_ESCAPES)} templates"


@attempt("user", "MJML that reads files")
def includes(target: Target) -> str:
    file = target.postlude.home / "secret.mjml"
    file.write_text(f"<mj-text>{_SECRET}</mj-text>")
    sources = {
        f"{form} {where}": whole.format(form.format(file=file))
        for form in _INCLUDES
        for where, whole in (
            ("body", "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"),
            ("head", "<mjml><mj-head>{}</mj-head><mj-body><mj-section></mj-section></mj-body></mjml>"),
        )
    }
    for name, answer in _previews(target, sources, "mjml"):
        assert answer.status < 500, (name, answer.status)
        assert _SECRET.encode() not in answer.body, name
    return f"{len(sources)} forms; the file is in none of the previews"


@attempt("user", "a style sheet of 20,000 rules for 5,000 elements")
def style_sheets(target: Target) -> str:
    """In its child, with its time; everybody else is served meanwhile."""
    rules = "".join(f".a{number} > p:nth-child({number}) {{ color: red }}" for number in range(20_000))
    source = f"<html><head><style>{rules}</style></head><body>{'<p class=a1>x</p>' * 5_000}</body></html>"
    before = target.memory()
    made = target.form("/campaigns", {"name": "Sheets"}, "/campaigns").headers["location"].partition("?")[0]
    fields = {"sender": target.login.user, "variant": "A", "A_subject": "x", "A_format": "html"}
    answer = target.form(f"{made}/look", fields | {"A_source": source}, made)
    assert answer.status < 500, answer.status
    grown = target.memory() - before
    assert grown < 2 * _MEMORY, f"{grown >> 20} MB"
    return f"answered with {answer.status}, {max(grown, 0) >> 20} MB more memory"


def _workbook(**files: bytes) -> bytes:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    usual = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" '
        'r:id="r1"/></sheets></workbook>'.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'.encode(),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is>'
        "<t>email</t></is></c></row></sheetData></worksheet>".encode(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, content in (usual | {name.replace("__", "/"): content for name, content in files.items()}).items():
            made.writestr(name, content)
    return out.getvalue()


def _spreadsheets(full: bool) -> dict[str, bytes]:
    size = 300 << 20 if full else 60 << 20
    row = b'<row><c t="inlineStr"><is><t>a@b.example</t></is></c></row>'
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    entity = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    sheet = "xl/worksheets/sheet1.xml"
    return {
        "one long text": _workbook(**{sheet: head + b'<row><c t="inlineStr"><is><t>' + b"a" * size}),
        "many rows": _workbook(**{sheet: head + row * (size // len(row))}),
        "entities": _workbook(**{sheet: entity + head + b"<row><c><v>&b;</v></c></row>"}),
        "an entity that is a file": _workbook(
            **{
                sheet: b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
                + head
                + b"<row><c><v>&a;</v></c></row>"
            }
        ),
        "deep elements": _workbook(**{sheet: head + b"<row>" * 1_000_000}),
        "many parts": _workbook(**{f"xl/x{number}": b"" for number in range(60_000)}),
        "cut off": _workbook()[:-40],
        "not a workbook": b"PK\x03\x04" + b"a" * 1_000,
        "an .xls that is none": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 100_000,
    }


def _tables(full: bool) -> dict[str, bytes]:
    wide = io.StringIO()
    csv.writer(wide).writerows([["email", *map(str, range(50_000))], ["a@b.example", *["x"] * 50_000]])
    count = 20 if full else 4
    return {
        "one line": b"a" * (count << 20),
        "an open quotation mark": b'email\n"' + b"a\n" * (count << 19),
        "50,000 columns": wide.getvalue().encode(),
        "nothing but line ends": b"email\n" + b"\n" * (count << 20),
        "nothing but commas": b"email\n" + b"," * (count << 20),
        "zeros": b"email\n" + bytes(count << 20),
        "UTF-16 cut off": "email\na@b.example".encode("utf-16")[:-1],
        "long cells": b"email,name\n" + b"a@b.example," + b"n" * (count << 20) + b"\n",
    }


@attempt("user", "spreadsheets and tables that unfold (zip bombs, CSV bombs)")
def files(target: Target) -> str:
    before, most, refused = target.memory(), 0, 0
    bombs = {f"{name}.xlsx": content for name, content in _spreadsheets(target.full).items()}
    bombs |= {f"{name}.csv": content for name, content in _tables(target.full).items()}
    for name, content in bombs.items():
        sent = target.upload("/contacts/import", name, content, "/contacts/import")
        assert sent.status in {303, 400, 413}, (name, sent.status)
        if sent.status == 303:
            answer = target.ask("web", "GET", sent.headers["location"])
            assert answer.status in {200, 400}, (name, answer.status)
            assert b"root:" not in answer.body, name
            refused += answer.status == 400
        most = max(most, target.memory() - before)
        target.check_serves()
    # The child that reads workbooks ends two minutes later, with up to 170 MB of one that was too much.
    assert most < (170 << 20) + _MEMORY, f"{most >> 20} MB"
    return f"{len(bombs)} files, {refused} refused with a reason: {max(most, 0) >> 20} MB more memory"


def _png(width: int, height: int) -> bytes:
    """A picture of one colour: 4 bytes a pixel once it is unpacked, next to nothing before."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = bytes(width // 8 + 1)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _calendar(count: int) -> bytes:
    """An event each second for ever, with `count` exceptions on one line that is folded a thousand times."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:1", "DTSTART:19700101T000000Z"]
    lines += ["RRULE:FREQ=SECONDLY;INTERVAL=1", "EXDATE:" + "\r\n ".join(["19700101T000000Z,"] * count)]
    lines += ["ATTENDEE;CN=" + '"' * 1_000 + ":mailto:a@b.example", "BEGIN:VALARM" * 1_000]
    return "\r\n".join(lines).encode()


_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "a"}">' for n in range(12))


def _parts(full: bool) -> dict[str, tuple[str, bytes]]:
    size = 60_000 if full else 8_000
    return {
        "bomb.png": ("image/png", _png(size, size)),
        "bomb.svg": ("image/svg+xml", f"<!DOCTYPE svg [{_ENTITIES}]><svg>&e11;</svg>".encode()),
        "bomb.ics": ("text/calendar", _calendar(60_000 if full else 4_000)),
        "bomb.gif": ("image/gif", b"GIF89a\xff\xff\xff\xff\xf0\x00\x00" + b"\x00" * 1_000),
        "bomb.json": ("application/json", b"[" * 1_000_000),
        "bomb.eml": ("message/rfc822", b"Content-Type: message/rfc822\r\n\r\n" * 20_000),
    }


@attempt("user", "pictures, calendars and documents that unfold")
def attachments(target: Target) -> str:
    """As parts of a mail, of a campaign and as hosted files: what is attached is carried and never unpacked."""
    before, parts = target.memory(), _parts(target.full)
    made = target.form("/campaigns", {"name": "Attached"}, "/campaigns").headers["location"].partition("?")[0]
    for name, (kind, content) in parts.items():
        body = base64.encodebytes(content) if not kind.startswith("message/") else content
        coding = "base64" if not kind.startswith("message/") else "7bit"
        head = f"From: {target.login.user}\r\nTo: {name}@example.com\r\nMIME-Version: 1.0\r\n"
        mail = head.encode() + (
            b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n'
            + f"--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n".encode()
            + body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            + b"\r\n--b--\r\n"
        )
        target.postlude.submit(target.login.user, [f"{name}@example.com"], mail)
        arrived = target.last_mail(f"{name}@")
        assert base64.b64encode(content)[:60] in arrived or coding == "7bit", f"{name} was altered"
        for hosted in ({}, {"hosted": "1"}):
            answer = target.upload(f"{made}/files", name, content, made, **hosted)
            assert answer.status in {303, 400, 413}, (name, answer.status)
        target.check_serves()
    grown = target.memory() - before
    assert grown < _MEMORY, f"{grown >> 20} MB"
    return f"{len(parts)} files in three ways, none altered: {max(grown, 0) >> 20} MB more memory"


@attempt("login", "a mail whose parts have endless headers")
def heads_of_parts(target: Target) -> str:
    lines = 2_000_000 if target.full else 200_000
    head = f"From: {target.login.user}\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".encode()
    mail = head + b"--b\r\n" + b"X: y\r\n" * lines + b"\r\nx\r\n--b--\r\n"
    before = target.memory()
    with target.postlude.relay() as client:
        client.login(target.login.user, target.login.password)
        client.sendmail(target.login.user, ["heads@example.com"], mail)
    target.check_serves()
    began = time.monotonic()
    target.send_mail()
    took = time.monotonic() - began
    assert took < 10 or not target.full, f"the next mail left after {took:.1f} s"
    return f"the next mail leaves after {took:.1f} s, {(target.memory() - before) >> 20} MB more memory"
