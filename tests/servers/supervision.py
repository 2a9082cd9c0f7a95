"""The processes of an instance, and what it says of them."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from servers.postlude import Postlude
from servers.waiting import wait_for

CHILDREN = ("edge", "relay", "inbound", "app")


def children_of(pid: int) -> dict[str, int]:
    """Process ids by command."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().split(b"\0")
            name = (entry / "comm").read_text().strip()
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid and b"postlude" in words:
            found[words[words.index(b"postlude") + 1].decode()] = int(entry.name)
        elif parent == pid and name in CHILDREN:  # it was forked (servers.forked_children)
            found[name] = int(entry.name)
    return found


def alive(pid: int) -> bool:
    """Whether the process runs: what nobody has asked for its exit code does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_children(running: Postlude) -> dict[str, int]:
    return wait_for("all children", lambda: found if len(found := children_of(running.child.pid)) == 4 else None, 30)


def health(running: Postlude) -> dict[str, Any]:
    """What `/healthz` of the app says; {} while nobody answers."""
    try:
        with urllib.request.urlopen(f"{running.web_url}/healthz", timeout=5) as answer:
            return dict(json.load(answer), code=answer.status)
    except urllib.error.HTTPError as error:
        return dict(json.load(error), code=error.code)
    except OSError:
        return {}


def told(running: Postlude, name: str, *words: str) -> list[str]:
    """What the checks called `name` say that is not ok, when all words are in it."""
    checks = health(running).get("checks", [])
    found = [one["text"] for one in checks if one["name"] == name and one["state"] != "ok"]
    return found if all(word in " ".join(found) for word in words) else []
