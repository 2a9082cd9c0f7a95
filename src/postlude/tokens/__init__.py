"""Signed copy tokens, link URLs and mail tags: everything a hit or a bounce needs to be believed."""

from postlude.tokens.codec import DEAD_TOKEN, CopyRef, Kind, TagPurpose, TokenCodec
from postlude.tokens.keys import KeyRing
from postlude.tokens.urls import OwnUrl, Prefixes, Urls, confirm_url, hook_url, recognise, split_link

__all__ = [
    "DEAD_TOKEN",
    "CopyRef",
    "KeyRing",
    "Kind",
    "OwnUrl",
    "Prefixes",
    "TagPurpose",
    "TokenCodec",
    "Urls",
    "confirm_url",
    "hook_url",
    "recognise",
    "split_link",
]
