"""Campaigns: a template compiled once, filled in per recipient; bytes as the one-by-one way would make them."""

from postlude.compose.campaign import CampaignUrls, CompiledCampaign, compile_campaign
from postlude.compose.errors import MissingFieldError, TemplateError
from postlude.compose.heads import CopyHeads, HeadOptions, envelope
from postlude.compose.prepare import html_from_mjml, html_with_inline_css, text_from_html
from postlude.compose.template import Attachment, CampaignTemplate, Encoding, Fields, Missing
from postlude.compose.texts import Decided, Recipe, Texts

__all__ = [
    "Attachment",
    "CampaignTemplate",
    "CampaignUrls",
    "CompiledCampaign",
    "CopyHeads",
    "Decided",
    "Encoding",
    "Fields",
    "HeadOptions",
    "Missing",
    "MissingFieldError",
    "Recipe",
    "TemplateError",
    "Texts",
    "compile_campaign",
    "envelope",
    "html_from_mjml",
    "html_with_inline_css",
    "text_from_html",
]
