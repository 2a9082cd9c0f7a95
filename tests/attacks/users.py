"""What somebody with a login or a session can try on the others and on the server."""

import re
import smtplib
import time
import zipfile
from io import BytesIO

from attacks.attempts import attempt
from attacks.routes import filled, paths_of
from attacks.target import Target
from postlude.kit.bounded_child_main import WALL
from postlude.services.campaigns.bounded_compose import SECONDS

_TEMPLATES = (
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 'a' * 10**10 }}",
    "{{ (9**99999)|string|length }}",
    "{% if 1 %}" * 150 + "{% endif %}" * 150,
    "{{ 'a'|center(10**10) }}",
    "{{ '%10000000000d'|format(1) }}",
    "{{ ('a ' * 10**6)|wordwrap(1) }}",
    "{{ 9**(9**9) }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ contact.__init__.__globals__ }}",
    "{% include '/etc/passwd' %}",
)


@attempt("stranger", "every form without a session, every form without its token")
def forged_forms(target: Target) -> str:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in paths_of("POST"):
        for body in (b"", b"csrf=", b"csrf=x", b"csrf=%00"):
            stranger = target.ask("web", "POST", filled(path), body, kind | {"Cookie": ""})
            assert stranger.status in {303, 401, 403, 404}, (path, stranger.status)
            user = target.ask("web", "POST", filled(path), body, kind)
            assert user.status in {400, 403, 404}, (path, user.status)
    return f"{len(paths_of('POST'))} forms x 4 bodies, with and without a session"


@attempt("stranger", "forged sessions")
def forged_sessions(target: Target) -> str:
    name, _, value = target.cookie.partition("=")
    tried = 0
    for at in range(0, len(value), 1 if target.full else 5):
        changed = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
        answer = target.ask("web", "GET", "/preferences", headers={"Cookie": f"{name}={changed}"})
        tried += 1
        # The last letter of base64 holds bits that stand for nothing.
        assert answer.status == 303 or at >= len(value) - 1, at
    return f"{tried} changed cookies"


def sent(client: smtplib.SMTP, sender: str, head: str) -> int:
    """The code that answers a message with this head."""
    try:
        client.sendmail(sender, ["victim@example.com"], head.encode() + b"\r\n\r\nx\r\n")
    except smtplib.SMTPResponseException as refused:
        return refused.smtp_code
    return 250


def foreign_forms(boss: str) -> list[str]:
    """From fields that show `boss`, with and without Bert."""
    return [
        boss,
        f"<{boss}>",
        f"Bert <{boss}>",
        f"bert@b.example, {boss}",
        f"{boss}, bert@b.example",
        f"<bert@b.example> <{boss}>",
        f"bert@b.example {boss}",
        f"bert@b.example; {boss}",
        f"friends: bert@b.example, {boss};",
        f"{boss} <bert@b.example>, <{boss}>",
        f'"bert@b.example" <{boss}>',
        f"=?utf-8?q?bert?= <{boss}>",
        f"=?utf-8?q?bert=40b.example?= <{boss}>",
        f"(bert@b.example) {boss}",
        f"{boss} (bert@b.example)",
        f"{boss})bert@b.example",
        f"{boss}(a comment)bert@b.example",
        f"{boss}\\,bert@b.example",
        f"{boss}:bert@b.example",
        f"{boss} <bert@b.example>",
        f"<{boss} bert@b.example>",
        f"<{boss}, bert@b.example>",
        f"<@b.example:{boss}>",
        f"bert@b.example, {boss}@",
        f"{boss}@ <bert@b.example>",
        f"<bert@b.example>{boss}@",
        f"<{boss} \u2028 bert@b.example<bert@b.example>",
        f'bert@b.example "{boss}',
        f"bert@b.example ({boss}",
        boss.upper(),
        "",
        "<>",
        "bert",
        "bert@b.example@postlude.localhost",
        '"bert@b.example"@postlude.localhost',
        "boss@postlude.localhost\x00bert@b.example",
    ]


@attempt("login", "writing as somebody else")
def foreign_senders(target: Target) -> str:
    target.session_of("bert@b.example")
    made = target.postlude.run("user", "password", "bert@b.example")
    password = next((word.strip(".,") for word in made.out.split() if word.count("-") >= 4), "")
    assert password, made
    boss = "boss@postlude.localhost"
    own = "From: bert@b.example\r\n"
    heads = [
        *(f"From: {form}" for form in foreign_forms(boss)),
        *(f"{own}{name}: {boss}" for name in ("Sender", "Resent-From", "Resent-Sender", "From", "fRoM")),
        *(f"{own}{name}: {boss}" for name in ("From ", "From\t", "Sender ")),
        f"{own} , {boss}",
        f"From: bert@b.example,\r\n\t{boss}",
        f"From: {boss}\r\n{own.strip()}",
        f"\r\n{own}X: {boss}",
        "Sender: " + "(" * 5_000 + f" {boss}\r\n" + own.strip(),
    ]
    before = target.delivered
    for head in heads:
        with target.postlude.relay() as client:
            client.login("bert@b.example", password)
            taken = sent(client, "bert@b.example", f"{head}\r\nSubject: x") < 500
        if taken:  # where no address of anybody else is left in what people see
            before += 1
            shown = target.last_mail("victim@").partition(b"\r\n\r\n")[0].lower()
            assert b"boss@" not in shown, f"accepted: {head[:60]}"
    time.sleep(0.5)
    assert target.delivered == before
    return f"{len(heads)} forms of From and Sender"


@attempt("login", "mail that is slow to read")
def slow_mail(target: Target) -> str:
    fields = {
        "References": " ".join(f"<{number}@x.example>" for number in range(3_000)),
        "Subject": "=?utf-8?q?a?= " * 4_000,
        "X-Long": "a" * 60_000,
    }
    refused = {
        "References": "<a@b> " * 60_000,
        "Subject": "=?utf-8?q?a?= " * 30_000,
        "Content-Type": "text/plain" + "".join(f"; a*{n}*=utf-8''x" for n in range(20_000)),
    }
    with target.postlude.relay() as client:
        client.login(*target.login)
        for name, value in fields.items():
            assert sent(client, target.login.user, f"From: {target.login.user}\r\n{name}: {value}") == 250, name
            target.check_serves()
        for name, value in refused.items():
            code = sent(client, target.login.user, f"From: {target.login.user}\r\n{name}: {value}")
            assert code == 552, f"{name} of {len(value)} bytes: {code}"
            target.check_serves()
    began = time.monotonic()
    target.send_mail()
    took = time.monotonic() - began
    return f"{len(fields)} sent, {len(refused)} refused with 552; the next mail leaves after {took:.1f} s"


@attempt("login", "a page for browsers that is slow to make")
def slow_page(target: Target) -> str:
    """Of a mail with as many parameters and words as are taken: the edge shows a finished page."""
    parameters = "".join(f";\r\n a*{n}*=utf-8''x" for n in range(90))
    subject = "\r\n ".join(["=?utf-8?q?a?="] * 3_500)
    head = f"From: {target.login.user}\r\nX-Postlude-View: on\r\nSubject: {subject}\r\n"
    body = "<p>x</p>\r\n" * 20_000
    raw = f"{head}MIME-Version: 1.0\r\nContent-Type: text/html{parameters}\r\n\r\n{body}"
    target.postlude.submit(target.login.user, ["page@example.com"], raw.encode())
    left = target.last_mail("page@").decode("latin-1").replace("=\r\n", "")
    token = re.search(r"/i/([A-Za-z0-9_-]{36})", left)
    ref = target.codec.read_read(token[1]) if token else None
    statuses = set()
    if ref is not None:
        act = target.codec.minter(ref.kind, ref.scope).tokens(ref.copy).act
        for _ in range(20):
            statuses.add(target.ask("edge", "GET", f"/v/{act}").status)
            target.check_serves()
    assert statuses <= {200, 404}, statuses
    return f"asked 20 times, answered with {statuses or 'no page'}"


@attempt("user", "templates that want too much or more than they may")
def templates(target: Target) -> str:
    before = target.memory()
    made = target.form("/campaigns", {"name": "Attack"}, "/campaigns")
    campaign = made.headers["location"].partition("?")[0]
    longest = 0.0
    for code in _TEMPLATES if target.full else _TEMPLATES[:5]:
        began = time.monotonic()
        fields = {"sender": target.login.user, "variant": "A", "A_subject": "x", "A_format": "html"}
        fields["A_source"] = f"<p>{code}</p>"
        answer = target.form(f"{campaign}/preview", fields, campaign)
        longest = max(longest, time.monotonic() - began)
        assert answer.status < 500, (code, answer.status)
        assert b"root:" not in answer.body
        target.check_serves()
    grown = target.memory() - before
    assert longest < WALL * SECONDS + 10, f"{longest:.0f} s"
    assert grown < 200 << 20, f"{grown >> 20} MB"
    return f"the longest preview took {longest:.1f} s; everybody else is served meanwhile"


def far_cells() -> bytes:
    """A workbook of 1.5 kB whose only two cells lie far apart."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    cell = '<c r="{0}" t="inlineStr"><is><t>email</t></is></c>'
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData><row r="1">{cell.format("A1")}</row>'
        f'<row r="200000">{cell.format("ALL200000")}</row></sheetData></worksheet>',
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return out.getvalue()


@attempt("user", "a spreadsheet bomb")
def spreadsheet(target: Target) -> str:
    page = target.ask("web", "GET", "/contacts/import").body.decode()
    token = page.partition('name="csrf" value="')[2].partition('"')[0]
    body = (
        f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n--b\r\n'
        'Content-Disposition: form-data; name="file"; filename="../../a.xlsx"\r\n\r\n'
    ).encode() + far_cells()
    before, began = target.memory(), time.monotonic()
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    sent = target.ask("web", "POST", "/contacts/import", body + b"\r\n--b--\r\n", kind)
    assert sent.status == 303, sent.status
    answer = target.ask("web", "GET", sent.headers["location"])
    took, grown = time.monotonic() - began, target.memory() - before
    assert answer.status == 400, answer.status
    assert b"more than 1,536 MB of memory" in answer.body
    assert grown < 100 << 20, f"{grown >> 20} MB"
    return f"refused with its remedy after {took:.1f} s, {max(grown, 0) >> 20} MB more memory"


@attempt("user", "settings of a CSV import that are none")
def import_settings(target: Target) -> str:
    page = target.ask("web", "GET", "/contacts/import").body.decode()
    token = page.partition('name="csrf" value="')[2].partition('"')[0]
    body = (
        f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n--b\r\n'
        'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nemail\r\na@b.example\r\n--b--\r\n'
    ).encode()
    sent = target.ask("web", "POST", "/contacts/import", body, {"Content-Type": "multipart/form-data; boundary=b"})
    where = sent.headers["location"]
    odd = ["encoding=bz2", "encoding=zip", "encoding=idna", "encoding=rot13", "encoding=undefined", "encoding=%00"]
    for query in [*odd, "delimiter=ab", "delimiter=%0A", "sheet=x"]:
        assert target.ask("web", "GET", f"{where}&{query}").status == 400, query
    return f"{len(odd) + 3} of them answered with 400"


@attempt("stranger", "a redirect to the host a request names")
def host_header(target: Target) -> str:
    for path in ("/contacts/", "/campaigns/", "/sign-in/"):
        answer = target.ask("web", "GET", path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.headers.get("location", ""), path
    return "no answer names it"


@attempt("stranger", "visitors' addresses on the disk")
def addresses(target: Target) -> str:
    for _ in range(3):
        target.ask("edge", "GET", target.pixel, source="127.0.0.77")
    time.sleep(2)
    for path in target.postlude.data.rglob("*"):
        if path.is_file():
            assert b"127.0.0.77" not in path.read_bytes(), path
    return "hits are kept with 127.0.0.0 only"
