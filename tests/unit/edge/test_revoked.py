"""The revocation file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.edge.revoked import read_revoked, write_revoked

IDS = st.integers(1, (1 << 63) - 1)


@given(st.sets(st.integers(0, (1 << 64) - 1), max_size=50), st.sets(IDS, max_size=5))
def test_withdrawn_copies_are_found_again(
    tmp_path_factory: pytest.TempPathFactory, opens: set[int], clicks: set[int]
) -> None:
    path = tmp_path_factory.mktemp("revoked") / "revoked.bin"
    write_revoked(path, opens, clicks, {(1, 2, 3): "https://x.example/"})
    revoked = read_revoked(path)
    assert all(copy in revoked.opens for copy in opens)
    assert all((copy in revoked.opens) == (copy in opens) for copy in clicks)
    assert len(revoked.clicks) == len(clicks)
    assert revoked.links == {(1, 2, 3): "https://x.example/"}
