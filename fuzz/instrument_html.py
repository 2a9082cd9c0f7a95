"""Coverage-guided fuzzing of the HTML scanner beside turbohtml's tokenizer: `make fuzz`.

Any input: the same links as the other tokenizer, every byte outside of them kept, tracking twice is tracking once.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

with atheris.instrument_imports(include=["postlude.instrument"]):
    from mails.minting import EVERYTHING, html

from turbohtml import TokenType, tokenize

from mails.unsplice import html as unsplice
from postlude.instrument.anchors import text_of
from postlude.instrument.scanner import Scan


def ours(raw: bytes) -> list[tuple[str, str | None]]:
    scan = Scan(raw)
    found = []
    for tag in scan.links:
        if tag.name in {b"a", b"area"} and not tag.outlook:
            href = next((a for a in scan.attributes(tag) if a.name == b"href"), None)
            value = None if href is None else text_of(raw[href.value_start : href.value_end], "utf-8")
            found.append((tag.name.decode(), value and value.replace("\r\n", "\n").replace("\r", "\n")))
    return found


def theirs(text: str) -> list[tuple[str, str | None]]:
    return [
        (token.tag, next((value for name, value in token.attrs if name == "href"), None))
        for token in tokenize(text)
        if token.type is TokenType.START_TAG and token.tag in {"a", "area"}
    ]


def one_input(data: bytes) -> None:
    tracked, links = html(data, EVERYTHING)
    assert unsplice(data, tracked) == data
    again, seen = html(tracked, EVERYTHING)
    assert again == tracked
    assert [link.url for link in seen] == [link.url for link in links]
    lower = data.lower()
    if b"\0" in data or b"<svg" in lower or b"<math" in lower:
        return  # the other one writes U+FFFD, and does not tell foreign content apart
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    assert ours(data) == theirs(text), (ours(data), theirs(text))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
