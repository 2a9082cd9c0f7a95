"""Ids of rules, verdicts and reasons in plain words. An id without words is shown as it is, never hidden."""

from typing import Final

from postlude.services.reports.sentences import LOST

_VERDICTS: Final = {
    "human": "a person",
    "human_proxied": "a person, through their provider",
    "unknown": "a person or a machine",
    "machine_suspected": "probably a machine",
    "machine": "a machine",
    "self": "you",
}

_KINDS: Final = {
    "queued": "Queued",
    "sent": "Sent",
    "deferred": "Deferred",
    "delivered": "Delivered",
    "bounced": "Bounced",
    "rejected": "Refused",
    "indeterminate": "Indeterminate",
    "expired": "Given up",
    "opened": "Opened",
    "clicked": "Clicked",
    "unsubscribed": "Unsubscribed",
    "complained": "Marked as spam",
    "replied": "Replied",
    "autoresponded": "Answered automatically",
    "displayed": "Read receipt",
    "viewed": "Page viewed",
    "unmatched": "Not matched",
}

_RULES: Final = {
    "self": "You loaded it yourself, signed in here.",
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
    "sweep": "Many links were followed within seconds.",
    "many-networks": "It came from many networks at once.",
}

_SKIPPED: Final = {
    "clicks_off": "clicks are not tracked in this message",
    "text_off": "in the plain text, which is not tracked",
    "empty": "leads nowhere",
    "anchor": "leads to a place in the message",
    "scheme": "not a web link",
    "relative": "not a complete address",
    "bad_url": "no browser would follow it",
    "undecodable": "cannot be read",
    "placeholder": "an unfilled field",
    "own_page": "our own page",
    "already_tracked": "tracked already",
    "quoted": "quoted from an earlier message",
    "opted_out": "switched off in the message",
    "excluded": "excluded by you",
    "universal_link": "opens an app",
    "unsubscribe": "an unsubscribe link",
    "text_shows_host": "its text shows the address",
    "too_long": "too long",
    "wrapped": "broken over two lines",
    "too_many": "too many links",
}


def verdict_words(verdict: str) -> str:
    """Who caused it."""
    return _VERDICTS.get(verdict, verdict)


def kind_words(kind: str) -> str:
    """What happened, as a heading."""
    return _KINDS.get(kind, kind)


def rule_words(rule: str) -> str:
    """Why the verdict is what it is: one sentence."""
    return _RULES.get(rule, rule)


def skip_words(reason: str) -> str:
    """Why a link is not tracked."""
    return _SKIPPED.get(reason, reason)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 open`, `2 opens`, `2 replies`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def lost_words(reason: str) -> str:
    """Why something that came back counts for nothing."""
    return LOST.get(reason, reason.replace("_", " "))
