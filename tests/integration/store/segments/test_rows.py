from postlude.segments import render
from postlude.segments.expression import Everyone
from postlude.store.segments.rows import Segment


def test_a_segment_is_asked_by_itself() -> None:
    assert render(Segment(id=255, name="Hot", expression=Everyone()).asked) == "segment('Hot')"
