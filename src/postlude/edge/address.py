"""The visitor's address, and the form in which it may be stored."""

import json
import secrets
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final

from postlude.edge.config import AddressForm
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.files import locked, replace_durably
from postlude.kit.regular_file import read_file

UNIX: Final = "unix"
_DAY: Final = 86_400 * MICROS_PER_SECOND
_KEY_BYTES: Final = 16
_HASH_BYTES: Final = 8  # 64 bits distinguish the visitors of a day


def parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """An address as it is compared: IPv4 inside IPv6 is IPv4. None when it is none."""
    try:
        address = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


class Proxies:
    """Networks whose forwarded visitor address is trusted."""

    def __init__(self, networks: Iterable[str]) -> None:
        listed = tuple(networks)
        self.unix = UNIX in listed
        self._networks = tuple(ip_network(item, strict=False) for item in listed if item != UNIX)

    def listed(self, address: str) -> bool:
        """Whether `address` (`unix` for the socket) is one of ours."""
        if address == UNIX:
            return self.unix
        parsed = parse_ip(address)
        return parsed is not None and any(parsed in network for network in self._networks)

    def visitor(self, peer: str, forwarded: str) -> str:
        """The visitor's address: the last one in X-Forwarded-For that is not a proxy of ours."""
        if not forwarded or not self.listed(peer):
            return peer
        address = peer
        for item in reversed(forwarded.split(",")):
            parsed = parse_ip(item) or parse_ip(item.rpartition(":")[0])
            if parsed is None:
                return address
            address = str(parsed)
            if not self.listed(address):
                return address
        return address


class AddressKeeper:
    """Turns a raw address into the form the privacy setting allows."""

    def __init__(self, form: AddressForm, key_file: Path | None) -> None:
        self._form = form
        self._file = key_file
        self._day = -1
        self._key = b""

    def keep(self, address: str, now: int) -> str:
        """The storable form of `address`."""
        if self._form is AddressForm.FULL:
            return address
        parsed = parse_ip(address)
        if self._form is AddressForm.NONE or parsed is None:
            return ""
        if self._form is AddressForm.TRUNCATED:
            bits = 24 if parsed.version == 4 else 48  # noqa: PLR2004 - IP versions
            return str(ip_network((parsed, bits), strict=False).network_address)
        if now // _DAY != self._day:
            self._day = now // _DAY
            self._key = _shared_key(self._file, self._day) if self._file else secrets.token_bytes(_KEY_BYTES)
        return blake2b(parsed.packed, key=self._key, digest_size=_HASH_BYTES).hexdigest()


def _shared_key(path: Path, day: int) -> bytes:
    """The key of `day`, the same for all edges; the key of the day before is overwritten and with it forgotten."""
    key = _stored_key(path, day)
    if key:
        return key
    fresh_key = secrets.token_bytes(_KEY_BYTES)
    # On a full disk the key of this process alone still hides the address.
    with suppress(OSError), locked(path.with_name(f"{path.name}.lock"), mode=0o600):
        if not (key := _stored_key(path, day)):
            replace_durably(path, json.dumps({"day": day, "key": fresh_key.hex()}).encode("ascii"), mode=0o600)
    return key or fresh_key


def _stored_key(path: Path, day: int) -> bytes:
    try:
        stored = json.loads(read_file(path))
        return bytes.fromhex(stored["key"]) if stored["day"] == day else b""
    except (OSError, ValueError, KeyError, TypeError):
        return b""
