"""What a program may do with an API key."""

from enum import StrEnum
from typing import Final

from postlude.model.role import Permission


class ApiScope(StrEnum):
    """One right of an API key; its user must have the permission too."""

    SEND = "send"
    READ = "read"


PERMISSION_OF: Final = {ApiScope.SEND: Permission.WRITE, ApiScope.READ: Permission.READ}
"""What the user of a key must be permitted for each scope."""
