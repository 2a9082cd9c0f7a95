"""Reading a server's words."""

import re
from typing import Final

from postlude.model.answer import Answer
from postlude.model.words import SendOutcome

_ENHANCED: Final = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?=\s|$)")
_REMOTE_ID: Final = (
    re.compile(r"queued as ([A-Za-z0-9]{6,})", re.IGNORECASE),  # Postfix, Haraka
    re.compile(r"\bid=([A-Za-z0-9-]{6,})"),  # Exim, Haraka
    re.compile(r"^(?:2\.\d\.\d )?ok:? <?([A-Za-z0-9_.-]{16,}(?:@[A-Za-z0-9.-]+)?)>?", re.IGNORECASE),  # Amazon SES
)
_PERMANENT: Final = 500
# Answers of Gmail, Amazon SES and others when the account's limit is reached: not the recipient's fault, whatever the
# code (Gmail says 550 5.4.5).
_DAY_OVER: Final = re.compile(
    r"daily (?:user )?(?:message |sending |email )*(?:quota|limit)|sending (?:limit|quota) (?:is |was )?exceeded|"
    r"maximum credits exceeded|exceeded (?:the|your) (?:daily|hourly) ",
    re.IGNORECASE,
)
_TOO_FAST: Final = re.compile(
    r"throttl|maximum sending rate|too many (?:connections|concurrent|messages)|rate limit", re.IGNORECASE
)
_NEEDS_US: Final = frozenset(
    {530, 534, 535, 538}
)  # RFC 4954: authentication or TLS wanted, the message is not at fault


_GOING: Final = 421
_BUSY: Final = frozenset({421, 450, 451, 452, 454})


class ServerRefused(Exception):  # noqa: N818 - it carries an answer, nothing went wrong in our code
    """The server could not be reached or refused the login; `answer` has the details."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.answer = answer


def refusal_answer(code: int, text: str, server: str, phase: str) -> Answer:
    """A 4xx or 5xx answer. Anything else where it does not belong counts as temporary."""
    final = _PERMANENT <= code <= 599 and code not in _NEEDS_US  # noqa: PLR2004 - the class of permanent codes
    final = final and not _DAY_OVER.search(text)
    outcome = SendOutcome.REJECTED if final else SendOutcome.DEFERRED
    return Answer(outcome, code, enhanced(text), reply_line(text), server, phase)


def over_our_limit(answer: Answer) -> str:
    """`day` when the server reports the account's limit, `rate` when it asks for a pause, else empty."""
    if _DAY_OVER.search(answer.text):
        return "day"
    return "rate" if answer.code in _BUSY and (answer.code == _GOING or _TOO_FAST.search(answer.text)) else ""


def ends_one_connection(answer: Answer) -> bool:
    """A 421 about this connection only (RFC 5321 3.8); the message was not accepted."""
    return (
        answer.outcome is SendOutcome.DEFERRED
        and answer.code == _GOING
        and not _TOO_FAST.search(answer.text)
        and not _DAY_OVER.search(answer.text)
    )


def accepted(code: int, text: str, server: str) -> Answer:
    """The 250 after the message."""
    return Answer(
        SendOutcome.ACCEPTED, code, enhanced(text), reply_line(text), server, "end-of-data", remote_id(reply_line(text))
    )


def enhanced(text: str) -> str:
    """The enhanced status code (RFC 2034) the text begins with, else empty."""
    match = _ENHANCED.match(text)
    return match[1] if match else ""


def remote_id(text: str) -> str:
    """The id that the server gave the message, if its answer contains one."""
    return next((match[1] for pattern in _REMOTE_ID if (match := pattern.search(text))), "")


def reply_line(text: str) -> str:
    """A reply of several lines as one, at most 1,000 characters, without bytes that are not text."""
    return " ".join(text.encode("utf-8", "replace").decode().split())[:1000]


def describe_error(error: BaseException) -> str:
    """A network error as readable text."""
    return reply_line(str(error)) or type(error).__name__
