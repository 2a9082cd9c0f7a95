"""The start of an attempt, for tests that need no journal."""


class Started:
    """An AttemptStart whose disk takes no time; `asked` says whether the message was about to leave."""

    sync_s = 0.0

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        self.asked = True

    async def durable(self) -> None:
        self.asked = True
