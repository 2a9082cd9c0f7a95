"""Turn an author's markup into what is sent: MJML to HTML, inlined style sheets, and a text part."""

import re
from typing import Final

from postlude.compose import html_from_mjml, html_with_inline_css, text_from_html
from postlude.services.campaigns.bounded_compose import bounded
from postlude.store.campaigns.rows import Variant

_STYLE: Final = re.compile(r"<style[\s>]", re.IGNORECASE)


def html_of_mjml(source: str) -> str:
    """HTML of a complete MJML document, stored beside it when it is saved. TemplateError names what cannot be read."""
    return bounded("MJML", html_from_mjml, source)


def html_as_sent(variant: Variant) -> str:
    """The variant's HTML. What MJML made has its styles inline; HTML without a style sheet stays byte for byte."""
    if variant.mjml.strip() or not _STYLE.search(variant.html):
        return variant.html
    return bounded("style sheet", html_with_inline_css, variant.html)


def text_as_sent(variant: Variant, html: str) -> str:
    """The variant's own text, else text made from its HTML."""
    return variant.text if variant.text.strip() or not html.strip() else bounded("HTML", text_from_html, html)
