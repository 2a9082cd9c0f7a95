"""The new text of a reply, apart from what it quotes."""

import re
from typing import Final

from postlude.feedback.letter import plain_of_html
from postlude.feedback.mime import Part

MAX_TEXT: Final = 20_000
MAX_HTML: Final = 400_000
"""Of a reply's HTML; the new text stands at its top."""
_QUOTED_HTML: Final = re.compile(
    r"<(?:blockquote|div[^>]*\b(?:class|id)=[\"']?[^\"'>]*(?:gmail_quote|yahoo_quoted|moz-cite-prefix|"
    r"divRplyFwdMsg|"
    r"appendonsend|protonmail_quote|OLK_SRC_BODY|mail-editor-reference|zmail_extra|ydp[^\"'>]*quoted)|"
    r"hr[^>]*\bid=[\"']?stopSpelling)",
    re.IGNORECASE,
)
_WROTE: Final = re.compile(
    r"(?im)^[ \t]*(?:(?:on|am|le|el|il|op|em|den|dne|dnia|w dniu|в)\b[^\n]{4,300}(?:\n[^\n]{0,200}){0,2}?"
    r"(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napsal\(a\)|"
    r"napisał\(a\)|kirjoitti|пишет|написал)[^\n]{0,60}:"
    r"|[^\n]{0,120}(?:20\d\d[^\n]{0,60}|<[^>\s]+@[^>\s]+>[ \t]?)(?:wrote|schrieb|a écrit|написал|"
    r"пишет|のメール)[^\n]{0,30}:?)[ \t]*$"
)
_DIVIDER: Final = re.compile(
    r"(?im)^[ \t]*(?:-{2,}[ \t]*(?:original message|original appointment|ursprüngliche nachricht|message d.origine|"
    r"mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original|forwarded message|"
    r"reply above this line|"
    r"исходное сообщение|пересылаемое сообщение|元のメッセージ|原始邮件)[^\n]*|_{8,}[ \t]*|"
    r"(?:from|von|de|da|van|от|发件人|差出人)[ \t]*:[^\n]+\n(?:[^\n]+\n)?[ \t]*(?:sent|date|gesendet|envoyé|"
    r"enviado|inviato|verzonden|data|datum|to|an|à|para|"
    r"отправлено|дата|发送时间|送信日時)[ \t]*:[^\n]+)$"
)
_SIGNATURE: Final = re.compile(r"(?m)^--[ ]?$")
_MOBILE: Final = re.compile(
    r"(?im)^[ \t]*(?:sent from my |sent from (?:outlook|mail|yahoo|proton)|get outlook for |"
    r"von meinem .{1,40} gesendet|"
    r"gesendet mit |envoyé de mon |enviado desde mi )[^\n]*$"
)
_QUOTE_LINE: Final = re.compile(r"^[ \t]*>")


def new_text(root: Part) -> str:
    """What the writer of a reply added, without quote, signature and mobile footer; empty when nothing was added."""
    plain = rich = None
    for part in root.walk():
        if part.parts or part.get("content-disposition").lower().startswith("attachment"):
            continue
        if part.type == "text/plain" and plain is None:
            plain = part.text()
        elif part.type == "text/html" and rich is None:
            rich = part.text()[:MAX_HTML]
    if plain is None and rich is not None:
        cut = _QUOTED_HTML.search(rich)
        plain = plain_of_html(rich[: cut.start()] if cut else rich)
    return strip_quote((plain or "")[: MAX_TEXT * 5])[:MAX_TEXT]


def strip_quote(text: str) -> str:
    """The text above (or between, or below) quoted lines."""
    text = text.replace("\r\n", "\n")
    cuts = [match.start() for pattern in (_WROTE, _DIVIDER, _SIGNATURE, _MOBILE) if (match := pattern.search(text))]
    above = _without_quoted(text[: min(cuts)] if cuts else text)
    if above or not cuts:
        return above
    # Nothing above the attribution: the answer stands between or below the quoted lines.
    wrote = _WROTE.search(text)
    if wrote is None:
        return ""
    below = text[wrote.end() :]
    signature = _SIGNATURE.search(below)
    quoted = any(_QUOTE_LINE.match(line) for line in below.split("\n"))
    return _without_quoted(below[: signature.start()] if signature else below) if quoted else ""


def _without_quoted(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n") if not _QUOTE_LINE.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
