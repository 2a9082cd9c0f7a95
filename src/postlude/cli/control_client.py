"""Asking the running app through its control socket in the data folder: only this account can open it."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from postlude.app.data_folder import DataFolder
from postlude.config import Settings
from postlude.model.errors import NotFoundError, PostludeError, TransportError

_TIMEOUT_SECONDS = 30


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("postlude", timeout=_TIMEOUT_SECONDS)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(settings: Settings, verb: str, **query: str) -> Any | None:  # noqa: ANN401 - JSON
    """GET /VERB?QUERY from the running app; its JSON answer, or None when no app runs on this folder."""
    path = DataFolder(settings.data).control
    connection = _UnixConnection(path)
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
