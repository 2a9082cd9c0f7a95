"""Lines of unencoded parts get no longer than 998 octets, or than they were."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mails.minting import OTHER, html, link, pixel, track
from mails.written import mail, part
from postlude.instrument import LinkReason, Policy

LONGEST = 998
URL = "https://x.example/"
UTM = Policy(utm=(("utm_source", "s" * 60), ("utm_campaign", "c" * 60)))
MARKED = Policy(headers=False)


def page(body: bytes, newline: bytes = b"\r\n") -> bytes:
    return mail(part(body.replace(b"\n", newline), newline=newline), newline)


def longest(raw: bytes) -> int:
    return max(len(line) for line in re.split(rb"\r?\n", raw))


def quoted_pixel(inside: str) -> str:
    return f'<img src="{pixel(OTHER)}"{inside}alt="">'


PIECES = st.one_of(
    st.integers(0, 998).map(lambda size: "t" * size),
    st.integers(900, 998).map(lambda size: f'<p title="{"t" * max(0, size - 12)}">'),
    st.tuples(st.integers(0, 400), st.integers(0, 900)).map(
        lambda n: f'<a class="{"c" * n[0]}" href="{URL}{"a" * n[1]}">x</a>'
    ),
    st.tuples(st.integers(1, 900), st.integers(1, 900)).map(
        lambda n: f'<a href="{URL}{"a" * n[0]}\n{"b" * n[1]}" id=x>x</a>'
    ),
    st.tuples(st.integers(0, 970), st.integers(0, 970)).map(lambda n: f"<a href{' ' * n[0]}={' ' * n[1]}'{URL}'>x</a>"),
    st.integers(0, 900).map(lambda size: f"<a href =\n{' ' * size}{URL}{'a' * (900 - size)}>x</a>"),
    st.integers(0, 900).map(lambda size: f'<a href="{URL}unsubscribe?{"&" * size}">x</a>'),
    st.integers(0, 300).map(lambda size: f'<a href="{link(0, URL + "?" + "&" * size, OTHER)}">x</a>'),
    st.tuples(st.integers(0, 700), st.sampled_from(["\n", " "])).map(lambda n: quoted_pixel(" " * n[0] + n[1])),
    st.tuples(st.integers(0, 900), st.sampled_from(["\n", " "])).map(
        lambda n: f"<p {'c' * n[0]}{n[1]}data-postlude=on{n[1]}{'c' * n[0]}>"
    ),
    st.sampled_from(["\n", "<body>", "</body>", "<!--postlude:pixel-->", "<!--\npostlude:pixel\n-->", "</head>"]),
    st.just(f'<!--[if mso]><a href="{URL}">x</a><![endif]-->'),
)


def with_short_lines(body: str) -> str:
    """The page, broken where a line would be too long: between two of its tags, or in a run of letters."""
    lines = (line for line in body.split("\n") for line in re.split(r"(.{1,998}(?=[<]|\Z)|.{998})", line) if line)
    return "\n".join(lines)


@given(
    st.lists(PIECES, max_size=12).map("".join).flatmap(lambda body: st.sampled_from([body, with_short_lines(body)])),
    st.sampled_from([Policy(), UTM, Policy(clicks=False, utm=UTM.utm)]),
    st.sampled_from([b"\r\n", b"\n"]),
)
@example("t" * 998, Policy(), b"\r\n")
@example("t" * 998 + "\n" + "</body>" + "t" * 991, Policy(), b"\r\n")
@example("t" * 995 + "\n", Policy(), b"\n")
@example(f'<a href="{URL}{"a" * 700}\n{"b" * 700}" id=x>x</a>', Policy(), b"\r\n")
def test_no_line_grows_too_long_and_twice_is_once(body: str, policy: Policy, newline: bytes) -> None:
    raw = page(body.encode(), newline)
    done = track(raw, policy)
    assert longest(done.message) <= max(LONGEST, longest(raw))
    assert done.message.count(b"\n") == done.message.count(newline)
    if not policy.utm and not any(one.reason is LinkReason.QUOTED for one in done.links):
        assert track(done.message, policy).message == done.message


@pytest.mark.parametrize("before", range(960, 999))
def test_the_pixel_finds_its_place_in_a_full_line(before: int) -> None:
    raw = page(b"<p>x</p>" + b"t" * (before - 8) + b"\n")
    done = track(raw)
    assert done.opens
    assert longest(done.message) <= LONGEST


def test_a_line_that_was_too_long_gets_no_longer() -> None:
    raw = page(f"<p>{'t' * 2000}<a href='{URL}'>x</a>{'t' * 1500}</p>".encode())
    done = track(raw)
    assert all(one.tracked for one in done.links)
    assert longest(done.message) <= longest(raw)


def test_a_value_of_two_lines_does_not_join_what_is_too_long_already() -> None:
    raw = page(f"<a title='{'t' * 700}' href='{URL}{'a' * 200}\n{'b' * 200}'>{'t' * 1500}</a>".encode())
    assert longest(track(raw).message) <= longest(raw)


def test_parameters_that_make_a_line_too_long_are_left_out() -> None:
    url = URL + "a" * 850 + "?unsubscribe=1"
    done = track(page(f'<a href="{url}">x</a>'.encode()), UTM)
    assert [(one.url, one.reason) for one in done.links] == [(url, LinkReason.UNSUBSCRIBE)]
    assert url.encode() in done.message


def test_a_quoted_link_whose_destination_does_not_fit_a_line_stays_and_says_so() -> None:
    url = link(0, URL + "?" + "&" * 250, OTHER)
    done = track(page(f'<a href="{url}">x</a>'.encode()), Policy(opens=False))
    assert [(one.url, one.reason) for one in done.links] == [(url, LinkReason.TOO_LONG)]
    assert url.encode() in done.message


def test_a_mark_that_ends_a_line_is_taken_out_without_its_line_end() -> None:
    tracked, _ = html(b'<p class="a"\r\ndata-postlude="off"\r\nid="b">x</p>', Policy(opens=False))
    assert tracked == b'<p class="a"\r\n\r\nid="b">x</p>'


def test_a_blank_in_front_of_a_mark_goes_with_it() -> None:
    tracked, _ = html(b'<p class="a" data-postlude="off">x</p>', Policy(opens=False))
    assert tracked == b'<p class="a">x</p>'
