"""Steps before a template is compiled, each optional: MJML to HTML, style sheets into attributes, a text from the HTML.

The libraries are imported when a step runs, so that unused steps cost nothing.
"""

import re
from html import escape, unescape
from typing import Final

from postlude.compose.errors import TemplateError
from postlude.compose.protected_document import ProtectedDocument
from postlude.compose.style_sheets import names_by_code, with_marks
from postlude.instrument.scanner import Scan

_TAG: Final = re.compile(r"<[a-zA-Z/!?](?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_BLANKS: Final = re.compile(r"[ \t\u00a0\u034f\u200c\u2007\ufeff]+")
_ROW: Final = re.compile(r"<(/?)(?:tr|table|caption)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_CELL: Final = re.compile(
    r"</?(?:td|th|tbody|thead|tfoot|colgroup|col)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE
)
_PRE: Final = re.compile(r"(<pre\b(?:.*?)</pre\s*>)", re.DOTALL | re.IGNORECASE)
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_EMPTY_SHEET: Final = re.compile(r"<style\b[^>]*>\s*</style\s*>", re.IGNORECASE)
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_HTTP: Final = re.compile(r"https?://", re.IGNORECASE)


def html_from_mjml(source: str) -> str:
    """The HTML of an MJML document; TemplateError names what MJML does not accept.

    Merge fields pass through. `{% if %}` between sections must be in `<mj-raw>`, as usual with MJML.
    """
    from mjml import mjml2html  # noqa: PLC0415 - 8 MB that only MJML templates need

    document = ProtectedDocument(source)
    if "<mj-include" in source:
        raise TemplateError("MJML", 0, "mj-include reads files, which a template may not: paste the included text")
    try:
        made = mjml2html(document.text)
    except Exception as error:
        raise TemplateError(
            "MJML", 0, f"{document.restored(str(error)).strip()}. It begins with <mjml> and <mj-body>"
        ) from error
    return document.restored(getattr(made, "content", made))


def html_with_inline_css(html: str) -> str:
    """The HTML with its `<style>` rules in `style` attributes, for readers that know no style sheets.

    Rules that no attribute can express stay in the style element: media queries and other at-rules, `:hover` and its
    like, pseudo-elements, rules about what mail readers add, rules inside template blocks, a style element for some
    media. Remote style sheets are not fetched; merge fields and Outlook's conditions stay.
    """
    from css_inline import CSSInliner, InlineError  # noqa: PLC0415 - as above

    document = ProtectedDocument(html)
    inliner = CSSInliner(
        keep_style_tags=True,
        keep_at_rules=True,
        keep_link_tags=True,
        load_remote_stylesheets=False,
        remove_inlined_selectors=not names_by_code(document.text),
    )
    try:
        return _EMPTY_SHEET.sub("", document.restored(inliner.inline(with_marks(document))))
    except InlineError as error:
        raise TemplateError(
            "style sheet", 0, f"{document.restored(str(error)).strip()}. Mend it or do not inline it"
        ) from error


def text_from_html(html: str) -> str:
    """A plain text part made from the HTML: links followed by their address, images by their text."""
    from html_to_markdown import ConversionOptions, convert  # noqa: PLC0415 - as above

    document = ProtectedDocument(html, as_text=True)
    # Rows as blocks: in a table the converter looks for data, and moves template code out of it.
    plain = _ROW.sub(r"<\1div>", _CELL.sub(" ", _with_addresses(document.text)))
    pieces = _PRE.split(plain)  # elsewhere a line end is a blank
    shown = "".join(piece if index % 2 else _SPACE.sub(" ", piece) for index, piece in enumerate(pieces))
    options = ConversionOptions(output_format="plain", extract_metadata=False, autolinks=False)
    made = convert(shown, options)
    text = document.restored(str(getattr(made, "content", made)))
    lines = [_BLANKS.sub(" ", line).strip() for line in text.splitlines()]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"


def _with_addresses(html: str) -> str:
    """The HTML with each link's address as text behind its label, unless the label is the address."""
    data = html.encode("utf-8", "replace")
    scan = Scan(data)
    out: list[bytes] = []
    at = 0
    for index, tag in enumerate(scan.links):
        end = scan.label_end.get(index)
        address = next((each for each in scan.attributes(tag) if each.name == b"href"), None)
        if end is None or address is None or tag.outlook:
            continue
        raw = data[address.value_start : address.value_end].decode("utf-8", "replace").strip()
        label = _TAG.sub("", data[tag.end : end].decode("utf-8", "replace")).strip()
        if not _leads(raw) or _same(raw, label):
            continue
        out += (data[at:end], f" &lt;{escape(unescape(raw), quote=False)}&gt;".encode())
        at = end
    return b"".join([*out, data[at:]]).decode("utf-8", "replace")


def _leads(address: str) -> bool:
    return bool(_HTTP.match(address)) or address.startswith(ProtectedDocument.MARK)


def _same(address: str, label: str) -> bool:
    bare = [_HTTP.sub("", unescape(each)).rstrip("/").lower() for each in (address, label)]
    return bare[0] == bare[1]
