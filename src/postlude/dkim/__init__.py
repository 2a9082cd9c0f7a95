"""DKIM: keys, signatures and the record that publishes a key (RFC 6376, 8301, 8463)."""

from postlude.dkim.keys import ALGORITHMS, DkimKey, new_key, read_key
from postlude.dkim.sign import Signer

__all__ = ["ALGORITHMS", "DkimKey", "Signer", "new_key", "read_key"]
