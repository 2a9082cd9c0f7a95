"""The byte patterns of WHATWG HTML's tokenizer states, as far as finding links and the pixel's place needs them.

Inside the patterns only single character classes repeat possessively; repeated groups repeat greedily, because CPython
before 3.11.5 can leave a possessive group at the wrong place (gh-106052). That is still linear: backtracking over an
attribute never makes a tag match, since an attribute never begins with `>`.
"""

import re
from typing import Final

_WS: Final = rb"[\t\n\f\r ]"
_NAME: Final = rb"[^\t\n\f\r />][^\t\n\f\r />=]*+"
_VALUE: Final = rb"""(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r >"'][^\t\n\f\r >]*+|(?=>))"""
_ATTRIBUTE: Final = rb"[\t\n\f\r /]*+" + _NAME + rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+" + _VALUE + rb"|(?![\t\n\f\r ]*+=))"
# Behind the tag's name: all attributes and the `>`. No match means the input ends inside the tag.
_REST: Final = rb"(?:" + _ATTRIBUTE + rb")*[\t\n\f\r /]*+>"
_END_OF_NAME: Final = rb"(?=[\t\n\f\r />])"
_TAG_NAME: Final = rb"[a-zA-Z][^\t\n\f\r />]*+"

RAW: Final = frozenset(
    (b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes", b"plaintext")
)
"""Elements whose content is text, never tags."""
FOREIGN: Final = frozenset((b"svg", b"math"))

_WANTED: Final = (
    rb"(?i:area|a|body|html|head|template|svg|math|v:[^\t\n\f\r />]++|" + b"|".join(sorted(RAW)) + rb")" + _END_OF_NAME
)
_BOGUS: Final = rb"<(?:!(?!--|\[CDATA\[)|\?|/[^a-zA-Z>])[^>]*+>"


# The regular case, in which nearly every tag of real mail is: attributes as `name="value"` or `name`. It is what the
# states above make of such a tag, at a third of the time; everything else falls through to them.
_NAMES: Final = rb"[\x00-!#-&(-<?-\xff]"  # all but `"'=>`, spelled so that CPython looks each up in one step
_REGULAR: Final = rb"(?:" + _NAMES + rb"++(?<![\t\n\f\r /])=\"[^\"]*+\")*" + _NAMES + rb"*+>"
_COMMON: Final = rb"t(?:[drh]|able|body)|div|p|span|br|strong|b|i|em|u|center|font|h[1-6r]|ul|ol|li|small|sup|sub|meta"
_PLAIN_ATTRIBUTES: Final = rb"""(?:[\t\n\f\r ]++(?!href=)[a-z:-]++="[^"]*+")*"""
_LINK: Final = (
    rb"(<a(?=[\t\n\f\r ])" + _PLAIN_ATTRIBUTES + rb"[\t\n\f\r ]++href=\"([^\"]*+)\"" + _PLAIN_ATTRIBUTES
) + rb"[\t\n\f\r ]*+>)(?:[^<]*+(</a>))?()"


def _scanner(wanted: bytes, common: bytes = b"", link: bytes = b"(?!)()()()()") -> re.Pattern[bytes]:
    """Skips text and unwanted tags, at most some thousand a match to bound its stack, then takes one wanted thing.

    A match that skipped that many may end before a tag that the next match skips: what it calls unfinished is so only
    where nothing was skipped before it.
    """
    unwanted = rb"</?(?!" + wanted + rb")" + _TAG_NAME + _REST
    plain = rb"<(?![a-zA-Z/!?])|</(?=>)"
    regular = b""
    if common:
        regular = rb"<(?:/(?:" + common + rb")>|(?:" + common + rb")(?:>|[\t\n\f\r /]" + _REGULAR + rb"))|"
    skipped = rb"[^<]*+(?:(?:" + regular + unwanted + rb"|" + plain + rb"|" + _BOGUS + rb")[^<]*+){0,4000}"
    tag = rb"(<)(/?)(" + wanted + rb")(" + _REST + rb")"
    return re.compile(skipped + rb"(?:" + link + rb"|" + tag + rb"|(<!--)|(<!\[CDATA\[)|(<(?s:.)|\Z)|)")


FEW: Final = _scanner(_WANTED, _COMMON + rb"|img", _LINK)
"""Groups: 1-4 a regular link: its tag, its href, the end tag behind it, nothing; 5 `<`, 6 `/`, 7 name, 8 rest of
another wanted tag; 9 comment; 10 CDATA; 11 something unfinished (see `_scanner`), or the end. The last matching group
decides.
"""
SOME: Final = _scanner(rb"(?:(?i:img)" + _END_OF_NAME + rb"|" + _WANTED + rb")", _COMMON, _LINK)
"""As FEW, and images: for messages that may quote a pixel of ours."""
ALL: Final = _scanner(rb"(?=[a-zA-Z])" + _TAG_NAME)
"""As FEW, and every other tag: for messages with `data-postlude` on any element."""
AT_LINK: Final = 4
AT_TAG: Final = 8
AT_COMMENT: Final = 9
AT_CDATA: Final = 10
AT_END: Final = 11

ATTRIBUTES: Final = re.compile(rb"[\t\n\f\r /]*+(" + _NAME + rb")(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(" + _VALUE + rb"))?")
"""One attribute of a complete tag: name and value, with the quotes it has."""

COMMENT_END: Final = re.compile(rb"--!?>")
CONDITION: Final = re.compile(rb"<!--[\t\n\f\r ]*+\[if\b[^\]]*+\]>", re.IGNORECASE)
"""Opens a comment whose content is live in Outlook."""
MARKER: Final = re.compile(rb"<!--[\t\n\f\r ]*+postlude:pixel[\t\n\f\r ]*+-->", re.IGNORECASE)
RAW_END: Final = {
    name: re.compile(rb"</" + name + _END_OF_NAME, re.IGNORECASE)
    for name in RAW
    if name not in {b"script", b"plaintext"}
}
SCRIPT_STEP: Final = re.compile(rb"<!--|-->|</?script" + _END_OF_NAME, re.IGNORECASE)
END_OF_TAG: Final = re.compile(_REST)
STRIP_TAGS: Final = re.compile(
    rb"<!--.*?(?:--!?>|\Z)|</?[a-zA-Z]" + rb"[^\t\n\f\r />]*+" + rb"(?:" + _REST + rb"|.*+)|<[!?/][^>]*+(?:>|\Z)",
    re.DOTALL,
)
"""Tags and comments; an unclosed one reaches to the end of the input, which keeps removing them linear."""
IMAGE: Final = re.compile(rb"<img\b(?:(" + _REST + rb")|.*+)", re.IGNORECASE | re.DOTALL)
"""An image; group 1 is the text after its name, None when the tag is not closed."""
