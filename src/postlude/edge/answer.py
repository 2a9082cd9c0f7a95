"""HTTP answers as bytes. The frequent ones are built once a second (for the Date) and written as they are."""

from base64 import b64decode
from typing import Final

from postlude.kit.clock import to_datetime

GIF: Final = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""A transparent picture of one pixel, 43 bytes; its pixel data ends with the end code, as strict readers want."""
_REASONS: Final = {
    200: "OK",
    204: "No Content",
    302: "Found",
    303: "See Other",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    410: "Gone",
    413: "Content Too Large",
    414: "URI Too Long",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# no-store without an ETag: every open asks again; no-referrer: the token must not travel to the destination.
_ALWAYS: Final = (
    "Cache-Control: no-store\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Robots-Tag: noindex\r\n"
    "X-Content-Type-Options: nosniff\r\n"
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(micros: int) -> str:
    """IMF-fixdate (RFC 9110 5.6.7)."""
    at = to_datetime(micros)
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} GMT"


class Answers:
    """Answers with the current Date; `refresh` at least once a second."""

    def __init__(self, now: int) -> None:
        self._date = ""
        self.pixel = self.redirect_head = self.redirect_tail = b""
        self.refresh(now)

    def refresh(self, now: int) -> None:
        """Set the Date of all answers to come."""
        self._date = http_date(now)
        self.pixel = self.gif()
        empty = self.build(302, b"", {"Location": "\0", "Cross-Origin-Resource-Policy": "cross-origin"})
        self.redirect_head, _, self.redirect_tail = empty.partition(b"\0")

    def gif(self, diagnosis: str = "") -> bytes:
        """The pixel, with the reason why it does not count, if it does not."""
        headers = {"Content-Type": "image/gif", "Cross-Origin-Resource-Policy": "cross-origin"}
        if diagnosis:
            headers["X-Postlude-Diagnosis"] = diagnosis
        return self.build(200, GIF, headers)

    def redirect(self, location: bytes) -> bytes:
        """302: never cached as permanent, so that a stopped link can stop."""
        return self.redirect_head + location + self.redirect_tail

    def build(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
        """Any answer; header values must be free of line breaks."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        length = "" if status == 204 else f"Content-Length: {len(body)}\r\n"  # noqa: PLR2004 - RFC 9110 8.6
        head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nDate: {self._date}\r\n{length}{extra}{_ALWAYS}\r\n"
        return head.encode("ascii") + body

    def text(self, status: int, body: str, headers: dict[str, str] | None = None) -> bytes:
        """A plain-text answer."""
        return self.build(status, body.encode(), {"Content-Type": "text/plain; charset=utf-8"} | (headers or {}))


def without_body(answer: bytes) -> bytes:
    """The same answer to HEAD."""
    return answer[: answer.index(b"\r\n\r\n") + 4]


def closing(answer: bytes) -> bytes:
    """The same answer, with `Connection: close`."""
    line, _, rest = answer.partition(b"\r\n")
    return line + b"\r\nConnection: close\r\n" + rest
