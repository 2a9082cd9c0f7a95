"""A batch takes a moment, whatever the machine does besides."""

from postlude.services.digest.batch_size import BATCH_RECORDS, BatchSize


def _after(seconds_a_record: float, batches: int = 40, size: BatchSize | None = None) -> BatchSize:
    size = size or BatchSize()
    for _ in range(batches):
        size.took(size.records, size.records * seconds_a_record)
    return size


def test_it_begins_small() -> None:
    assert BatchSize().records < BATCH_RECORDS


def test_a_free_machine_takes_as_many_as_there_may_be() -> None:
    assert _after(10e-6).records == BATCH_RECORDS


def test_on_a_busy_machine_a_batch_stays_a_moment() -> None:
    size = _after(400e-6, size=_after(10e-6))
    assert size.records * 400e-6 < 0.7


def test_it_is_never_so_small_that_nothing_gets_done() -> None:
    assert _after(1.0).records == 500


def test_it_grows_again() -> None:
    assert _after(10e-6, size=_after(1.0)).records == BATCH_RECORDS


def test_few_records_say_nothing_about_many() -> None:
    size = BatchSize()
    before = size.records
    size.took(1, 0.0001)
    assert size.records == before


def test_a_small_most_is_kept_to() -> None:
    size = BatchSize(100)
    size.took(100, 60.0)
    assert size.records == 100
