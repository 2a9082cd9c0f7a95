"""DKIM keys on disk: `dkim/DOMAIN/SELECTOR.pem`, private to the account; read again when they change.

`dkim.json` beside the folder lists the domains: mail from one whose keys are gone waits instead of leaving unsigned.
"""

import json
import logging
import re
import shutil
from pathlib import Path
from typing import Final

from postlude.dkim import DkimKey, Signer, new_key, read_key
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import create_durably, replace_durably, sync_folder
from postlude.model.domain_name import same_domain
from postlude.model.errors import InputError, NotFoundError, SettingError, StorageError

_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600

_log = logging.getLogger(__name__)


def domain_name(text: str) -> str:
    """The domain in lower case and ASCII; InputError when it is none."""
    name = same_domain(text.strip().strip("."))
    if not _DOMAIN.fullmatch(name):
        raise InputError(f"{text!r} is not a valid domain; write it like example.org, without @ and https://")
    return name


class DkimKeys:
    """The ring: every domain we sign for. Safe for threads; another process may add keys at any time."""

    def __init__(self, root: Path) -> None:
        self._root: Final = root
        self._list: Final = root.with_name(f"{root.name}.json")
        self._listed: tuple[int, tuple[str, ...]] = (-1, ())
        self._signers: dict[str, tuple[int, Signer]] = {}

    def domains(self) -> tuple[str, ...]:
        """All domains with a key, sorted; none where the folder cannot be read: `problems` tells it."""
        try:
            changed = self._root.stat().st_mtime_ns
            if self._listed[0] != changed:
                self._listed = changed, tuple(sorted(each.name for each in self._root.iterdir() if each.is_dir()))
        except OSError:
            return ()
        return self._listed[1]

    def remember(self) -> None:
        """List the domains that have keys, where that was not done yet; a disk that refuses is asked at the next."""
        if self.domains() and self._expected() is None:
            self._write_list({*self.domains()})

    def problems(self) -> list[str]:
        """Domains whose keys are gone, and were not removed by `remove`, or cannot be read; and what to do."""
        found = []
        try:
            if self._root.exists() or self._root.is_symlink():
                next(self._root.iterdir(), None)
        except OSError as error:
            found.append(f"{file_trouble(error, self._root)}: mail of the domains that have keys there waits")
        for domain in sorted({*(self._expected() or ()), *self.domains()}):
            try:
                if not self.keys(domain) and domain in (self._expected() or ()):
                    found.append(self._gone(domain))
            except SettingError as error:
                found.append(str(error))
        return found

    def _gone(self, domain: str) -> str:
        return (
            f"the DKIM keys of {domain} are gone from {self._root / domain}: its mail waits. Put them back from a "
            f"backup, or make new ones (`postlude domain add {domain}`), or have its mail leave unsigned (`postlude "
            f"domain remove {domain}`)"
        )

    def _expected(self) -> frozenset[str] | None:
        """Domains in the list; None when there is none that can be understood."""
        try:
            found = json.loads(self._list.read_bytes())["domains"]
            return frozenset(str(one) for one in found)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _write_list(self, domains: set[str]) -> None:
        try:
            text = json.dumps({"domains": sorted(domains)}, indent=1)
            replace_durably(self._list, text.encode(), mode=_PRIVATE_FILE)
        except OSError as error:
            _log.error("%s cannot be written: %s", self._list, error.strerror)

    def keys(self, domain: str) -> list[DkimKey]:
        """The domain's keys, RSA first; empty when there is none. SettingError for a file that is not a key."""
        found = [_read(path) for path in sorted((self._root / domain).glob("*.pem"))]
        return sorted(found, key=lambda key: (key.algorithm != "rsa", key.selector))

    def add(self, domain: str, algorithm: str, selector: str) -> DkimKey:
        """Make a key and write it durably; never over one that is there."""
        key = new_key(algorithm, selector)
        folder = self._root / domain
        path = folder / f"{selector}.pem"
        try:
            for each in (self._root, folder):
                each.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            sync_folder(self._root)
            create_durably(path, key.pem(), mode=_PRIVATE_FILE)
        except FileExistsError as error:
            raise InputError(f"{domain} has a key {selector} already; give the new one another selector") from error
        except OSError as error:
            raise StorageError(f"the key cannot be written: {file_trouble(error, path)}") from error
        self._write_list({*(self._expected() or ()), *self.domains(), domain})
        return key

    def remove(self, domain: str) -> None:
        """Delete the domain's keys: mail from it is sent unsigned from now on. NotFoundError when there are none."""
        expected = {*(self._expected() or ()), *self.domains()}
        if domain not in expected:
            raise NotFoundError(f"no keys for {domain}; `postlude domain list` shows those that have some")
        self._write_list(expected - {domain})
        if domain in self.domains():
            shutil.rmtree(self._root / domain)
        self._signers.pop(domain, None)

    def exposed(self) -> list[Path]:
        """Key files that others than the account can read."""
        return [path for path in self._root.glob("*/*.pem") if path.stat().st_mode & 0o077]

    def signer(self, domain: str) -> Signer | None:
        """The keys that sign mail from this domain: its own, else those of a parent domain (relaxed alignment).

        SettingError when the nearest of these has lost its keys, or they cannot be read: its mail must wait.
        """
        name, expected = same_domain(domain), None
        while "." in name:
            signer = self._signer(name)
            if signer is not None:
                return signer
            expected = self._expected() or frozenset() if expected is None else expected
            if name in expected:
                raise SettingError(self._gone(name))
            name = name.partition(".")[2]
        return None

    def _signer(self, domain: str) -> Signer | None:
        try:
            changed = (self._root / domain).stat().st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            return None
        known = self._signers.get(domain)
        if known is None or known[0] != changed:
            keys = self.keys(domain)
            if not keys:
                return None
            known = self._signers[domain] = changed, Signer(domain, keys)
        return known[1]


def _read(path: Path) -> DkimKey:
    try:
        return read_key(path.read_bytes(), path.stem)
    except InputError as error:
        raise SettingError(f"{path}: {error}. Put it back from a backup, or remove it and make another") from error
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}. Its domain's mail waits until it can be read") from error
