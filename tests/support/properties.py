"""How many examples a property test tries, as a share of the profile's number (tests/conftest.py)."""

from hypothesis import settings


def examples(share: float) -> settings:
    """For what is so cheap, or so dear, that the usual number is too small or too large."""
    return settings(max_examples=max(1, round(settings().max_examples * share)))
