"""Check whether links work: one GET each, a few at once; nothing is stored."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_AT_ONCE: Final = 8
_TIMEOUT_S: Final = 10.0
_GONE: Final = 400
# Shops refuse programs; these answers show that the page exists.
_SHY: Final = frozenset({401, 403, 405, 406, 429, 503, 999})


def probe_links(urls: Iterable[str]) -> dict[str, str]:
    """Errors of broken links, by URL. Working links are absent."""
    wanted = [url for url in dict.fromkeys(urls) if url.startswith(("http://", "https://")) and "{{" not in url]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(wanted, pool.map(_problem, wanted), strict=True)
        return {url: problem for url, problem in found if problem}


def _problem(url: str) -> str:
    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (Postlude link check)"})  # noqa: S310 - http only, see above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310 - as above
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code < _GONE or error.code in _SHY else f"answers {error.code} {error.reason}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        return f"cannot be reached: {reason}"
