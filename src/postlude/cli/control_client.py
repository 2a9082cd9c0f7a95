"""Asking the running app through its control socket in the data folder: only this account can open it."""

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import click

from postlude.app.data_folder import DataFolder
from postlude.config import Settings
from postlude.kit.local_sockets import socket_path
from postlude.model.errors import InUseError, NotFoundError, PostludeError, TransportError

_TIMEOUT_SECONDS = 30
_STARTING_SECONDS = 20
_SILENT_SECONDS = 1
_NAP_SECONDS = 0.2


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, patience_s: float) -> None:
        super().__init__("postlude", timeout=patience_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with socket_path(self._path) as address:
            self.sock.connect(address)


def ask(settings: Settings, verb: str, *, patience_s: float = _TIMEOUT_SECONDS, **query: str) -> Any | None:  # noqa: ANN401 - JSON
    """GET /VERB?QUERY from the running app; its JSON answer, or None when no app runs on this folder.

    One that is starting is waited for; InUseError when it has the data folder and does not answer after that.
    """
    return ask_query(settings, verb, query, patience_s=patience_s)


def ask_query(
    settings: Settings, verb: str, query: Mapping[str, str], *, patience_s: float = _TIMEOUT_SECONDS
) -> Any | None:  # noqa: ANN401 - as above
    """As `ask`, with the query as a mapping."""
    folder, began, told = DataFolder(settings.data), monotonic(), False
    while (answer := _asked(folder.control, verb, patience_s, query)) is None:
        process, waited = folder.running(), monotonic() - began
        if process and waited < min(patience_s, _STARTING_SECONDS):
            if not told and waited > _SILENT_SECONDS:
                click.echo(f"Postlude (process {process}) is starting: waiting for its answer", err=True)
                told = True
            sleep(_NAP_SECONDS)
        elif process := folder.app_running():
            raise InUseError(
                f"Postlude (process {process}) has the data folder {folder.root} and does not answer yet: it is "
                "starting, or it cannot open its stores. `postlude check` says which; then try again"
            )
        else:
            return None
    return answer


def _asked(path: Path, verb: str, patience_s: float, query: Mapping[str, str]) -> Any | None:  # noqa: ANN401 - as above
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
