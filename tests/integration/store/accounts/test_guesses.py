"""Wrong guesses in the state, on both engines."""

from postlude.store import Store
from postlude.store.accounts.guesses import Guess


def test_guesses_come_back_in_order_and_old_ones_go(store: Store) -> None:
    store.accounts.add_guesses([Guess("network", "n", 10), Guess("account", "a", 10)], 0)
    store.accounts.add_guesses([Guess("network", "n", 20)], 0)
    assert [one.at for one in store.accounts.list_guesses(0)] == [10, 10, 20]
    assert store.accounts.list_guesses(11) == [Guess("network", "n", 20)]
    store.accounts.add_guesses([Guess("network", "m", 30)], 20)
    assert [one.at for one in store.accounts.list_guesses(0)] == [20, 30]


def test_one_key_begins_anew(store: Store) -> None:
    store.accounts.add_guesses([Guess("account", "a", 10), Guess("account", "b", 10), Guess("code", "a", 10)], 0)
    store.accounts.forget_guesses("account", "a")
    assert {(one.limit, one.key) for one in store.accounts.list_guesses(0)} == {("account", "b"), ("code", "a")}
