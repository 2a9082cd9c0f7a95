"""Signed copy tokens, link URLs and mail tags: the proof that a hit or a bounce is genuine."""

from postlude.tokens.codec import TagPurpose, TokenCodec
from postlude.tokens.copy_tokens import DEAD_TOKEN, DEAD_TOKENS, CopyRef, CopyTokens, Kind, Use, unpacked
from postlude.tokens.keys import KeyRing
from postlude.tokens.own_browser import MarkPurpose
from postlude.tokens.urls import OwnUrl, Prefixes, Urls, confirm_url, hook_url, recognise, split_link

__all__ = [
    "DEAD_TOKEN",
    "DEAD_TOKENS",
    "CopyRef",
    "CopyTokens",
    "KeyRing",
    "Kind",
    "MarkPurpose",
    "OwnUrl",
    "Prefixes",
    "TagPurpose",
    "TokenCodec",
    "Urls",
    "Use",
    "confirm_url",
    "hook_url",
    "recognise",
    "split_link",
    "unpacked",
]
