"""Stored mail compared with the checksums of the messages it belongs to."""

from collections.abc import Iterator
from typing import NamedTuple

from postlude.journal import Spool, checksum
from postlude.kit.ids import id_text
from postlude.model.errors import NotFoundError, StorageError
from postlude.store import Store


class DamagedMail(NamedTuple):
    """A message whose stored bytes are not the accepted ones."""

    message: int
    problem: str
    """Half a sentence: the file, and what is wrong with it."""


def damaged_mail(store: Store, spool: Spool) -> Iterator[DamagedMail]:
    """Every message whose stored bytes differ from the accepted ones.

    Missing bytes are reported only while a copy has to be sent: afterwards they are deleted on purpose.
    """
    for message, wanted, waiting in store.messages.checksums():
        try:
            good = checksum(spool.get(message)) == wanted
        except NotFoundError:
            if waiting:
                text = f"{spool.path(message)} is missing, and copies of message {id_text(message)} wait"
                yield DamagedMail(message, text)
            continue
        except StorageError as error:
            yield DamagedMail(message, str(error))
            continue
        if not good:
            yield DamagedMail(
                message, f"{spool.path(message)} is damaged: message {id_text(message)} is not sent as it is"
            )
