"""Another population for verdicts, on other assumptions than `postlude.population`: nothing is shared with it.

Recipients come from three walks of life. Their minutes of reading follow the hours of a day, their clicks a Poisson
process, and one in sixty opens a handful of links at once. Guards stand before two fifths of them: some take every
link in a burst, some a few links slowly, some look once per link as it is clicked, some try changed links, one guards
many companies from one machine. The message has eight links.
"""

import math
import random
from functools import partial

LINKS = 8
BROWSERS = [
    f"Mozilla/5.0 ({place}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    for version in range(130, 151, 2)
    for place in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
]
PHONES = [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS {major}_{minor} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    f"Version/{major}.{minor} Mobile/15E148 Safari/604.1"
    for major, minor in ((17, 4), (17, 6), (18, 1), (18, 5))
]
BIRD = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GUARDS = {
    # of a hundred guarded recipients
    "burst": 45,
    "burst-with-image": 12,
    "asks-first": 10,
    "few-slowly": 6,
    "rescan": 8,
    "named": 9,
    "changed": 3,
    "one-machine": 7,
}
MACHINE, PERSON = "machine", "person"


def _address(chance, first):
    return f"{first}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


class Person:
    """One recipient with their programs, habits and guard."""

    def __init__(self, number, chance):
        walk = chance.choices(("home", "office", "road"), (45, 40, 15))[0]
        self.domain = f"works{number // 14}.example" if walk == "office" else f"post{chance.randrange(9)}.example"
        self.address = f"person{number}@{self.domain}"
        self.guard = ""
        if walk == "office" or chance.random() < 0.1:
            self.guard = chance.choices(list(GUARDS), list(GUARDS.values()))[0]
        line = _address(chance, {"home": 81, "office": 194, "road": 109}[walk])
        browser = chance.choice(PHONES if walk == "road" else BROWSERS)
        images = chance.choices(("proxy", "browser", "bird", "outlook", "none"), (34, 26, 14, 16, 10))[0]
        eyes = {"proxy": GOOGLE, "browser": browser, "bird": BIRD, "outlook": OUTLOOK}.get(images, "")
        self.eyes = (eyes, _address(chance, 66) if images == "proxy" else line) if eyes else None
        self.hand = (browser, line)
        self.opens = 1 / (1 + math.exp(-chance.gauss(-0.7, 0.9)))
        self.clicks = chance.betavariate(1.3, 7)
        self.handful = chance.random() < 1 / 60


def mailing(count, seed):
    """(person, requests) of each; a request is (seconds, link or -1, agent, address, method, damaged, doer, guard)."""
    chance = random.Random(f"second clicks {seed}")
    machine = (chance.choice(BROWSERS), "203.0.113.9")
    for number in range(count):
        person = Person(number, chance)
        asked = list(_guarded(person, chance, machine))
        if chance.random() < person.opens:
            asked += _read(person, chance)
        yield person, sorted(asked, key=lambda one: one[0])


def _read(person, chance):
    at = 60 * chance.weibullvariate(240, 0.7) + 5
    if person.eyes:
        yield (at, -1, *person.eyes, "GET", False, PERSON, person.guard)
    if chance.random() >= person.clicks:
        return
    at += chance.expovariate(1 / 25) + 2
    if person.handful:
        for link in chance.sample(range(LINKS), chance.choice((3, 3, 4))):
            yield (at, link, *person.hand, "GET", False, PERSON, person.guard)
            at += 0.5 + chance.expovariate(1 / 0.9)
        return
    for link in chance.sample(range(LINKS), 1 + int(chance.expovariate(1.6))):
        yield (at, link, *person.hand, "GET", False, PERSON, person.guard)
        if person.guard == "rescan":
            yield (at + 0.4, link, chance.choice(BROWSERS), _address(chance, 52), "HEAD", False, MACHINE, "rescan")
        at += 4 + chance.expovariate(1 / 40)


def _guarded(person, chance, machine):
    own = (chance.choice(BROWSERS), _address(chance, 34))
    at = chance.weibullvariate(50, 1.4)
    for link, after, who, method, damaged in HABITS.get(person.guard, _nothing)(chance, own, machine):
        yield (at + after, link, *who, method, damaged, MACHINE, person.guard)


def _nothing(_chance, _own, _machine):
    return ()


def _burst(chance, own, _machine, *, heads=False):
    spacing = chance.uniform(0.01, 0.4)
    for link in range(LINKS):
        if heads:
            yield link, link * spacing, own, "HEAD", False
        yield link, link * spacing + 0.1, own, "GET", False


def _burst_with_image(chance, own, machine):
    yield -1, -0.3, own, "GET", False
    yield from _burst(chance, own, machine)


def _few_slowly(chance, own, _machine):
    for place, link in enumerate(chance.sample(range(LINKS), 3)):
        yield link, place * chance.uniform(1, 3), own, "GET", False


def _named(_chance, own, _machine):
    for link in range(0, LINKS, 2):
        yield link, link * 2, ("Mimecast URL Protect/1.0", own[1]), "GET", False


def _changed(_chance, own, _machine):
    yield 1, 0, own, "GET", True
    yield 1, 0.8, own, "GET", False


def _one_machine(chance, _own, machine):
    yield chance.randrange(LINKS), 0, machine, "GET", False


HABITS = {
    "burst": _burst,
    "burst-with-image": _burst_with_image,
    "asks-first": partial(_burst, heads=True),
    "few-slowly": _few_slowly,
    "named": _named,
    "changed": _changed,
    "one-machine": _one_machine,
}
