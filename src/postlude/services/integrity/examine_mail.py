"""Stored mail compared with the checksums of the messages it belongs to."""

from collections.abc import Iterator

from postlude.journal import Spool, checksum
from postlude.kit.ids import id_text
from postlude.model.errors import NotFoundError, StorageError
from postlude.store import Store


def damaged_mail(store: Store, spool: Spool) -> Iterator[tuple[int, str]]:
    """(message, what is wrong) of every message whose stored bytes are not the ones that were accepted.

    Bytes that are gone are told only while a copy still has to leave: afterwards they are deleted in order.
    """
    for message, wanted, waiting in store.messages.checksums():
        try:
            good = checksum(spool.get(message)) == wanted
        except NotFoundError:
            if waiting:
                yield message, f"{spool.path(message)} is missing, and copies of message {id_text(message)} wait"
            continue
        except StorageError as error:
            yield message, str(error)
            continue
        if not good:
            yield message, f"{spool.path(message)} is damaged: message {id_text(message)} is not sent as it is"
