"""One attempt at a transport: whatever goes wrong in it, the copy has one outcome."""

import logging

from postlude.kit.file_trouble import about_a_file
from postlude.kit.loop import error_text
from postlude.model.answer import Answer
from postlude.model.errors import InUseError, StorageError
from postlude.model.words import SendOutcome
from postlude.services.messages.attempt_log import JournaledStart
from postlude.services.ports import Outgoing, Throttled, Transport

_log = logging.getLogger(__name__)


async def one_attempt(transport: Transport, copy: Outgoing, start: JournaledStart) -> Answer | Throttled:
    """The transport's answer; StorageError when the journal did not take `start`.

    A fault of the transport's own is DEFERRED where no byte had left and INDETERMINATE where one may have: a copy
    without outcome would stay claimed until the next start.
    """
    try:
        return await transport.send(copy, start)
    except (StorageError, InUseError):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        known = about_a_file(error)
        text = error_text(error) if known else f"{type(error).__name__}: {error}"
        _log.error("handing a copy over failed: %s", text, exc_info=None if known else error)
        outcome = SendOutcome.INDETERMINATE if start.taken else SendOutcome.DEFERRED
        return Answer(outcome, text=text, phase="end-of-data" if start.taken else "prepare")
