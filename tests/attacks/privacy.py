"""What was promised to recipients, tried on the running instance, and what others on the machine could read."""

import stat
import time

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


@attempt("recipient", "what is stored, told and forgotten")
def forgotten(target: Target) -> str:
    target.send_mail("<p>Hi Quillfeather</p>", to="quill@example.com")
    assert target.postlude.run("contacts", "add", "quill@example.com", "--name", "Quillfeather").code == 0
    told = target.postlude.run("privacy", "show", "quill@example.com").out
    assert "Quillfeather" in told, told
    done = target.postlude.run("privacy", "forget", "quill@example.com", "--yes")
    assert done.code == 0, done
    left = [
        str(path.relative_to(target.postlude.data))
        for path in target.postlude.data.rglob("*")
        if path.is_file() and any(word in path.read_bytes().lower() for word in (b"quill@example.com", b"quillfeather"))
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


@attempt("user", "more than a quota allows, by another way in")
def quotas(target: Target) -> str:
    cookie = target.session_of("carl@b.example")
    assert target.postlude.run("user", "limits", "carl@b.example", "--recipients-per-hour", "2").code == 0
    fields = {"sender": "carl@b.example", "subject": "x", "body": "x"}
    codes = []
    for number in range(4):
        codes.append(target.form("/compose", fields | {"to": f"c{number}@example.com"}, cookie=cookie).status)
        time.sleep(3)  # what is not digested yet is not counted
    assert codes == [303, 303, 400, 400], codes
    return "the web app counts as the relay does"
