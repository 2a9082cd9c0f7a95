"""A link that is tracked is one that the edge will follow."""

from hypothesis import example, given
from hypothesis import strategies as st

from postlude.edge.location import location
from postlude.instrument import LinkReason
from postlude.instrument.url import form

HOSTS = st.text("abcäöü漢🎉-_.:[]%@\\ 0123456789", min_size=1, max_size=20)


@given(st.sampled_from(["http", "https", "HTTP"]), HOSTS, st.text(max_size=20))
@example("https", "-x.example", "")
@example("https", "x.example-", "/")
@example("https", "x.example:", "/")
@example("https", "x.example:123456", "/")
@example("https", "a..b", "/")
@example("https", "user:pass@x.example", "/")
@example("https", "a@b@x.example", "/")
@example("https", "x.example", "/\x85")
def test_edge_follows_what_is_tracked(scheme: str, host: str, rest: str) -> None:
    url = f"{scheme}://{host}/{rest}"
    if form(url)[0] is LinkReason.NONE:
        assert location(url) is not None
