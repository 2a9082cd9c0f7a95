"""The rules over several hits of one copy: what each finds, in which words, why, and when it errs."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from postlude.classify.rules import Confidence
from postlude.classify.sighting import (
    ACT,
    CLICK,
    DAMAGED,
    HEAD,
    HUMAN,
    KIND,
    LATE,
    LEAVING,
    MACHINE,
    OPEN,
    PAGE,
    PLAIN,
    PROXIED,
    SHARED,
    SUSPECTED,
    UNKNOWN,
    Sighting,
    is_by_apple,
    is_surely_read,
)
from postlude.kit.clock import MICROS_PER_SECOND

_CRAFT: Final = "craft-campaign issue 546: of 836 measured bursts all 9-10 links were followed in under a second"
_FIELD: Final = "seen at filters of mail gateways; no published measurement"


class WindowSettings(msgspec.Struct, frozen=True):
    """Thresholds of the rules; times in seconds where not named otherwise."""

    sweep_seconds: float = 10.0
    """Different links within this time are one sweep (craft-campaign issue 546: a sweep takes less than a second)."""
    sweep_links: int = 3
    """From this many on a sweep is suspected: a person who opens tabs rarely gets that far in the time."""
    sweep_certain: int = 5
    """From this many on, or with all links of the message, it is a machine's."""
    tabs_apart_ms: int = 400
    """Milliseconds: who opens a few links in tabs needs so long from one to the next, a sweep a second for all of them.
    """
    tabs_after_seconds: float = 3.0
    """And this long from the opening of the message to the first of them."""
    networks: int = 3
    """From this many on they are a machine's."""
    networks_seconds: float = 120.0
    """Scanning services ask from several places within two minutes."""
    head_seconds: float = 10.0
    """Between the question for the header and the request of the same visitor."""
    beside_seconds: float = 60.0
    """Between a click and the unsubscribe page."""
    damaged_seconds: float = 10.0
    """Between a damaged form of a link and the right one, by the same visitor."""
    shared_copies: int = 10
    """Recipients whose copies one visitor asked for, from this many on."""
    shared_domains: int = 3
    """Mail domains that those recipients are in: an office with one address has one or two."""
    shared_seconds: float = 600.0
    """Within this time; filters look at a mailing while it arrives."""
    repeat_seconds: float = 30.0
    """A proxy that asks again in this time shows the same opening (Yahoo asks up to four times)."""
    later_seconds: float = 600.0
    """A click this long after the first hit is not a check of new mail: those end within ten minutes of delivery."""


DEFAULTS: Final = WindowSettings()


class Found(NamedTuple):
    """What one rule says of one hit, by its place in the window."""

    place: int
    verdict: int
    """Number of the verdict."""
    why: str
    """What was counted, in words and numbers; empty where the rule's own words say all."""


_DOUBTFUL: Final = frozenset({SUSPECTED, UNKNOWN})

Finder = Callable[[Sequence[Sighting], WindowSettings, int], Iterable[Found]]
"""`finder(window, settings, links)`; `links`: how many links of the message are tracked, 0 where that is not known."""


class WindowRule(NamedTuple):
    """One rule over the hits of a copy."""

    id: str
    confidence: Confidence
    """It decides where one request alone was not believed more than this."""
    words: str
    """For the sender, one sentence."""
    why: str
    """Why it says so."""
    source: str
    errs: str
    """When it is wrong."""
    find: Finder
    mark: int = 0
    """It finds nothing where no hit has this mark."""


def _seconds(micros: int) -> str:
    return f"{micros / MICROS_PER_SECOND:.1f} s"


def _micros(seconds: float) -> int:
    return int(seconds * MICROS_PER_SECOND)


def _within(window: Sequence[Sighting], wanted: Sequence[int], micros: int) -> Iterable[Sequence[int]]:
    """Every longest run of `wanted` (places in the window) that lasts no longer than `micros`."""
    start = 0
    for end, n in enumerate(wanted):
        if window[n].at - window[wanted[start]].at > micros:
            yield wanted[start:end]
            while window[n].at - window[wanted[start]].at > micros:
                start += 1
    yield wanted[start:]


def _sweeps(window: Sequence[Sighting], settings: WindowSettings, links: int) -> Iterable[Found]:
    clicks = [n for n, one in enumerate(window) if one.code & KIND == CLICK]
    if len({window[n].position for n in clicks}) < settings.sweep_links:
        return
    reach = _micros(settings.sweep_seconds)
    most: dict[int, tuple[int, Sequence[int]]] = {}
    for run in (part for whole in _within(window, clicks, reach) for part in _of_one_hand(window, whole, settings)):
        followed = len({window[n].position for n in run})
        few = followed < min(settings.sweep_certain, links)
        if followed >= settings.sweep_links and not (few and _tabs(window, run, settings)):
            for n in run:
                if n not in most or followed > most[n][0]:
                    most[n] = followed, run
    told = {id(run): _of_sweep(window, run, followed, settings, links) for followed, run in most.values()}
    for n, (_, run) in most.items():
        yield Found(n, *told[id(run)])
    if most and len(clicks) < len(window):
        for run in {run[0]: run for _, run in most.values()}.values():
            yield from _along(window, run, settings, links)


def _of_one_hand(window: Sequence[Sighting], run: Sequence[int], settings: WindowSettings) -> Iterable[Sequence[int]]:
    """The run in parts: of each visitor that followed many links by itself, and of the others together.

    A person who clicks while a filter sweeps is not part of that; a filter may change its address for every link.
    """
    followed: dict[int, set[int]] = {}
    for n in run:
        followed.setdefault(window[n].visitor, set()).add(window[n].position)
    swept = [visitor for visitor, links in followed.items() if len(links) >= settings.sweep_links]
    if not swept or len(followed) == 1:
        return [run]
    parts = [[n for n in run if window[n].visitor == visitor] for visitor in swept]
    rest = [n for n in run if window[n].visitor not in swept]
    return [*parts, rest] if rest else parts


def _tabs(window: Sequence[Sighting], run: Sequence[int], settings: WindowSettings) -> bool:
    """Whether a person may have opened these few links in tabs: at a hand's pace, with the message open."""
    first = window[run[0]]
    if any(window[n].visitor != first.visitor or window[n].code & HEAD for n in run):
        return False
    apart = _micros(settings.tabs_apart_ms / 1000)
    if any(window[n].at - window[before].at < apart for before, n in pairwise(run)):
        return False
    if first.code & LATE:
        return True
    reading = first.at - _micros(settings.tabs_after_seconds)
    opened = [one for one in window[: run[0]] if one.code & (KIND | HEAD) == OPEN]
    if any(is_surely_read(one.code) for one in opened):
        return True
    loaded = (one for one in opened if one.at <= reading)
    return any(one.visitor == first.visitor or one.code & PROXIED or is_by_apple(one.code) for one in loaded)


def _of_sweep(
    window: Sequence[Sighting], run: Sequence[int], followed: int, settings: WindowSettings, links: int
) -> tuple[int, str]:
    sure = followed >= settings.sweep_certain or 0 < links <= followed
    return MACHINE if sure else SUSPECTED, f"{followed} links in {_seconds(window[run[-1]].at - window[run[0]].at)}"


def _along(window: Sequence[Sighting], run: Sequence[int], settings: WindowSettings, links: int) -> Iterable[Found]:
    """What the visitor of a sweep loaded beside the links."""
    reach = _micros(settings.sweep_seconds)
    verdict, why = _of_sweep(window, run, len({window[n].position for n in run}), settings, links)
    visitors = {window[n].visitor for n in run}
    begun, ended = window[run[0]].at - reach, window[run[-1]].at + reach
    for n, one in enumerate(window):
        if one.code & KIND in {OPEN, PAGE} and begun <= one.at <= ended and one.visitor in visitors:
            yield Found(n, verdict, why)


def _networks(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    plain = [n for n, one in enumerate(window) if one.code & PLAIN and one.network]
    if len({window[n].network for n in plain}) < settings.networks:
        return
    most: dict[int, tuple[int, int]] = {}
    for run in _within(window, plain, _micros(settings.networks_seconds)):
        seen = len({window[n].network for n in run})
        if seen >= settings.networks:
            lasted = window[run[-1]].at - window[run[0]].at
            for n in run:
                most[n] = max(most.get(n, (0, 0)), (seen, lasted))
    for n, (seen, lasted) in most.items():
        yield Found(n, MACHINE, f"{seen} networks in {_seconds(lasted)}")


def _head_first(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    reach = _micros(settings.head_seconds)
    for head in window:
        if head.code & HEAD:
            for n, one in enumerate(window):
                if one.code & KIND == CLICK and not one.code & HEAD and one.visitor == head.visitor:
                    after = one.at - head.at
                    if 0 <= after <= reach:
                        yield Found(n, SUSPECTED, f"{_seconds(after)} after asking for the header alone")


def _damaged(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    reach = _micros(settings.damaged_seconds)
    for n, one in enumerate(window):
        if one.code & KIND == CLICK or one.code & DAMAGED:
            others = (
                abs(other.at - one.at)
                for other in window
                if other.visitor == one.visitor
                and (other.code & KIND == CLICK if one.code & DAMAGED else other.code & DAMAGED)
            )
            if (near := min(others, default=reach + 1)) <= reach:
                yield Found(n, SUSPECTED, f"{_seconds(near)} apart")


def _shared(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    acted = {one.visitor for one in window if one.code & KIND == ACT}
    for n, one in enumerate(window):
        if one.code & SHARED and one.visitor not in acted:
            minutes = _minutes(_micros(settings.shared_seconds))
            many = f"at least {settings.shared_copies} recipients in {settings.shared_domains} domains"
            yield Found(n, SUSPECTED, f"{many} within {minutes}")


def _beside_leaving(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    reach = _micros(settings.beside_seconds)
    pages = [one for one in window if one.code & LEAVING]
    clicked = {one.visitor for one in window if one.code & KIND == CLICK}
    if any(one.code & KIND == ACT for one in window):
        return  # who looked at the page left: that was a person
    for n, one in enumerate(window):
        if one.code & KIND == CLICK:
            # A page that another visitor opened, who clicked as well, says something of that visitor alone.
            theirs = (page for page in pages if page.visitor == one.visitor or page.visitor not in clicked)
            near = min((abs(page.at - one.at) for page in theirs), default=reach + 1)
            if near <= reach:
                yield Found(n, SUSPECTED, f"the unsubscribe page {_seconds(near)} apart")


def repeats(anchor: int, at: int, settings: WindowSettings) -> bool:
    """Whether an opening through a proxy at `at` shows the one at `anchor` again."""
    return anchor > 0 and 0 <= at - anchor <= _micros(settings.repeat_seconds)


def _proxy_repeats(window: Sequence[Sighting], settings: WindowSettings, *, same: bool) -> Iterable[Found]:
    counted: dict[int, Sighting] = {}  # by program: two providers' proxies show two openings
    for n, one in enumerate(window):
        if one.code & KIND == OPEN and one.code & PROXIED:
            first = counted.get(one.network)
            if first is None or not repeats(first.at, one.at, settings):
                counted[one.network] = one  # from the first one on: a proxy asking for ever is not one opening
            elif (one.visitor == first.visitor) is same:
                yield Found(n, MACHINE if same else SUSPECTED, f"{_seconds(one.at - first.at)} after the opening")


def _retries(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    return _proxy_repeats(window, settings, same=True)


def _reloads(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    return _proxy_repeats(window, settings, same=False)


def _later_clicks(window: Sequence[Sighting], settings: WindowSettings, _links: int) -> Iterable[Found]:
    alone, later = _micros(settings.sweep_seconds), _micros(settings.later_seconds)
    for n, one in enumerate(window):
        # No message is read in a proxy.
        if one.code & (KIND | HEAD | PROXIED) != CLICK or one.base not in _DOUBTFUL:
            continue
        others = (other for other in window if other.code & KIND == CLICK and other.position != one.position)
        coherent = any(
            other.code & KIND == OPEN
            and other.visitor == one.visitor
            and other.at <= one.at
            and not other.code & (PROXIED | HEAD)
            for other in window
        )
        if coherent and one.at - window[0].at >= later and all(abs(other.at - one.at) > alone for other in others):
            yield Found(n, HUMAN, f"{_minutes(one.at - window[0].at)} after the first hit")


def _minutes(micros: int) -> str:
    return f"{micros // (60 * MICROS_PER_SECOND)} min"


def confirmed(window: Sequence[Sighting], standing: Sequence[int], settings: WindowSettings) -> Iterable[Found]:
    """Openings that what a person did soon after confirms; `standing`: the verdicts by all other rules."""
    reach = _micros(settings.later_seconds)
    proofs = [n for n, one in enumerate(window) if _proves(one, standing[n])]
    for proof in proofs:
        for n in range(proof, -1, -1):
            one = window[n]
            if one.code & KIND == OPEN:
                if standing[n] == UNKNOWN and window[proof].at - one.at <= reach:
                    yield Found(n, HUMAN, f"{_seconds(window[proof].at - one.at)} before")
                break


def _proves(one: Sighting, standing: int) -> bool:
    return one.code & KIND == ACT or (one.code & KIND == CLICK and standing == HUMAN)


def _nothing(_window: Sequence[Sighting], _settings: WindowSettings, _links: int) -> Iterable[Found]:
    return ()


_C = Confidence

WINDOW_RULES: Final = (
    WindowRule(
        "sweep",
        _C.HIGH,
        "Many links were followed within seconds.",
        "A person follows one link, perhaps two. A filter follows them all, and loads the image beside them. Three "
        "different links in ten seconds are suspected; five, or all the message has, are a machine's. The first click "
        "is judged again when the others arrive. Three or four of more links are left alone where a person may have "
        "opened them in tabs: one visitor, a hand's pace, and either later than filters look, or after a mail "
        "program had opened the message, or where that program, the provider's image proxy or Apple's privacy service "
        "had loaded the image some seconds before: the message was in the mailbox, and filters look before. Whoever "
        "clicks while another sweeps is judged by their own clicks.",
        _CRAFT,
        "A person opens every link of a short message in tabs at once, or a few of them within minutes of delivery "
        "where no image was loaded. A filter takes a few links slowly and late.",
        _sweeps,
    ),
    WindowRule(
        "many-networks",
        _C.HIGH,
        "It came from many networks at once.",
        "One person is in one network, or changes once. Scanning services spread their requests. Image proxies and "
        "Apple's relay, whose addresses change by themselves, are left out.",
        _FIELD,
        "A message to a shared mailbox is opened by three people in three places within two minutes.",
        _networks,
        PLAIN,
    ),
    WindowRule(
        "head-first",
        _C.HIGH,
        "The program first asked for the header alone, as link checkers do.",
        "Browsers never ask for a link's header before they follow it.",
        _FIELD,
        "A virus scanner on the person's own machine checks the link under the browser's name.",
        _head_first,
        HEAD,
    ),
    WindowRule(
        "damaged-link",
        _C.HIGH,
        "The program also tried a damaged form of a link.",
        "Some filters change what a link carries, for instance letter by letter, so that following it does nothing. "
        "Whoever asks for such a form and for the right one within seconds is a filter.",
        "reports of changed letters (serverfault question 573081) and of replaced digests (security.stackexchange "
        "question 267895)",
        "A person's program broke a link at the end of a line, and they repair it within ten seconds.",
        _damaged,
        DAMAGED,
    ),
    WindowRule(
        "one-address",
        _C.MEDIUM,
        "The same program at one address asked for many recipients' mails.",
        "A filter that guards several companies asks for all their mails from one address. Looked at are copies of "
        "the same message within ten minutes. The recipients of an office behind one address share one or two mail "
        "domains, so three are asked for. A button pressed takes the suspicion back.",
        _FIELD,
        "A mobile carrier or a shared office hides many people behind one address, and ten of them with the same "
        "program read one mailing within ten minutes. More likely where addresses are kept shortened.",
        _shared,
        SHARED,
    ),
    WindowRule(
        "beside-leaving",
        _C.MEDIUM,
        "The unsubscribe page was opened within a minute of this link.",
        "Who reads an offer does not look at the way out in the same minute; what follows every link does. A button "
        "pressed on that page, or a reply, takes the suspicion back.",
        _FIELD,
        "A person looks at the page, decides to stay and reads on.",
        _beside_leaving,
        LEAVING,
    ),
    WindowRule(
        "retry",
        _C.HIGH,
        "The provider's proxy asked again for the same opening.",
        "Yahoo's proxy asks for an image up to four times. Repeats from the same address within 30 seconds of an "
        "opening that was counted are the same opening.",
        "seen at Yahoo's image proxy",
        "The person opens the message twice within 30 seconds.",
        _retries,
        PROXIED,
    ),
    WindowRule(
        "proxy-repeat",
        _C.HIGH,
        "The provider's proxy loaded it again from another of its addresses.",
        "Gmail's proxy has many addresses and may load an image from two of them for one opening. The proxies of two "
        "providers are two openings.",
        _FIELD,
        "The person opens the message twice within 30 seconds.",
        _reloads,
        PROXIED,
    ),
    WindowRule(
        "later-click",
        _C.MEDIUM,
        "A single click long after delivery, from where the message was opened.",
        "Filters check new mail within minutes and follow many links. One link, later, in the program that showed the "
        "message, is a person's.",
        _CRAFT,
        "A filter checks one link late and under the name of the person's program.",
        _later_clicks,
    ),
    WindowRule(
        "confirmed",
        _C.MEDIUM,
        "A click, a button or an answer soon afterwards shows that a person had opened it.",
        "Who clicks or answers has the message open. An opening that could be either's is a person's where that "
        "followed within ten minutes.",
        "follows from the order of events",
        "Apple's service loaded the image, and the person opened the message from its cache minutes later.",
        _nothing,  # it looks at the results of the others: `confirmed`
    ),
)
WINDOW_RULE: Final = {rule.id: rule for rule in WINDOW_RULES}
