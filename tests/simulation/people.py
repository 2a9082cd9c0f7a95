"""Who writes mail, who reads it, and who forges: each does a little with what they could know."""

import re
from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.policy import default
from functools import lru_cache, partial
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from simulation.browser import Answer, Browser
from simulation.model import REPEATING, Asked, Key, Submitted
from simulation.processes import EdgeProcess
from simulation.world import World

if TYPE_CHECKING:
    import asyncio

_LINK: Final = re.compile(r"/l/[^/]+/(\d+)\.")
_TEMPORARY: Final = 503
_PAUSES: Final = (0, 1_000, 50_000, 9_000_000)
_PROXY_PAUSES: Final = (1_000, 5_000_000, 14_000_000, 29_900_000, 31_000_000)
_AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "curl/8.5.0",
    "",
    REPEATING,
)


class Url(NamedTuple):
    """One URL of ours in a mail, as its reader sees it."""

    kind: str
    path: str
    position: int = -1


class People:
    """What they do changes the world and the model alike."""

    def __init__(self, world: World, user: int) -> None:
        self._world = world
        self._user = user
        self._addresses = 0
        self._recipients = 0

    def submit(self, chance: Random) -> None:
        """Somebody sends a mail to one person or a few."""
        world, mail = self._world, self._world.mail
        count = chance.choice((1, 1, 2, 3))
        names = tuple(f"r{self._recipients + i}@example.com" for i in range(1, count + 1))
        self._recipients += count
        handed_in = Submitted(names)
        world.model.submitted.append(handed_in)
        world.say(f"submit to {', '.join(names)}")
        if not mail.up:
            return
        faults = mail.faults

        def accepted(task: "asyncio.Task[int]") -> None:
            if not faults.dead and not task.cancelled() and task.exception() is None:
                handed_in.accepted = task.result()
                world.say(f"accepted: {', '.join(names)}")

        raw = _received(len(world.model.submitted))
        world.run(mail, lambda: mail.accept(self._user, names, raw).add_done_callback(accepted))

    def read(self, chance: Random) -> None:
        """A recipient opens and clicks, over one connection, one after another or all at once."""
        mails = [(name, known.mails) for name, known in self._world.server.recipients.items() if known.mails]
        if not mails:
            return
        name, received = chance.choice(mails)
        urls = [chance.choice(_urls(chance.choice(received))) for _ in range(chance.choice((1, 1, 2, 4)))]
        self._visit(chance, name, urls, chance.choice(_AGENTS), _PAUSES)

    def fetch(self, chance: Random) -> None:
        """An image proxy that asks again and again for one opening."""
        mails = [(name, known.mails) for name, known in self._world.server.recipients.items() if known.mails]
        if mails:
            name, received = chance.choice(mails)
            pixel = _urls(received[0])[0]
            self._visit(chance, name, [pixel] * chance.choice((2, 3, 4)), REPEATING, _PROXY_PAUSES)

    def hurry(self, chance: Random) -> None:
        """A recipient on many connections at once: what is written of it is one large frame."""
        mails = [(name, known.mails) for name, known in self._world.server.recipients.items() if known.mails]
        if mails:
            name, received = chance.choice(mails)
            urls = [url for url in _urls(chance.choice(received)) if url.kind in {"opened", "clicked"}]
            for url in chance.choices(urls, k=12):
                self._visit(chance, name, [url], chance.choice(_AGENTS[:-1]), (), together=True)

    def _visit(
        self,
        chance: Random,
        name: str,
        urls: list[Url],
        agent: str,
        pauses: tuple[int, ...],
        *,
        together: bool = False,
    ) -> None:
        edge, browser, address = self._browser(chance)
        if browser is None:
            return
        self._world.say(f"{name} at {edge.name} from {address}: {', '.join(url.kind for url in urls)}")
        together = together or chance.random() < 0.3
        for some in [urls] if together else [[url] for url in urls]:
            if not edge.up:
                return
            told = [self._asked(url, name, address, agent, edge) for url in some]
            data = b"".join(_request(_method(url), url.path, agent, _body(url)) for url in some)
            requests = list(zip(map(_method, some), told, strict=True))
            self._world.run(edge, partial(browser.send, data, chance.choice((1, 1, 1, 3)), requests))
            if not together:
                self._world.advance(chance.choice(pauses))

    def forge(self, chance: Random) -> None:
        """Somebody asks for what was never signed, or asks in a way that must not count."""
        recipients = self._world.server.recipients.items()
        mails = [(name, mail) for name, known in recipients for mail in known.mails]
        path = "/i/AAAA.gif"
        method, name, position = "GET", "", -1
        if mails:
            name, mail = chance.choice(mails)
            url = chance.choice(_urls(mail))
            path = url.path
            if chance.random() < 0.3 and url.kind != "unsubscribed":
                method, position = "HEAD", url.position
            elif url.kind == "clicked" and chance.random() < 0.5:
                path = f"{path}.evil.example/"
            else:
                at = chance.randrange(3, 30)
                path = f"{path[:at]}{'B' if path[at] == 'A' else 'A'}{path[at + 1 :]}"
        edge, browser, address = self._browser(chance)
        if browser is None:
            return
        self._world.model.forged += 1
        if name:  # a question for the header alone, or a changed link with a genuine token, is noted and never counted
            self._world.model.checked.add(Key("viewed", name, position, address))
        self._world.say(f"forged {method} at {edge.name} from {address}: {path}")

        def told(answer: Answer) -> None:
            if method == "GET" and "location" in answer.headers:
                self._world.model.wrong.append(f"a forged link redirects: {path}")

        self._world.run(edge, lambda: browser.send(_request(method, path, _AGENTS[0], b""), 1, [(method, told)]))

    def _browser(self, chance: Random) -> tuple[EdgeProcess, Browser | None, str]:
        edge = chance.choice(self._world.edges)
        self._addresses += 1
        address = f"10.{self._addresses >> 16}.{self._addresses >> 8 & 255}.{self._addresses & 255}"
        return edge, Browser(edge, address) if edge.up else None, address

    def _asked(self, url: Url, name: str, address: str, agent: str, edge: EdgeProcess) -> Callable[[Answer], None]:
        """Note a request that leaves now; who is told of its answer."""
        key = Key(url.kind, name, url.position, address)
        asked = Asked(key, agent, edge.clock.ahead, self._world.clock.now())
        self._world.model.asked.append(asked)
        lost_before = edge.lost_so_far

        def told(answer: Answer) -> None:
            asked.answered = self._world.clock.now()
            asked.lost = answer.status == _TEMPORARY or edge.lost_so_far != lost_before
            expected = {"opened": (200,), "clicked": (302,), "viewed": (200,), "unsubscribed": (200, 503)}
            if answer.status not in expected[asked.key.kind]:
                self._world.model.wrong.append(f"{asked.key} was answered {answer.status}")

        return told


def _received(number: int) -> bytes:
    return (
        f"From: Alice <alice@example.org>\r\nSubject: letter {number}\r\nMIME-Version: 1.0\r\n"
        "X-Postlude-Unsubscribe: on\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        '<html><body><p>Hello, <a href="https://shop.example/a?b=1">shop</a>'
        f' or <a href="https://shop.example/{number}">this</a>.</p></body></html>\r\n'
    ).encode()


@lru_cache(1024)
def _urls(mail: bytes) -> Sequence[Url]:
    """What of a mail leads to us."""
    read = message_from_bytes(mail, policy=default)
    page = read.get_content()
    found = [Url("opened", _path(url)) for url in re.findall(r'<img[^>]* src="([^"]+)"', page)]
    for url in re.findall(r'href="([^"]+)"', page):
        path = _path(url)
        if match := _LINK.match(path):
            found.append(Url("clicked", path, int(match[1])))
    leave = re.search(r"<(http[^>]+)>", str(read["List-Unsubscribe"]))
    assert leave is not None
    return [*found, Url("viewed", _path(leave[1])), Url("unsubscribed", _path(leave[1]))]


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2].replace("&amp;", "&")


def _method(url: Url) -> str:
    return "POST" if url.kind == "unsubscribed" else "GET"


def _body(url: Url) -> bytes:
    return b"List-Unsubscribe=One-Click" if url.kind == "unsubscribed" else b""


def _request(method: str, path: str, agent: str, body: bytes) -> bytes:
    extra = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: t.example\r\nUser-Agent: {agent}\r\n{extra}\r\n".encode() + body
