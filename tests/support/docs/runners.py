"""Runs one block of the documentation. A language is one function and one row of RUNNERS."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
import dns.zone

from postlude.cli.main import cli
from servers.commands import clean_environment
from support.docs.world import SECONDS, World

HELP_WIDTH = 100
"""Of the generated pages: scripts/reference.py."""


class NotInstalled(Exception):  # noqa: N818 - the reason of a skip, not an error
    """This machine lacks the program that runs the block."""


def _program(name: str, *folders: str) -> str:
    found = shutil.which(name, path=":".join((os.environ["PATH"], "/usr/sbin", *folders)))
    if found is None:
        raise NotInstalled(name)
    return found


def _ended(command: Sequence[str | Path], world: World, env: Mapping[str, str] | None = None, given: str = "") -> str:
    """What the command said when it failed; empty when it did not."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=world.home,
        env=dict(env or world.environment),
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return "" if done.returncode == 0 else f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}"


def shell(text: str, world: World) -> str:
    """Line by line, as it is typed; a block that begins with #! is a program that gets a mail."""
    if text.startswith("#!"):
        return _script(text, world)
    lines = text.replace("\\\n", " ").splitlines()
    return "\n".join(filter(None, map(world.shell, lines)))


def _script(text: str, world: World) -> str:
    path = world.home / "script"
    world.run_up(text)
    ready = world.text(text)
    world.make_files(ready)
    path.write_text(ready)
    path.chmod(0o755)
    config = world.home / "etc" / "postlude" / "sendmail.toml"
    if config.exists():
        config.write_text("")
    return _ended([path, "-t", "-i"], world, given=(world.home / "offer.eml").read_text())


def python(text: str, world: World) -> str:
    """A program of its own."""
    world.run_up(text)
    return _ended([sys.executable, "-W", "error", "-c", world.text(text)], world)


def javascript(text: str, world: World) -> str:
    """A program of its own, with Debian's packages."""
    node = _program("node")
    if not Path("/usr/share/nodejs/nodemailer").exists():
        raise NotInstalled("node-nodemailer")
    world.run_up(text)
    return _ended([node, "-e", world.text(text)], world, world.environment | {"NODE_PATH": "/usr/share/nodejs"})


def environment(text: str, world: World) -> str:
    """Variables: each known, each value taken."""
    ready = world.text(text)
    world.make_files(ready)
    lines = [line for line in ready.splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    return _ended([world.program, "settings"], world, clean_environment({"data": world.home / "other"}) | given)


def toml(text: str, world: World) -> str:
    """The configuration file: each key known, each value taken."""
    ready = world.text(text)
    world.make_files(ready)
    path = world.home / "block.toml"
    path.write_text(ready)
    env = clean_environment({"config": path})
    return _ended([world.program, "settings"], world, env)


def nginx(text: str, world: World) -> str:
    """What stands in `http { }`."""
    ready = world.text(text)
    world.make_files(ready)
    path = world.home / "nginx.conf"
    path.write_text(f"pid {world.home}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{ready}\n}}\n")
    return _ended([_program("nginx"), "-t", "-q", "-p", world.home, "-c", path], world)


def systemd(text: str, world: World, name: str = "block.service") -> str:
    """A unit."""
    program = _program("systemd-analyze")
    path = world.home / name
    path.write_text(world.text(text))
    return _ended([program, "verify", "--man=no", path], world)


def transport(text: str, world: World) -> str:
    """Lines of Postfix's transport table: each key found, each with a next hop."""
    program = _program("postmap")
    path = world.home / "transport"
    path.write_text(text)
    (world.home / "main.cf").touch()
    wrong = [
        _ended([program, "-c", world.home, "-q", line.split()[0], f"texthash:{path}"], world)
        for line in text.splitlines()
    ]
    return "\n".join(filter(None, wrong))


def json_text(text: str, _world: World) -> str:
    """One document, or one a line."""
    try:
        json.loads(text)
    except ValueError:
        try:
            [json.loads(line) for line in text.splitlines()]
        except ValueError as error:
            return f"not JSON: {error}"
    return ""


def zone(text: str, _world: World) -> str:
    """Lines of a zone file."""
    try:
        dns.zone.from_text(text, origin="example.org.", relativize=False, check_origin=False)
    except dns.exception.DNSException as error:
        return f"not a zone: {error}"
    return ""


def usage(text: str, _world: World) -> str:
    """What `--help` prints."""
    found = re.match(r"Usage: ((?:[a-z][\w-]* ?)+)", text)
    if found is None:
        return "does not begin with Usage:"
    names = found[1].split()
    command: click.Command = cli
    context = click.Context(cli, info_name=names[0], terminal_width=HELP_WIDTH, max_content_width=HELP_WIDTH)
    for name in names[1:]:
        child = command.get_command(context, name) if isinstance(command, click.Group) else None
        if child is None:
            return f"there is no command {' '.join(names)}"
        command = child
        context = click.Context(
            command, info_name=name, parent=context, terminal_width=HELP_WIDTH, max_content_width=HELP_WIDTH
        )
    return "" if command.get_help(context).strip() == text.strip() else f"{' '.join(names)} --help says something else"


Runner = Callable[[str, World], str]
RUNNERS: dict[str, Runner] = {
    "sh": shell,
    "python": python,
    "js": javascript,
    "env": environment,
    "toml": toml,
    "nginx": nginx,
    "systemd": systemd,
    "transport": transport,
    "json": json_text,
    "zone": zone,
    "usage": usage,
}
