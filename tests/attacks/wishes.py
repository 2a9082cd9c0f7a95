"""Wishes that nobody heeds, and answers that tell what is another's."""

import base64
import time
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path

from attacks.attempts import attempt
from attacks.target import Target
from postlude.store import Store, open_store
from servers.waiting import wait_for

_TRACKED = '<p>Hi <a href="https://shop.example/w">shop</a></p>'
_FILES = (
    ("email,consent,do_not_track\n{a},withdrawn,yes\n", "utf-8"),
    ("email;Einwilligung;Tracking opt-out\n{a};nein;ja\n", "utf-8-sig"),
    ("E-Mail\tAccepts Marketing\tDNT\n{a}\tno\t1\n", "utf-16"),
    ("Email Address,UNSUB_TIME,Track opens,Track clicks,LEID,EUID\n{a},2026-05-03 10:00:00,no,no,1,2\n", "utf-8"),
    ("email,Status,tracking_consent\n{a},Unsubscribed,revoked\nx@example.org,Subscribed,\n", "cp1252"),
)


def _store(target: Target) -> Store:
    return open_store(f"sqlite:///{target.postlude.data}/state.sqlite")


def _imported_in_browser(target: Target, name: str, data: bytes) -> None:
    where = target.upload("/contacts/import", name, data, "/contacts/import").headers["location"]
    page = where.partition("?")[0]
    columns = target.ask("web", "GET", where).body.decode().count('name="target"')
    assert columns, where
    assert target.form(page, {"name": name, "known": "skip"}, where).status == 303


@attempt("recipient", "a wish in a file of contacts, by every way a file comes in")
def in_files(target: Target) -> str:
    for number, (text, encoding) in enumerate(_FILES):
        for way in ("command", "browser"):
            address = f"wish{number}{way}@example.com"
            data = text.format(a=address).encode(encoding)
            if way == "command":
                file = target.postlude.home / f"wish{number}.csv"
                file.write_bytes(data)
                done = target.postlude.run("contacts", "import", file)
                assert done.code == 0, done
            else:
                _imported_in_browser(target, f"wish{number}.csv", data)
    with closing(_store(target)) as store:
        jobs = store.jobs.latest
        wait_for("the imports", lambda: all(job.status == "done" for job in jobs()), 60)
        for number in range(len(_FILES)):
            for way in ("command", "browser"):
                address = f"wish{number}{way}@example.com"
                found = store.privacy.withdrawal(address)
                assert found is not None, address
                assert found.opens, address
                assert found.clicks, address
                contact = store.contacts.by_address(address)
                assert contact is not None, address
                assert contact.mail_consent == "withdrawn" or store.suppressions.get(address), address
    after = target.send_mail(_TRACKED, to="wish0command@example.com")
    assert not [endpoint for endpoint in ("/i/", "/l/") if endpoint in after], after
    refused = target.postlude.run("contacts", "edit", "wish0command@example.com", "--field", "consent=given")
    assert refused.code != 0, refused
    return f"{len(_FILES)} files by command and browser: each is withdrawn, and the next mail is not tracked"


def _mail_of(target: Target, sender: str, text: str, field: str = "Subject: about somebody") -> None:
    raw = f"From: <{sender}>\r\n{field}\r\n\r\n{text.strip()}\r\n".encode()
    back = target.return_path("bob1@")
    with target.mail_client("inbound") as client:
        client.sendmail(sender, [back], raw)


@attempt("recipient", "an answer about oneself that holds what another person wrote")
def of_others(target: Target) -> str:
    target.send_mail("<p>Hi</p>", to="an@example.com")
    _mail_of(target, "jan@example.com", "My leg-4711 is broken, jan@example.com")
    _mail_of(target, "eve@example.net", "an@example.com told me of the illness-4712")
    target.wait_until_digested()
    time.sleep(2)
    told = target.postlude.run("privacy", "show", "an@example.com").out
    assert not [secret for secret in ("4711", "4712", "eve@example.net", "jan@example.com") if secret in told], told
    assert "written by another person" in told, told
    assert target.postlude.run("privacy", "forget", "an@example.com", "--yes").code == 0
    kept = target.postlude.run("privacy", "show", "jan@example.com").out
    assert "leg-4711" in kept, kept
    return "neither a third person's words nor those of an address that ends alike; forgetting leaves the latter"


def _sheet(address: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/sharedStrings.xml", f"<t>{address}</t>" * 50)
    return out.getvalue()


@attempt("recipient", "what is forgotten, in files that do not show it")
def in_other_bytes(target: Target) -> str:
    address = "ulla.quill@example.com"
    target.send_mail("<p>Hi</p>", to=address)
    for name, data in (
        ("people.xlsx", _sheet(address)),
        ("people.csv", f"email\r\n{address}\r\n".encode("utf-16")),
    ):
        assert target.upload("/contacts/import", name, data, "/contacts/import").status == 303
    hidden = base64.b64encode(f"it is about {address}, you know".encode()).decode()
    _mail_of(target, "eve@example.net", hidden, "Content-Transfer-Encoding: base64")
    target.wait_until_digested()
    damaged = target.postlude.data / "state.sqlite.damaged-20261201T000000"
    damaged.write_bytes(address.encode())
    done = target.postlude.run("privacy", "forget", address, "--yes")
    assert done.code == 0, done
    assert str(damaged) in done.out, done
    damaged.unlink()
    left = [str(path) for path in target.postlude.data.rglob("*") if path.is_file() and _holds(path, address)]
    assert not left, left
    return "a packed sheet, UTF-16 and Base64 are gone; a damaged file that was kept is told"


def _holds(path: Path, address: str) -> bool:
    data = path.read_bytes()
    forms = [
        address.encode(),
        address.encode("utf-16-le"),
        *(base64.b64encode(b"x" * n + address.encode())[4:-4] for n in range(3)),
    ]
    # Other attempts leave broken sheets and bombs behind.
    if zipfile.is_zipfile(BytesIO(data)):
        with zipfile.ZipFile(BytesIO(data)) as packed:
            small = [part for part in packed.infolist() if part.file_size < 1_000_000]
            data += b"".join(packed.read(part) for part in small)
    return any(form in data for form in forms)
