"""The preheader: hidden text that mailboxes show behind the subject."""

import re
from typing import Final

_BODY: Final = re.compile(r"<body\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_WRITTEN: Final = re.compile(r"\{\{[^}]*\bpreheader\b")
_STYLE: Final = (
    "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;font-size:1px;line-height:1px"
)
# Padding after it, so that mailboxes do not continue with the beginning of the body.
_ROOM: Final = "&#847;&zwnj;&nbsp;" * 60


def with_preheader(html: str) -> str:
    """The HTML with `{{ preheader }}` at its top; unchanged when its author has put it somewhere."""
    if _WRITTEN.search(html):
        return html
    body = _BODY.search(html)
    at = body.end() if body else 0
    return f'{html[:at]}<div style="{_STYLE}">{{{{ preheader }}}}{_ROOM}</div>{html[at:]}'
