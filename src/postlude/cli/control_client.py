"""Asking the running app through its control socket in the data folder: only this account can open it."""

import http.client
import json
import socket
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

from postlude.app.data_folder import DataFolder
from postlude.config import Settings
from postlude.model.errors import NotFoundError, PostludeError, TransportError

_TIMEOUT_SECONDS = 30
_STARTING_SECONDS = 10
_NAP_SECONDS = 0.2


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, patience_s: float) -> None:
        super().__init__("postlude", timeout=patience_s)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(settings: Settings, verb: str, *, patience_s: float = _TIMEOUT_SECONDS, **query: str) -> Any | None:  # noqa: ANN401 - JSON
    """GET /VERB?QUERY from the running app; its JSON answer, or None when no app runs on this folder.

    An app that is just starting is waited for.
    """
    folder, until = DataFolder(settings.data), monotonic() + min(patience_s, _STARTING_SECONDS)
    while (answer := _asked(folder.control, verb, patience_s, query)) is None:
        if not folder.app_running() or monotonic() > until:
            return None
        sleep(_NAP_SECONDS)
    return answer


def _asked(path: Path, verb: str, patience_s: float, query: dict[str, str]) -> Any | None:  # noqa: ANN401 - as above
    connection = _UnixConnection(path, patience_s)
    try:
        connection.request("GET", f"/{verb}?{urlencode(query)}")
        response = connection.getresponse()
        body = response.read()
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError:
        raise PostludeError(
            f"{path} belongs to another account: run this command as the account that runs Postlude"
        ) from None
    except OSError as error:
        raise TransportError(f"the running Postlude does not answer on {path}: {error}") from error
    finally:
        connection.close()
    if response.status == http.client.NOT_FOUND:
        raise NotFoundError(json.loads(body)["error"])
    if response.status != http.client.OK:
        raise PostludeError(f"the running Postlude answered {response.status}: {body.decode('utf-8', 'replace')}")
    return json.loads(body)
