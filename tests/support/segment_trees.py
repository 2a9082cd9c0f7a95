"""Expressions of every shape for property tests."""

from typing import get_args

from hypothesis import strategies as st

from postlude.model.words import Consent, EngagementState, MemberStatus, Purpose
from postlude.segments import expression as tree
from postlude.segments.expression import Reference

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
DAYS = st.sampled_from(("2026-01-01", "2026-03-05T09:30", "2026-06-30"))
OWN = st.sampled_from(("address", "name", "source", "time_zone"))
NUMBERS = st.one_of(st.integers(-999, 999).map(float), st.sampled_from((0.5, 12.25)))


def refs(names: st.SearchStrategy[str]) -> st.SearchStrategy[Reference]:
    return st.builds(Reference, name=names)


def dids(campaigns: st.SearchStrategy[Reference]) -> st.SearchStrategy[tree.Expression]:
    common = {
        "least": st.integers(1, 3),
        "campaign": st.none() | campaigns,
        "subject": st.just("") | TEXT,
        "topic": st.just("") | TEXT,
        "since": st.just("") | DAYS,
        "before": st.just("") | DAYS,
    }
    clicked = st.builds(tree.Did, action=st.just("clicked"), link=st.just("") | TEXT, **common)
    return clicked | st.builds(tree.Did, action=st.sampled_from(get_args(tree.Action)), **common)


def fields() -> st.SearchStrategy[tree.Expression]:
    custom = st.tuples(TEXT, st.just(value=True))
    own = st.tuples(OWN, st.just(value=False))
    orders = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
    words = st.sampled_from(("contains", "starts", "ends"))
    which = custom | own
    return st.one_of(
        st.builds(lambda f, o, v: tree.FieldIs(f[0], o, v, f[1]), which, orders, TEXT | NUMBERS),
        st.builds(lambda f, o, v: tree.FieldIs(f[0], o, v, f[1]), which, words, TEXT),
        st.builds(lambda f, v: tree.FieldIn(f[0], tuple(v), f[1]), which, st.lists(TEXT, min_size=1, max_size=3)),
        st.builds(lambda f: tree.FieldEmpty(*f), which),
    )


def leaves(names: st.SearchStrategy[Reference]) -> st.SearchStrategy[tree.Expression]:
    return st.one_of(
        st.just(tree.Everyone()),
        st.builds(tree.OnList, names, st.sampled_from(list(MemberStatus))),
        st.builds(tree.Tagged, names),
        st.builds(tree.InSegment, names),
        st.builds(tree.HasConsent, st.sampled_from(list(Purpose)), st.sampled_from(list(Consent))),
        st.builds(tree.IsSuppressed, st.sampled_from(("", "complained"))),
        st.builds(tree.InState, st.sampled_from(list(EngagementState))),
        st.builds(tree.ScoreIs, st.sampled_from(("=", "!=", "<", "<=", ">", ">=")), st.integers(0, 100)),
        st.builds(tree.Added, since=st.just("") | DAYS, before=st.just("") | DAYS),
        fields(),
        dids(names),
    )


def trees(leaf: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    def grow(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.builds(tree.AllOf, several) | st.builds(tree.AnyOf, several) | st.builds(tree.Not, inner)

    return st.recursive(leaf, grow, max_leaves=6)
