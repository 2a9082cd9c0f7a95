"""What ties an answer to what it answers, and what is an answer at all."""

import pytest

from postlude.feedback import FindingKind, parse
from postlude.feedback.reply import message_ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x.test>", ("a@x.test",)),
        ("a@x.test", ("a@x.test",)),
        ("<a@x.test> <b@x.test>", ("a@x.test", "b@x.test")),
        ("a@x.test b@x.test", ("a@x.test", "b@x.test")),
        ("<a@x.test>,<b@x.test>", ("a@x.test", "b@x.test")),
        ('Message from bob@x.test of "Monday" <a@x.test>', ("a@x.test",)),
        ("&lt;a@x.test&gt; &lt;b@x.test&gt;", ("a@x.test", "b@x.test")),
        ("none at all", ()),
    ],
)
def test_ids_with_and_without_their_brackets(value: str, ids: tuple[str, ...]) -> None:
    assert message_ids(value) == ids


REACTION = """From: Bob <bob@customer.test>
Subject: Re: Our offer
In-Reply-To: <offer@sender.test>
Content-Type: multipart/alternative; boundary=abcdefghij

--abcdefghij
Content-Type: text/plain

Bob reacted via Gmail
--abcdefghij
Content-Type: text/vnd.google.email-reaction+json

{BODY}
--abcdefghij--
"""


def test_a_reaction_is_no_reply() -> None:
    (found,) = parse(REACTION.replace("{BODY}", '{"emoji": "👍", "version": 1}').encode())
    assert found.kind == FindingKind.REACTED
    assert found.text == "👍"
    assert found.message_ids == ("offer@sender.test",)


@pytest.mark.parametrize("body", [b"[1", b'{"emoji": "\xf0"}', b""])
def test_a_reaction_that_cannot_be_read_is_one_all_the_same(body: bytes) -> None:
    (found,) = parse(REACTION.encode().replace(b"{BODY}", body))
    assert found.kind == FindingKind.REACTED
    assert found.text == "reaction"


@pytest.mark.parametrize("prefix", ["R:", "RES:", "Antwort:", "回复：", "[EXTERNAL] Re:", "Odp:", "VS:", "Ynt:", "Απ:"])
def test_a_prefix_alone_makes_an_answer(prefix: str) -> None:
    (found,) = parse(f"From: bob@customer.test\nSubject: {prefix} Our offer\n\nVa bene.\n".encode())
    assert found.kind is FindingKind.REPLIED
