"""The error tree. A docstring is the message and the remedy; one bit tells whether a retry can help."""

from typing import ClassVar


class PostludeError(Exception):
    """Something Postlude can name went wrong. `str(error)` is written for the person at the terminal."""

    permanent: ClassVar[bool] = True
    """True when the same call will fail again until something is changed."""
    exit_code: ClassVar[int] = 1
    """The command line's exit code for this error."""


class InputError(PostludeError):
    """The input is not valid. Correct it; the message names the place."""

    exit_code = 2


class NotPermittedError(InputError):
    """The user's role does not permit this. An owner can give them another one: `postlude user role`."""


class QuotaError(InputError):
    """A login has submitted as much as it may for now. Wait, or have the operator raise it: `postlude user limits`."""

    permanent = False


class SettingError(PostludeError):
    """A setting is missing, unknown, ambiguous or malformed. The message names it and an accepted value."""

    exit_code = 3


class InUseError(PostludeError):
    """A port or the data folder is taken by another process. Stop that one or choose another."""

    exit_code = 4


class StorageError(PostludeError):
    """The disk refused: full, read-only or failing. Free space or mend the disk, then start again."""

    permanent = False
    exit_code = 5


class DamagedError(StorageError):
    """A file is damaged. `postlude doctor` shows the extent; `postlude doctor --repair` renames it."""

    permanent = True


class NotFoundError(PostludeError):
    """Nothing is stored under that name. Check the spelling; `postlude timeline --help` shows the forms."""

    exit_code = 6


class TransportError(PostludeError):
    """The next server could not be reached or refused. The copy is tried again unless the refusal is permanent."""

    permanent = False
    exit_code = 7
