import msgspec
from hypothesis import given

from postlude.segments import expression as tree
from support.segment_trees import TEXT, leaves, refs, trees


@given(trees(leaves(refs(TEXT))))
def test_a_tree_is_kept_as_json(expression: tree.Expression) -> None:
    kept = msgspec.json.encode(expression)
    assert msgspec.json.decode(kept, type=tree.Expression) == expression


@given(trees(leaves(refs(TEXT))))
def test_a_change_reaches_every_leaf_and_nothing_else(expression: tree.Expression) -> None:
    assert tree.changed(expression, lambda leaf: leaf) == expression
    everyone = tree.changed(expression, lambda _: tree.Everyone())
    count = len(list(tree.leaves(expression)))
    assert list(tree.leaves(everyone)) == [tree.Everyone()] * count
