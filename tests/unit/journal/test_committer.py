import pytest

from postlude.journal.committer import CommitterThread


def test_work_that_fails_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    """Everybody who waits for the disk waits for this thread."""
    done: list[int] = []

    def work() -> None:
        done.append(len(done))
        if len(done) == 1:
            raise ZeroDivisionError

    committer = CommitterThread()
    committer.start("journal", work)
    committer.wake()
    committer.wake()
    committer.stop()
    assert done == [0, 1, 2]
    assert "ZeroDivisionError" in caplog.text
