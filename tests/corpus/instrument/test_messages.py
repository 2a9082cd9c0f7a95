"""Every collected message, and our own: nothing but links and the pixel changes, and nothing is ever lost."""

import email
from email.message import Message
from pathlib import Path

from mails.collected import each
from mails.minting import EVERYTHING, TOKEN, URLS, track
from mails.unsplice import message as unsplice
from mails.unsplice import shape
from postlude.instrument import Instrumented, compile_message, find_links, read_switches, strip_own_headers

LONGEST_LINE = 998


def check(raw: bytes) -> Instrumented:
    """All that holds for every message."""
    done = track(raw, EVERYTHING)
    assert unsplice(raw, done.message) == raw
    assert done.changed == (done.message != raw)
    again = track(done.message, EVERYTHING)
    assert again.message == done.message
    assert [link.url for link in again.links] == [link.url for link in done.links]
    assert find_links(raw, EVERYTHING) == done.links
    assert compile_message(raw, EVERYTHING, URLS).render(TOKEN) == done.message
    assert _longest(done.message) <= max(LONGEST_LINE, _longest(raw))
    assert [link.position for link in done.links] == list(range(len(done.links)))
    read_switches(raw)
    strip_own_headers(raw)
    return done


def _longest(raw: bytes) -> int:
    return max(len(line.rstrip(b"\r")) for line in raw.split(b"\n"))


@each(".eml")
def test_every_byte_is_accounted_for(file: Path) -> None:
    check(file.read_bytes())


@each(".eml")
def test_the_standard_library_sees_the_same_parts(file: Path) -> None:
    raw = file.read_bytes()
    tracked = track(raw, EVERYTHING).message
    if tracked != raw:
        before, after = email.message_from_bytes(raw), email.message_from_bytes(tracked)
        assert shape(before) == shape(after)
        assert before.items() == after.items()
        assert _untouched(before) == _untouched(after)


def _untouched(message: Message) -> list[object]:
    texts = {"text/html", "text/plain", "text/x-amp-html", "application/xhtml+xml"}
    return [
        part.get_payload()
        for part in message.walk()
        if not part.is_multipart() and part.get_content_type() not in texts
    ]
