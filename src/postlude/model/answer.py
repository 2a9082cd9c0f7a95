"""What the next server answered to one attempt to hand a copy over."""

import msgspec

from postlude.model.words import SendOutcome


class Answer(msgspec.Struct, frozen=True):
    """One attempt's outcome, as the transport saw it."""

    outcome: SendOutcome
    code: int = 0
    """SMTP reply code, 0 when the server gave none."""
    enhanced: str = ""
    text: str = ""
    server: str = ""
    phase: str = ""
    """connect, tls, auth, mail, rcpt, data, end-of-data or sandbox."""
    remote_id: str = ""
