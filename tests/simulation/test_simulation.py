"""200 seeds, and the proof that the simulation notices what it is there for. More: `make simulate SEEDS=5000`."""

import pytest

from simulation.mutations import MUTATIONS
from simulation.operations import Operation
from simulation.run import command, shrunk, simulate

_SEEDS = 200
_CHUNK = 5
_TRIED = 25  # seeds within which each of these is noticed
_NOTICED = (
    "state_keeps_no_place",
    "history_counts_a_replay_twice",
    "torn_tail_is_believed",
    "batch_is_half_applied",
    "answered_before_it_is_durable",
    "loss_is_not_counted",
    "any_token_is_genuine",
    "indeterminate_is_sent_again",
    "any_journal_is_the_workers_own",
    "proxy_repeats_count",
    "failed_batch_is_remembered",
)


@pytest.mark.parametrize("first", range(0, _SEEDS, _CHUNK))
def test_every_promise_holds_whatever_fails_on_the_way(first: int) -> None:
    results = [simulate(seed) for seed in range(first, first + _CHUNK)]
    broken = [f"{one.problems[0]}; to repeat it: {command(one.seed)}" for one in results if one.problems]
    assert broken == []


def test_a_seed_is_the_same_history_every_time() -> None:
    assert simulate(3) == simulate(3)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", _NOTICED)
def test_a_broken_guarantee_is_noticed(name: str) -> None:
    with MUTATIONS[name]():
        assert any(simulate(seed).problems for seed in range(_TRIED))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_failing_history_is_told_with_what_it_needs() -> None:
    with MUTATIONS["proxy_repeats_count"]():
        failing = next(result for seed in range(_TRIED) if (result := simulate(seed)).problems)
        shorter = shrunk(failing, budget=6)
    assert shorter.problems
    assert len(shorter.operations) < len(failing.operations)


def test_nothing_happens_in_an_empty_history() -> None:
    assert simulate(1, []).problems == []


def test_operations_can_be_left_out() -> None:
    submit = Operation("submit", 5)
    assert simulate(1, [submit, Operation("wait", 7)]).problems == []
