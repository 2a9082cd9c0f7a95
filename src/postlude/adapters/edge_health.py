"""Asks the edge how it is, so that a loss there is shown in the web app too."""

import json
import ssl
import urllib.error
import urllib.request
from typing import Final

_TIMEOUT_SECONDS: Final = 3.0


class EdgeWatch:
    """Asks the edge's /healthz."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/healthz"
        self._context = ssl.create_default_context()
        self._context.check_hostname = False  # asked for by address on this machine, whatever name it serves
        self._context.verify_mode = ssl.CERT_NONE
        self.problems: tuple[str, ...] = ()
        """Problems that the edges report, or why they do not answer."""
        self.lost = 0
        """Hits the edges answered and could not store."""

    def look(self) -> None:
        """Ask once; waits for at most a few seconds."""
        try:
            with urllib.request.urlopen(  # noqa: S310 - our own edge's address, from the settings
                self._url, timeout=_TIMEOUT_SECONDS, context=self._context
            ) as answer:
                reported = json.load(answer)
        except urllib.error.HTTPError as error:
            reported = _json_of(error)
        except (OSError, ValueError):
            self.problems = ("the tracking edge does not answer: opens and clicks are not served",)
            return
        self.lost = int(reported.get("lost", 0))
        self.problems = tuple(map(str, reported.get("problems", ())))


def _json_of(error: urllib.error.HTTPError) -> dict[str, object]:
    try:
        reported = json.load(error)
    except ValueError:
        reported = None
    return reported if isinstance(reported, dict) else {"problems": [f"the tracking edge answers {error.code}"]}
