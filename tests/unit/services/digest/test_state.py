from mails.records import record
from postlude.services.digest.state import DigestState


def test_what_is_behind_is_told_in_records_of_the_batchs_size() -> None:
    state = DigestState()
    state.digested([record(bytes(100)), record(bytes(300))], bytes_behind=1_000)
    assert state.records == 2
    assert state.batches == 1
    assert state.behind == 5


def test_batches_add_up() -> None:
    state = DigestState()
    for _ in range(3):
        state.digested([record(b"x")], bytes_behind=0)
    assert state.records == 3
    assert state.batches == 3


def test_idle_means_that_nothing_is_behind() -> None:
    state = DigestState()
    state.digested([record(b"x")], bytes_behind=9)
    state.idle(7_000)
    assert state.behind == 0
    assert state.idle_at == 7_000
