"""Coverage-guided fuzzing of whole messages: `make fuzz`. Nothing crashes, no byte is lost, twice is once."""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

with atheris.instrument_imports(include=["postlude.instrument"]):
    from mails.minting import EVERYTHING, track

from mails.unsplice import message as unsplice
from postlude.instrument import Policy


def one_input(data: bytes) -> None:
    done = track(data, EVERYTHING)
    assert unsplice(data, done.message) == data
    assert track(done.message, EVERYTHING).message == done.message
    assert track(data, Policy(opens=False, clicks=False, headers=False)).message == data or b"postlude" in data.lower()
    track(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
