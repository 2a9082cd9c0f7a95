from postlude.classify import VERDICTS, read_window
from postlude.model.event import LATE_FACTS, Event
from postlude.model.words import EventKind, Verdict
from postlude.services.digest.judge_copy import CopyJudge, Rejudged, by_copy

S = 1_000_000
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)


def _click(number: int, at: float, position: int = 0, verdict: Verdict = Verdict.HUMAN) -> Event:
    facts = {"user_agent": CHROME, "client": "Chrome"}
    when = round(at * S)
    return Event(number, EventKind.CLICKED, when, 1, 10, position, verdict, ("browser",), 1, facts, "192.0.2.0")


def _judge(links: int = 0) -> CopyJudge:
    return CopyJudge(lambda _message: links)


def test_each_is_judged_by_itself_and_then_all_together() -> None:
    judged = _judge().judge_copy([_click(n, 50 + n / 10, n) for n in range(5)], 0, ())
    assert {VERDICTS[one.verdict] for one in judged.verdicts.values()} == {Verdict.MACHINE}
    assert len(read_window(judged.window)) == 5


def test_what_changes_says_what_it_was_and_why() -> None:
    events = [_click(1, 1.5)]
    copy_judge = _judge()
    [(before, after)] = copy_judge.changes(events, copy_judge.judge_copy(events, 0, ()), LATE_FACTS)
    assert before is events[0]
    assert after.verdict is Verdict.MACHINE_SUSPECTED
    assert after.first_verdict is Verdict.HUMAN
    assert after.reasons == ("prompt-click", "browser")
    assert after.cause == LATE_FACTS


def test_nothing_changes_where_the_verdict_stays() -> None:
    events = [_click(1, 30)]
    copy_judge = _judge()
    assert not list(copy_judge.changes(events, copy_judge.judge_copy(events, 0, ()), LATE_FACTS))


def test_a_reply_is_a_hit_that_no_rule_judges() -> None:
    reply = Event(2, EventKind.REPLIED, 60 * S, 1, 10)
    judged = _judge().judge_copy([_click(1, 30), reply], 0, ())
    assert judged.verdicts.keys() == {1}
    assert [one.id for one in read_window(judged.window)] == [1, 2]


def test_events_that_rules_do_not_look_at_are_left_out() -> None:
    sent = Event(3, EventKind.SENT, 0, 1, 10)
    nobody_s = Event(4, EventKind.REPLIED, 0, 0, 0)
    assert by_copy([_click(2, 9), sent, _click(1, 3), nobody_s]) == [(10, [_click(1, 3), _click(2, 9)])]


def test_what_several_copies_change_is_one_set_of_corrections() -> None:
    copy_judge, rejudged = _judge(), Rejudged()
    for copy in (10, 11):
        events = [_click(copy, 1.5)]
        judged = copy_judge.judge_copy(events, 0, ())
        rejudged.add(copy, judged, copy_judge.changes(events, judged, LATE_FACTS))
    corrections = rejudged.corrections()
    assert [event.id for event in corrections.after] == [10, 11]
    assert corrections.times.keys() == rejudged.windows.keys() == {10, 11}
    assert not corrections.times[10].first_click
