"""Messages made up by hypothesis: any nesting, encoding, charset and line end; any URL."""

from urllib.parse import unquote

from hypothesis import assume, given
from hypothesis import strategies as st

from mails.minting import CODEC, EVERYTHING, html, link, track
from mails.unsplice import message as unsplice
from mails.written import ENCODINGS, mail, multipart, part
from postlude.instrument import LinkReason, Policy
from postlude.instrument.entities import encode_entities
from support.present import present

WORDS = st.text("abc äöü ß=.<>&\"'\t", max_size=120)
CHARSETS = st.sampled_from(["utf-8", "windows-1252", "iso-8859-15", "unknown-8bit", "shift_jis", "utf-16", "us-ascii"])
URL_TEXT = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs", "M"), exclude_characters="\\"), max_size=60
)


@st.composite
def leaves(draw: st.DrawFn, newline: bytes) -> bytes:
    charset = draw(CHARSETS)
    codec = charset if charset != "unknown-8bit" else "utf-8"
    kind = draw(st.sampled_from(["text/html", "text/plain", "text/x-amp-html", "image/png", "text/calendar"]))
    words = draw(st.lists(WORDS, max_size=12))
    if "html" in kind:
        inner = [f'<p class="x">{w}</p><a href="https://x.example/?q={i}&amp;r=">{i}</a>' for i, w in enumerate(words)]
    else:
        inner = [f"{w} https://x.example/?q={i}&r= {w}." for i, w in enumerate(words)]
    text = draw(st.sampled_from(["\n", ""])).join(inner) + draw(st.sampled_from(["", "\n", "</body>", "=", " "]))
    body = text.encode(codec, "xmlcharrefreplace").replace(b"\n", newline)
    encoding = draw(st.sampled_from([*ENCODINGS, "7bit", "x-odd"]))
    return part(body, f"{kind}; charset={charset}", encoding, newline)


def trees(newline: bytes) -> st.SearchStrategy[bytes]:
    return st.recursive(
        leaves(newline),
        lambda below: st.builds(
            lambda parts, kind, number, closed: multipart(parts, kind, f"b{number}", newline, closed=closed),
            st.lists(below, min_size=1, max_size=3),
            st.sampled_from(["mixed", "alternative", "related", "signed", "report"]),
            st.integers(0, 10**6),
            st.booleans(),
        ),
        max_leaves=6,
    )


@given(st.sampled_from([b"\r\n", b"\n"]).flatmap(lambda newline: st.tuples(trees(newline), st.just(newline))))
def test_any_tree(made: tuple[bytes, bytes]) -> None:
    raw = mail(*made)
    done = track(raw, EVERYTHING)
    assert unsplice(raw, done.message) == raw
    assert track(done.message, EVERYTHING).message == done.message


@given(st.binary(max_size=300), st.integers(0, 300), st.sampled_from(ENCODINGS))
def test_damage_loses_no_byte(noise: bytes, at: int, encoding: str) -> None:
    whole = mail(multipart([part(b'<a href="https://x.example/">x</a>', "text/html", encoding)]))
    raw = whole[:at] + noise + whole[at + len(noise) // 2 :]
    done = track(raw, EVERYTHING)
    if not done.links and not done.opens:
        assert done.message == raw
    assert track(done.message, EVERYTHING).message == done.message


@given(URL_TEXT, st.sampled_from(['"', "'"]))
def test_a_url_is_read_as_it_is(rest: str, quote: str) -> None:
    url = ("https://x.example/" + rest).rstrip()
    _, (one,) = html(f"<a href={quote}{encode_entities(url, quote)}{quote}>x</a>", EVERYTHING)
    assert one.url == url
    assert one.reason in {LinkReason.NONE, LinkReason.PLACEHOLDER, LinkReason.UNSUBSCRIBE, LinkReason.BAD_URL}


@given(URL_TEXT, st.sampled_from(['"', "'"]))
def test_the_destination_survives_byte_for_byte(rest: str, quote: str) -> None:
    url = ("https://x.example/" + rest).rstrip()
    tracked, links = html(f"<a href={quote}{encode_entities(url, quote)}{quote}>x</a>", EVERYTHING)
    (one,) = links
    assume(one.reason is LinkReason.NONE)
    written = link(0, url)
    token, _, behind = written.rpartition("/l/")[2].partition("/")
    position_and_mac, _, encoded = behind.partition("/")
    ref = present(CODEC.read_read(token))
    assert written.isascii()
    assert written.encode() in tracked
    assert unquote(encoded) == url
    assert CODEC.read_link(ref, 0, position_and_mac.partition(".")[2], encoded) == url


@given(st.text("abcäöü€ &=%/?#", max_size=40), st.sampled_from(["windows-1252", "iso-8859-15", "utf-8", "shift_jis"]))
def test_an_untracked_message_is_the_same_bytes(words: str, charset: str) -> None:
    body = f'<p>{words}</p><a href="https://x.example/{words}">x</a>'.encode(charset, "xmlcharrefreplace")
    for encoding in ENCODINGS:
        raw = mail(part(body, f"text/html; charset={charset}", encoding))
        assert track(raw, Policy(opens=False, clicks=False)).message == raw
