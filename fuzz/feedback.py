"""Coverage-guided fuzzing of the mail parsers: `pip install atheris && python fuzz/feedback.py CORPUS_DIR`."""

import sys

import atheris

with atheris.instrument_imports():
    from postlude.feedback import parse


def one_input(data: bytes) -> None:
    found = parse(data)
    assert found
    assert not any(item.rule.startswith("crash/") for item in found), found


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
