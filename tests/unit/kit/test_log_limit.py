import logging

from postlude.kit.log_limit import LogLimit


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def record(line: int, text: str = "refused %s", peer: str = "") -> logging.LogRecord:
    made = logging.LogRecord("x", logging.WARNING, "x.py", line, text, ("it",), None)
    if peer:
        made.peer = peer
    return made


def test_one_peer_writes_so_many_lines_a_minute() -> None:
    limit = LogLimit(of_peer=3)
    assert [limit.filter(record(1, peer="a")) for _ in range(5)] == [True] * 3 + [False] * 2


def test_another_peer_is_still_heard() -> None:
    limit = LogLimit(of_peer=3)
    for _ in range(50):
        limit.filter(record(1, peer="a"))
    assert limit.filter(record(1, peer="b"))


def test_many_peers_fill_no_log_either() -> None:
    limit = LogLimit(of_place=60)
    assert sum(limit.filter(record(1, peer=str(number))) for number in range(10_000)) == 60


def test_another_place_is_not_touched() -> None:
    limit = LogLimit(of_place=1)
    limit.filter(record(1))
    limit.filter(record(1))
    assert limit.filter(record(2))


def test_what_was_held_back_is_said_with_the_next_line() -> None:
    time = Time()
    limit = LogLimit(of_place=1, monotonic=time)
    for _ in range(8):
        limit.filter(record(1))
    time.now = 61
    line = record(1)
    assert limit.filter(line)
    assert line.getMessage() == "refused it (7 more lines like this were not written)"


def test_places_and_peers_remembered_are_bounded() -> None:
    limit = LogLimit()
    for number in range(30_000):
        limit.filter(record(1, peer=str(number)))
    assert len(limit._windows) == 10_000
