from postlude.model.journal_position import JournalPosition


def test_the_segment_decides_before_the_offset() -> None:
    assert JournalPosition(2, 0) > JournalPosition(1, 4096)
    assert JournalPosition(2, 8) > JournalPosition(2, 0)
