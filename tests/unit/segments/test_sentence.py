import pytest
from hypothesis import given

from postlude.segments import expression as tree
from postlude.segments import parse_expression, sentence
from support.segment_trees import TEXT, leaves, refs, trees


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("everyone", "all contacts"),
        ("not everyone", "no contacts"),
        ("opened(campaign='Spring') >= 3", "contacts who opened the campaign 'Spring' at least 3 times"),
        ("not clicked(within='1w')", "contacts who did not click in any mail within the last week"),
        ("opened(within='30 Days')", "contacts who opened any mail within the last 30 days"),
        ("not opened() >= 2", "contacts who opened any mail fewer than 2 times"),
        (
            "not (opened or clicked)",
            "contacts who did not open any mail and who did not click in any mail",
        ),
        (
            "tag('a') or list('News', status='unsubscribed') and name is empty",
            "contacts who have the tag 'a' or (who left the list 'News' and whose name is not known)",
        ),
        ("state('hot') and not state('unreachable')", "contacts who are hot and whose mail does not come back"),
        ("score() >= 60", "contacts whose score is at least 60"),
        ("not score() < 30", "contacts without a score that is below 30"),
        (
            "opens_tracked() and not opened()",
            "contacts who would be seen opening any mail and who did not open any mail",
        ),
        ("consent('mail') = 'unknown'", "contacts who were never asked about being mailed"),
        ("field('Age') < 30", "contacts whose Age is below 30"),
        (
            "sent(subject='Offer', since='2026-01-31')",
            "contacts who were sent any mail with 'Offer' in its subject since 2026-01-31",
        ),
    ],
)
def test_an_expression_is_put_in_words(text: str, words: str) -> None:
    assert sentence(parse_expression(text)) == words


@given(trees(leaves(refs(TEXT))))
def test_every_expression_has_words(expression: tree.Expression) -> None:
    assert sentence(expression).strip()


@given(trees(leaves(refs(TEXT))))
def test_twice_not_says_nothing(expression: tree.Expression) -> None:
    assert sentence(tree.Not(tree.Not(tree.Tagged(tree.Reference("a"))))) == "contacts who have the tag 'a'"
    assert sentence(tree.AllOf((tree.Not(tree.Not(expression)), tree.Everyone()))) == sentence(
        tree.AllOf((expression, tree.Everyone()))
    )
