"""DKIM keys on disk: `dkim/DOMAIN/SELECTOR.pem`, private to the account; read again when they change.

`dkim.json` beside the folder lists the domains and their keys' fingerprints. Mail from a domain whose keys are gone, or
are another installation's, waits instead of leaving unsigned, or signed with a key that its DNS records do not show.
"""

import json
import logging
import re
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from postlude.dkim import DkimKey, Signer, new_key, read_key
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import create_durably, replace_durably, sync_folder
from postlude.kit.regular_file import read_file
from postlude.model.domain_name import same_domain
from postlude.model.errors import InputError, NotFoundError, SettingError, StorageError

_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_Listed = dict[str, dict[str, str] | None]
"""Fingerprints by domain and selector; None where they were not recorded yet."""

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
        self._signers: dict[str, tuple[tuple[int, int], Signer]] = {}

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
        """List domains and keys where that was not done yet; a disk that refuses is asked at the next start."""
        listed = self._read_list()
        if listed is None:
            listed = dict.fromkeys(self.domains())
        unknown = [domain for domain, keys in listed.items() if keys is None]
        fresh: _Listed = {domain: prints for domain in unknown if (prints := self._fingerprints(domain))}
        if fresh:
            self._write_list(listed | fresh)
        elif unknown and not self._list.is_file():
            self._write_list(listed)

    def problems(self) -> list[str]:
        """Domains whose keys are gone, cannot be read or are not their own; and what to do."""
        found = []
        try:
            if self._root.exists() or self._root.is_symlink():
                next(self._root.iterdir(), None)
        except OSError as error:
            found.append(f"{file_trouble(error, self._root)}: mail of the domains that have keys there waits")
        listed = self._read_list() or {}
        for domain in sorted({*listed, *self.domains()}):
            try:
                keys = self.keys(domain)
            except SettingError as error:
                found.append(str(error))
                continue
            if not keys and domain in listed:
                found.append(self._gone(domain))
            if strangers := _strangers(keys, self._own(domain)):
                found.append(self._strange(domain, strangers, waits=len(strangers) == len(keys)))
        return found

    def _gone(self, domain: str) -> str:
        return (
            f"the DKIM keys of {domain} are gone from {self._root / domain}: its mail waits. Put them back from a "
            f"backup, or make new ones (`postlude domain add {domain}`), or have its mail leave unsigned (`postlude "
            f"domain remove {domain}`)"
        )

    def _strange(self, domain: str, selectors: Sequence[str], *, waits: bool) -> str:
        so = "its mail waits" if waits else "mail is not signed with it"
        return (
            f"the DKIM key {', '.join(selectors)} of {domain} in {self._root / domain} is not one that was made here "
            f"(by another installation, or before a backup): {so}. Put the right keys back, or use what is there "
            f"(`postlude domain add {domain}`) and publish its record"
        )

    def _own(self, domain: str) -> dict[str, str] | None:
        """Fingerprints of the domain's keys by selector; None while every key counts: nothing was recorded."""
        listed = self._read_list()
        return None if listed is None else listed.get(domain, {})

    def _fingerprints(self, domain: str) -> dict[str, str] | None:
        """Of the keys that are there; None where none can be read."""
        try:
            return {key.selector: _fingerprint(key) for key in self.keys(domain)} or None
        except SettingError:
            return None

    def _read_list(self) -> _Listed | None:
        """None when there is none that can be understood."""
        try:
            found = json.loads(read_file(self._list))["domains"]
            if not isinstance(found, Mapping):  # until fingerprints came
                return {str(domain): None for domain in found}
            return {str(domain): None if keys is None else dict(keys) for domain, keys in found.items()}
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _write_list(self, listed: _Listed) -> None:
        try:
            text = json.dumps({"domains": listed}, indent=1, sort_keys=True)
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
        listed = self._known()
        self._write_list(listed | {domain: (listed.get(domain) or {}) | {selector: _fingerprint(key)}})
        return key

    def accept(self, domain: str) -> None:
        """Sign with all keys of the domain that are there, whoever made them."""
        if prints := self._fingerprints(domain):
            self._write_list(self._known() | {domain: prints})

    def _known(self) -> _Listed:
        """What is listed; a list that is lost begins with what is there."""
        listed = self._read_list()
        return {domain: self._fingerprints(domain) for domain in self.domains()} if listed is None else listed

    def remove(self, domain: str) -> None:
        """Delete the domain's keys: mail from it is sent unsigned from now on. NotFoundError when there are none."""
        listed = self._known()
        if domain not in {*listed, *self.domains()}:
            raise NotFoundError(f"no keys for {domain}; `postlude domain list` shows those that have some")
        self._write_list({each: keys for each, keys in listed.items() if each != domain})
        if domain in self.domains():
            shutil.rmtree(self._root / domain)
        self._signers.pop(domain, None)

    def exposed(self) -> list[Path]:
        """Key files that others than the account can read."""
        return [path for path in self._root.glob("*/*.pem") if path.stat().st_mode & 0o077]

    def signer(self, domain: str) -> Signer | None:
        """The keys that sign mail from this domain: its own, else those of a parent domain (relaxed alignment).

        SettingError when the nearest of these has lost its keys, they cannot be read, or none is its own: its mail must
        wait.
        """
        name, listed = same_domain(domain), None
        while "." in name:
            signer = self._signer(name)
            if signer is not None:
                return signer
            listed = self._read_list() or {} if listed is None else listed
            if name in listed:
                raise SettingError(self._gone(name))
            name = name.partition(".")[2]
        return None

    def _signer(self, domain: str) -> Signer | None:
        try:
            changed = (self._root / domain).stat().st_mtime_ns, self._list_changed()
        except (FileNotFoundError, NotADirectoryError):
            return None
        known = self._signers.get(domain)
        if known is None or known[0] != changed:
            keys = self.keys(domain)
            if not keys:
                return None
            strangers = _strangers(keys, self._own(domain))
            own = [key for key in keys if key.selector not in strangers]
            if not own:
                raise SettingError(self._strange(domain, strangers, waits=True))
            known = self._signers[domain] = changed, Signer(domain, own)
        return known[1]

    def _list_changed(self) -> int:
        try:
            return self._list.stat().st_mtime_ns
        except OSError:
            return 0


def _fingerprint(key: DkimKey) -> str:
    return sha256(key.public()).hexdigest()


def _strangers(keys: Sequence[DkimKey], own: Mapping[str, str] | None) -> list[str]:
    """Selectors of keys that are not among the domain's own."""
    return [] if own is None else [key.selector for key in keys if own.get(key.selector) != _fingerprint(key)]


def _read(path: Path) -> DkimKey:
    try:
        return read_key(read_file(path), path.stem)
    except InputError as error:
        raise SettingError(f"{path}: {error}. Put it back from a backup, or remove it and make another") from error
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}. Its domain's mail waits until it can be read") from error
