from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.model.errors import InputError
from postlude.model.words import EngagementState
from postlude.segments import Reference, SegmentError, parse_expression, render
from postlude.segments import expression as tree
from postlude.segments.parser import DEEPEST, MOST_PARTS


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("everyone", tree.Everyone()),
        ("opened", tree.Did("opened")),
        ("opened() >= 3", tree.Did("opened", 3)),
        ("opened() > 2", tree.Did("opened", 3)),
        ("opened() >= 0", tree.Everyone()),
        ("opened() = 0", tree.Not(tree.Did("opened", 1))),
        ("opened() < 3", tree.Not(tree.Did("opened", 3))),
        ("opened() <= 2", tree.Not(tree.Did("opened", 3))),
        ("opened() = 2", tree.AllOf((tree.Did("opened", 2), tree.Not(tree.Did("opened", 3))))),
        ("opened() != 0", tree.Not(tree.Not(tree.Did("opened", 1)))),
        ("clicked(link='*shop*', since='2026-01-31') >= 2", tree.Did("clicked", 2, link="*shop*", since="2026-01-31")),
        ("clicked(campaign='Spring', within='30d')", tree.Did("clicked", campaign=Reference("Spring"), within="30d")),
        ("sent(subject=\"It's\", since='2026-01-31')", tree.Did("sent", subject="It's", since="2026-01-31")),
        ("tag(#00000000000000ff)", tree.Tagged(Reference(id=255))),
        ("state('hot')", tree.InState(EngagementState.HOT)),
        ("score() >= 60", tree.ScoreIs(">=", 60)),
        ("not score() = 0", tree.Not(tree.ScoreIs("=", 0))),
        ("opens_tracked(campaign='Spring')", tree.Did("opens_tracked", campaign=Reference("Spring"))),
        ("list('News')", tree.OnList(Reference("News"))),
        ("segment(\u2018Hot\u2019)", tree.InSegment(Reference("Hot"))),
        ("name = 'Ann'", tree.FieldIs("name", "=", "Ann")),
        ("name not in ('A', 'B')", tree.Not(tree.FieldIn("name", ("A", "B")))),
        ("name is not empty", tree.Not(tree.FieldEmpty("name"))),
        ("field('Age') >= 30", tree.FieldIs("Age", ">=", 30.0, custom=True)),
        ("field('Age') starts with '3'", tree.FieldIs("Age", "starts", "3", custom=True)),
        ("NOT Opened AND clicked", tree.AllOf((tree.Not(tree.Did("opened")), tree.Did("clicked")))),
        (
            "opened or clicked and replied",
            tree.AnyOf((tree.Did("opened"), tree.AllOf((tree.Did("clicked"), tree.Did("replied"))))),
        ),
    ],
)
def test_what_is_written_is_read(text: str, read: tree.Expression) -> None:
    assert parse_expression(text) == read


@pytest.mark.parametrize(
    ("text", "problem", "at"),
    [
        ("", "the expression is empty", 0),
        ("oppened()", "is it opened?", 0),
        ("city = 'Bonn'", "field('city')", 0),
        ("opened(campaign=Spring)", "a text in quotation marks", 16),
        ("opened(colour='x')", "takes before, campaign", 14),
        ("opened() >= 'a'", "a whole number", 12),
        ("state('warm')", "none of new, active, hot", 6),
        ("state()", "write state('hot')", 0),
        ("score()", "write score() >= 60", 7),
        ("score() > 101", "from 0 to 100", 10),
        ("score() > 'a'", "from 0 to 100", 10),
        ("opened(within='30 x')", "12h, 30d", 14),
        ("opened(since='yesterday')", "2026-01-31", 13),
        ("opened(since='2026-01-01', within='3d')", "leave out since", 34),
        ("opened(link='x')", "takes before, campaign, since", 12),
        ("list('News'", ", is expected", 11),
        ("list()", "write list('News')", 0),
        ("list('News', status='gone')", "none of pending, subscribed", 20),
        ("consent('post') = 'given'", "none of mail, opens, clicks", 8),
        ("domain > 'a'", "compared by", 9),
        ("(opened", ") is expected", 7),
        ("opened clicked", "and, or, or the end", 7),
        ("opened && clicked", "write and", 7),
        ("!opened", "write not", 0),
        ("tag('vip", "does not end", 4),
        ("name = ", "in quotation marks", 7),
        ("name", "what name shall be", 4),
        ("opened)", "and, or, or the end", 6),
    ],
)
def test_a_mistake_is_shown_with_its_place_and_remedy(text: str, problem: str, at: int) -> None:
    with pytest.raises(SegmentError) as error:
        parse_expression(text)
    assert problem in error.value.problem
    assert error.value.at == at
    assert str(error.value).splitlines()[-1] == f"  {' ' * at}^"


@pytest.mark.parametrize(
    "text",
    [
        "(" * (DEEPEST + 1) + "opened" + ")" * (DEEPEST + 1),
        "not " * (DEEPEST + 1) + "opened",
        " or ".join(["opened"] * (MOST_PARTS + 1)),
        "name = '" + "x" * 20_000 + "'",
        "(" * 100_000,
    ],
    ids=["brackets", "nots", "parts", "text", "open"],
)
def test_what_is_too_much_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"deeper|the most"):
        parse_expression(text)


@given(st.text(max_size=60) | st.text("opened()'=<>not andr,#0123 ", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(SegmentError):
        assert isinstance(parse_expression(render(parse_expression(text))), tree.Expression)
