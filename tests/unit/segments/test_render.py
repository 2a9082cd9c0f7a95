from hypothesis import given

from postlude.segments import expression as tree
from postlude.segments import parse_expression, render
from postlude.segments.expression import Reference
from support.segment_trees import TEXT, leaves, refs, trees


@given(trees(leaves(refs(TEXT))))
def test_what_is_rendered_is_read_as_the_same_tree(expression: tree.Expression) -> None:
    assert parse_expression(render(expression)) == expression


def test_an_id_without_a_name_stands_as_an_id() -> None:
    assert render(tree.Tagged(Reference(id=255))) == "tag(#00000000000000ff)"
    assert render(tree.Tagged(Reference("vip", 255))) == "tag('vip')"


def test_brackets_stand_where_they_are_needed() -> None:
    text = "opened() and (clicked() or replied()) and not (bounced() or complained())"
    assert render(parse_expression(text)) == text
