"""What holds for every test: how many examples property tests try, and which tests start first."""

import os

import pytest
from hypothesis import settings

# No deadline: an example's time depends on what else the machine does.
# The same examples every time for the same code: `make thorough` looks for others.
settings.register_profile("quick", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest starts first, after everything was shuffled: no core waits for it alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
