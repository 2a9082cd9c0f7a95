"""Coverage-guided fuzzing of what reads foreign bytes: returned mail and providers' calls.

`python fuzz/feedback.py CORPUS_DIR -max_total_time=300`; seeds may be bounces (`../shared/corpus/bounces`).
"""

import sys

import atheris

with atheris.instrument_imports():
    from postlude.feedback import parse
    from postlude.feedback.providers import PROVIDERS, receive
    from postlude.services.digest.findings import mail_identity

NAMES = sorted(PROVIDERS)


def one_input(data: bytes) -> None:
    found = parse(data, tags=lambda _purpose, _text: None, rcpt_to="bounce+x@y.example", mail_from="<>")
    assert found
    assert not any(item.rule.startswith("crash/") for item in found), found
    assert len(mail_identity(data)) == 16
    if data[:1] in {b"{", b"["}:
        for name in NAMES:
            receive(name, headers={"authorization": "x"}, body=data, secret="a:b", now=0)
            try:
                PROVIDERS[name].parse(data)
            except ValueError:
                continue  # not what the provider documents: kept as unreadable


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
