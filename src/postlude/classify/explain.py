"""Verdicts and rules in plain words: who it was, how sure that is, and why. One place for pages, commands and JSON."""

from collections.abc import Sequence
from typing import Final

from postlude.classify.rules import COLLEAGUE, RULES, Confidence
from postlude.classify.window_rules import WINDOW_RULES

VERDICT_WORDS: Final = {
    "human": "a person",
    "human_proxied": "a person, through their provider",
    "unknown": "a person or a machine",
    "machine_suspected": "probably a machine",
    "machine": "a machine",
    "self": "you",
}

_ALONE: Final = {
    "self": "You loaded it yourself, signed in here.",
    COLLEAGUE: "A colleague loaded it, signed in here.",
    "own-human": "Your own rules say that a person comes from there.",
    "own-machine": "Your own rules say that a machine comes from there.",
    "own-self": "Your own rules say that you come from there.",
    "own-unknown": "Your own rules leave open who comes from there.",
    "method": "It was not a normal page request.",
    "posted": "A button was pressed, and machines do not press buttons.",
    "purpose-header": "The program declared that it was loading ahead of time.",
    "gmail-prefetch": "Gmail loads images ahead of time with this browser name.",
    "image-proxy": "The provider's image proxy loaded it for the reader.",
    "apple-mpp": "Apple's Mail Privacy Protection loads images of every mail, read or not.",
    "microsoft-filtering": "It came from Microsoft's mail filter.",
    "barracuda-filtering": "It came from Barracuda's mail filter.",
    "office": "It was a program of Microsoft Office.",
    "office-browser": "It was the browser inside Outlook, which also checks links automatically.",
    "mail-service": "It was a mail service.",
    "gateway": "It was a security gateway.",
    "preview-bot": "It was a program that makes link previews.",
    "headless": "It was a browser without a window.",
    "http-library": "It was a script, not a browser.",
    "crawler": "It was a crawler.",
    "crawler-list": "It is on the list of crawlers.",
    "gateway-network": "It came from a security company's network soon after delivery.",
    "prompt-click": "It was faster than a person reads.",
    "bare-agent": "The program gave no name, as privacy proxies and filters do.",
    "apple-egress": "It came through Apple's private network.",
    "mail-client": "It was a mail program.",
    "empty-agent": "The program sent no name.",
    "ancient-agent": "The browser is too old to be likely.",
    "hosting-network": "It came from a data centre.",
    "browser": "It was a web browser.",
    "unknown-agent": "The program is not known.",
}
"""Of the rules that look at one request alone."""

RULE_WORDS: Final = _ALONE | {rule.id: rule.words for rule in WINDOW_RULES}
"""One sentence by the id of a rule."""

_CONFIDENCE: Final = {rule.id: rule.confidence for rule in RULES} | {rule.id: rule.confidence for rule in WINDOW_RULES}
_SURE: Final = {
    Confidence.CERTAIN: "certain",
    Confidence.HIGH: "very likely",
    Confidence.MEDIUM: "likely",
    Confidence.WEAK: "a hint",
}


def who_words(verdict: str, reasons: Sequence[str]) -> str:
    """Who caused it."""
    return "a colleague" if reasons and reasons[0] == COLLEAGUE else VERDICT_WORDS[verdict]


def how_sure(reasons: Sequence[str]) -> str:
    """How far a verdict is to be believed, by the rule that decided; empty where none did."""
    confidence = _CONFIDENCE.get(reasons[0]) if reasons else None
    return _SURE[confidence] if confidence else ""


def explained(reasons: Sequence[str], why: str = "") -> str:
    """Why the verdict is what it is: the rule that decided, and what was counted (`9 links in 0.4 s`)."""
    if not reasons:
        return ""
    words = RULE_WORDS.get(reasons[0], reasons[0])
    return f"{words.removesuffix('.')}: {why}." if why else words
