"""From texts to HTML: one frame, no script, nothing from elsewhere except the sender's own logo."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from urllib.parse import urlsplit

from postlude.edge.config import AddressForm, Brand
from postlude.edge.lists import PublicList
from postlude.edge.pages.language import Texts, choose_language, load_texts

_STYLE = """
:root{color-scheme:light dark}
body{font:1.0625rem/1.6 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1.25rem}
h1{font-size:1.5rem;line-height:1.25}
header{font-weight:600;margin-bottom:2rem}
header img{max-height:3rem;max-width:100%}
button{font:inherit;font-weight:600;color:#fff;background:COLOUR;border:0;border-radius:.4rem;padding:.65rem 1.4rem}
:is(button,input,select,a):focus-visible{outline:3px solid Highlight;outline-offset:2px}
fieldset{border:0;padding:0;margin:0 0 1.2rem} legend{padding:0}
label{display:flex;gap:.7rem;align-items:start;margin:.9rem 0}
input:is([type=checkbox],[type=radio]){inline-size:1.25rem;block-size:1.25rem;margin-block-start:.2rem;flex:none}
h2{font-size:1.15rem;line-height:1.3;margin-top:2.2rem}
.list label{margin:.9rem 0 0;font-weight:600} .list p{margin:0;font-size:.95rem}
select{font:inherit;padding:.45rem .6rem;margin:.35rem 0 .9rem;max-width:100%}
button.quiet{color:inherit;background:none;border:1px solid;padding:.5rem 1.1rem}
strong.host{display:block;overflow-wrap:anywhere;font-size:1.2rem;margin:.5rem 0}
footer{margin-top:3rem;font-size:.9rem}
"""
_TICK = '<label><input type="checkbox" name="{name}" value="1"{ticked}><span>{text}</span></label>'

_RADIO = '<label><input type="radio" name="scope" value="{value}"{ticked}><span>{text}</span></label>'


class PublicPages:
    """Renders every page in the visitor's language."""

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._texts = load_texts()
        self._style = _STYLE.replace("COLOUR", escape(brand.colour)).strip()
        logo = urlsplit(brand.logo_url)
        images = f"{logo.scheme}://{logo.netloc}" if logo.netloc else "'none'"
        digest = b64encode(sha256(self._style.encode()).digest()).decode()
        self.headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src {images}; "
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "X-Frame-Options": "DENY",
            "Vary": "Accept-Language",
        }
        """Headers of every page."""

    def unsubscribe(self, accept_language: str, preferences_url: str, *, scopes: bool) -> bytes:
        """The question, with the one button that does it, and the way to finer choices.

        `scopes`: it can be chosen whether these emails end or all mailings of their sender.
        """
        language, t = self._language(accept_language)
        radios = "".join(
            _RADIO.format(value=value, ticked=" checked" if value == "list" else "", text=escape(t[f"scope_{value}"]))
            for value in ("list", "all")
        )
        choice = f"<fieldset><legend>{escape(t['scope_question'])}</legend>{radios}</fieldset>" if scopes else ""
        question = "" if scopes else f"<p>{escape(t['unsubscribe_all_question'])}</p>"
        button = f'<button name="unsubscribe" value="1">{escape(t["unsubscribe_button"])}</button>'
        other = f'<p><a href="{escape(preferences_url)}">{escape(t["unsubscribe_preferences"])}</a></p>'
        form = f'{question}<form method="post">{choice}{button}</form>{other}'
        return self._page(language, t["unsubscribe_title"], form)

    def confirm(self, accept_language: str) -> bytes:
        """The page that asks for confirmation of a subscription, with one button."""
        language, t = self._language(accept_language)
        button = f'<button name="confirm" value="1">{escape(t["confirm_button"])}</button>'
        form = f'<p>{escape(t["confirm_question"])}</p><form method="post">{button}</form>'
        return self._page(language, t["confirm_title"], form)

    def preferences(
        self,
        accept_language: str,
        *,
        opens: bool,
        clicks: bool,
        lists: Sequence[PublicList],
        address_form: AddressForm,
        unsubscribe_url: str,
    ) -> bytes:
        """The forms; `opens` and `clicks` are the present choices."""
        language, t = self._language(accept_language)
        ticks = "".join(
            _TICK.format(name=name, ticked=" checked" if on else "", text=escape(t[f"preferences_{name}"]))
            for name, on in (("opens", opens), ("clicks", clicks))
        )
        body = (
            f"<p>{escape(t['preferences_explained'])}</p>"
            f'<form method="post"><input type="hidden" name="preferences" value="1">{ticks}{_lists(t, lists)}'
            f"<button>{escape(t['preferences_button'])}</button></form>"
            f'<p><a href="{escape(unsubscribe_url)}">{escape(t["preferences_unsubscribe"])}</a></p>'
            f"<h2>{escape(t['stored_title'])}</h2>"
            f"<p>{escape(t['stored_explained'])} {escape(t[f'stored_address_{address_form.value}'])}</p>"
            f"<p>{escape(t['stored_how_long'])}</p>"
            + "".join(
                f'<form method="post"><input type="hidden" name="{name}" value="1"><p>{escape(t[f"{name}_explained"])}'
                f'</p><button class="quiet">{escape(t[f"{name}_button"])}</button></form>'
                for name in ("report", "erase")
            )
        )
        return self._page(language, t["preferences_title"], body)

    def preferences_done(
        self,
        accept_language: str,
        *,
        opens: bool,
        clicks: bool,
        joined: Sequence[PublicList] = (),
        left: Sequence[PublicList] = (),
    ) -> bytes:
        """The page that confirms a choice."""
        language, t = self._language(accept_language)
        lines = [t["preferences_opens_" + _on(opens)], t["preferences_clicks_" + _on(clicks)]]
        lines += [f"{t['list_joined']} {one.name}" for one in joined] + [f"{t['list_left']} {one.name}" for one in left]
        return self._page(language, t["preferences_done_title"], "".join(f"<p>{escape(line)}</p>" for line in lines))

    def forged(self, accept_language: str, host: str) -> bytes:
        """Names the host as text: no anchor leads there."""
        language, t = self._language(accept_language)
        wanted = f'<p>{escape(t["forged_host"])} <strong class="host">{escape(host)}</strong></p>' if host else ""
        body = f"<p>{escape(t['forged_explained'])}</p>{wanted}<p>{escape(t['forged_remedy'])}</p>"
        return self._page(language, t["forged_title"], body)

    def plain(self, accept_language: str, title: str, text: str) -> bytes:
        """A page of one sentence, by the keys of its title and text."""
        language, t = self._language(accept_language)
        return self._page(language, t[title], f"<p>{escape(t[text])}</p>")

    def _language(self, accept_language: str) -> tuple[str, Texts]:
        language = choose_language(accept_language, self._texts)
        return language, self._texts[language]

    def _page(self, language: str, title: str, body: str) -> bytes:
        t, brand = self._texts[language], self._brand
        name = escape(brand.name)
        logo = f'<img src="{escape(brand.logo_url)}" alt="{name}">' if brand.logo_url else name
        contact = f"<p>{escape(t['contact'])} {escape(brand.contact)}</p>" if brand.contact else ""
        imprint = (
            f'<p><a href="{escape(brand.imprint_url)}">{escape(t["imprint"])}</a></p>' if brand.imprint_url else ""
        )
        header = f"<header>{logo}</header>" if logo else ""
        footer = f"<footer>{contact}{imprint}</footer>" if contact or imprint else ""
        return (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
            f"<title>{escape(title)}</title><style>{self._style}</style></head>"
            f"<body>{header}<main><h1>{escape(title)}</h1>{body}</main>{footer}</body></html>"
        ).encode()


def _lists(t: Texts, lists: Sequence[PublicList]) -> str:
    """One choice per list. Present memberships are not known here, so "no change" is the default."""
    if not lists:
        return ""
    answers = "".join(
        f'<option value="{value}">{escape(t[f"list_{key}"])}</option>'
        for value, key in (("", "unchanged"), ("yes", "yes"), ("no", "no"))
    )
    rows = "".join(
        f'<div class="list"><label for="list-{escape(one.id)}">{escape(one.name)}</label>'
        + (f'<p id="about-{escape(one.id)}">{escape(one.description)}</p>' if one.description else "")
        + f'<select id="list-{escape(one.id)}" name="list-{escape(one.id)}"'
        + (f' aria-describedby="about-{escape(one.id)}"' if one.description else "")
        + f">{answers}</select></div>"
        for one in lists
    )
    return f"<h2>{escape(t['lists_title'])}</h2>{rows}"


def _on(switch: bool) -> str:
    return "on" if switch else "off"
