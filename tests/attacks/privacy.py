"""What was promised to recipients, tried on the running instance, and what others on the machine could read."""

import contextlib
import json
import smtplib
import stat
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from attacks.attempts import attempt
from attacks.target import Target


@attempt("recipient", "tracking after consent was taken back")
def withdrawn(target: Target) -> str:
    before = target.send_mail(track := '<p>Hi <a href="https://shop.example/w">shop</a></p>', to="walter@example.com")
    pixel = target.path_in(before, "/i/")
    done = target.postlude.run("contacts", "add", "walter@example.com")
    assert done.code == 0, done
    done = target.postlude.run(
        *("contacts", "consent", "walter@example.com", "--opens", "withdrawn", "--clicks", "withdrawn", "--source", "x")
    )
    assert done.code == 0, done
    target.ask("edge", "GET", pixel)
    after = target.send_mail(track, to="walter@example.com")
    assert not [endpoint for endpoint in ("/i/", "/l/") if endpoint in after], after
    time.sleep(6)
    target.ask("edge", "GET", pixel)
    target.ask("edge", "GET", target.path_in(before, "/l/"))
    time.sleep(2)
    story = str(target.postlude.timeline("walter@example.com"))
    assert not [word for word in ("opened", "clicked") if word in story], story
    return "the next mail has no pixel and no tracked link; of the last one nothing is recorded"


_AGENT = "Mozilla/5.0 Recognised/4711"


@attempt("recipient", "what is recorded after a withdrawal: hits of the same moment, and pages")
def after_withdrawal(target: Target) -> str:
    """The list of the edges is made by the app; what comes before it is there is dropped by the digest."""
    mail = target.send_mail('<p>Hi <a href="https://shop.example/w">shop</a></p>', to="willa@example.com")
    pixel, link = target.path_in(mail, "/i/"), target.path_in(mail, "/l/")
    ref = target.codec.read_read(link.split("/")[2])
    assert ref is not None
    act = target.codec.minter(ref.kind, ref.scope).tokens(ref.copy).act
    agent = {"User-Agent": _AGENT}
    assert target.ask("edge", "POST", f"/s/{act}", b"preferences=1", agent).status == 200
    for _ in range(3):
        for path in (pixel, link, f"/u/{act}", f"/s/{act}", f"/v/{act}"):
            target.ask("edge", "GET", path, headers=agent)
    target.send_mail()  # what came before is digested
    time.sleep(3)
    story = str(target.postlude.timeline("willa@example.com"))
    assert not [word for word in ("opened", "clicked", "4711") if word in story], story
    target.ask("edge", "POST", f"/s/{act}", b"erase=1", agent, source="127.0.0.99")
    time.sleep(3)
    story = str(target.postlude.timeline("willa@example.com"))
    assert "4711" not in story, story
    assert "127.0.0.0" not in story, story
    return "no open, no click, and no program or address of who looked at a page"


@attempt("recipient", "what is stored, told and forgotten")
def forgotten(target: Target) -> str:
    packed = b64encode(b"to=Quill@Example.com").decode().rstrip("=")
    links = (
        f'<a href="https://shop.example/u/{packed}">a</a><a href="https://shop.example/?m=quill%40example.com">b</a>'
    )
    target.send_mail(f"<p>Hi Quillfeather</p>{links}", to="quill@example.com", subject=packed)
    assert target.postlude.run("contacts", "add", "quill@example.com", "--name", "Quillfeather").code == 0
    chosen = "address = 'Quill@Example.com'"
    assert target.postlude.run("segments", "save", "quiet", f"not {chosen}").code == 0
    sender, text = target.login.user, target.postlude.home / "quiet.txt"
    text.write_text("Hello\n")
    content = ("--from", sender, "--subject", "x", "--text", text)
    assert target.postlude.run("campaigns", "create", "Quiet", *content, "--segment", chosen).code == 0
    told = target.postlude.run("privacy", "show", "quill@example.com").out
    assert "Quillfeather" in told, told
    done = target.postlude.run("privacy", "forget", "quill@example.com", "--yes")
    assert done.code == 0, done
    words = (b"quill@example.com", b"quill%40example.com", b"quillfeather", packed.lower().encode())
    left = [
        str(path.relative_to(target.postlude.data))
        for path in target.postlude.data.rglob("*")
        if path.is_file() and any(word in path.read_bytes().lower() for word in words)
    ]
    assert not left, left
    return "the answer names the contact; after forgetting no file of the data folder does"


@attempt("account", "what other accounts of this machine can read")
def modes(target: Target) -> str:
    open_ones = [
        str(path.relative_to(target.postlude.data))
        for path in [target.postlude.data, *target.postlude.data.rglob("*")]
        if not path.is_symlink() and path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) & 0o007
    ]
    inside = target.postlude.data.stat().st_mode & 0o077 == 0
    assert inside, oct(target.postlude.data.stat().st_mode)
    return f"the folder is closed; {len(open_ones)} files in it have wider modes of their own"


@attempt("user", "more than a quota allows, in a burst and by every way in")
def quotas(target: Target) -> str:
    """Nothing waits in between: what was accepted counts, whether or not anything was done about it."""
    cookie = target.session_of("carl@b.example")
    made = target.form("/campaigns", {"name": "Carl's"}, "/campaigns", cookie).headers["location"].partition("?")[0]
    draft = {"sender": "carl@b.example", "variant": "A", "A_subject": "x", "A_format": "html", "A_source": "<p>x</p>"}
    assert target.form(made, draft, made, cookie).status == 303
    made_password = target.postlude.run("user", "password", "carl@b.example", "--json").out
    password = json.loads(made_password)["password"]
    assert target.postlude.run("user", "limits", "carl@b.example", "--recipients-per-hour", "20").code == 0
    token = target.csrf("/compose", cookie)
    taken: list[str] = []

    def web(number: int) -> bool:
        fields = {
            "csrf": token,
            "sender": "carl@b.example",
            "subject": "x",
            "body": "x",
            "to": f"c{number}@example.com",
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        return target.ask("web", "POST", "/compose", urlencode(fields).encode(), kind).status == 303

    def relay(number: int) -> bool:
        with contextlib.suppress(smtplib.SMTPException), target.postlude.relay() as client:
            client.login("carl@b.example", password)
            client.sendmail("carl@b.example", [f"c{number}@example.com"], b"From: carl@b.example\r\n\r\nx\r\n")
            return True
        return False

    def command(number: int) -> bool:
        mail = target.postlude.home / f"c{number}.eml"
        mail.write_bytes(b"From: carl@b.example\r\n\r\nx\r\n")
        to = f"c{number}@example.com"
        return target.postlude.run("send", mail, "--user", "carl@b.example", "--to", to, "--wait", "0").code == 0

    def test_mail(number: int) -> bool:
        answer = target.form(f"{made}/test", {"to": f"c{number}@example.com"}, made, cookie)
        return answer.status == 303

    ways = {"web": web, "relay": relay, "command": command, "test mail": test_mail}
    for name in ("web", "relay", "test mail", "command"):
        assert ways[name](0), name
        taken.append(name)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: ways[("web", "relay")[number % 2]](number), range(1, 41)))
    assert sum(results) + len(taken) == 20, (sum(results), taken)
    for name, way in ways.items():
        assert not way(99), f"{name} takes one more"
    return f"20 of 44 messages at once by {len(ways)} ways, then none"
