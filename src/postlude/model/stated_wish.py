"""What one row of a file states of a person's wishes."""

from typing import Final, NamedTuple

from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.model.words import Consent, Purpose

COMPLAINED: Final = "complained"
BOUNCED: Final = "bounced"
LEFT: Final = "left"
"""They left a list where the file is from, and are subscribed to none there."""
_ENDS: Final = ("", LEFT, UNSUBSCRIBED, BOUNCED, COMPLAINED)


class StatedWish(NamedTuple):
    """Consents that are given or withdrawn, and why mail to the person ended."""

    mail: Consent = Consent.UNKNOWN
    opens: Consent = Consent.UNKNOWN
    clicks: Consent = Consent.UNKNOWN
    ended: str = ""
    """`unsubscribed`, LEFT, COMPLAINED or BOUNCED; empty: it did not."""
    open_question: frozenset[Purpose] = frozenset()
    """Consents that are stated to be not known, such as `pending`."""

    def joined(self, other: "StatedWish") -> "StatedWish":
        """Both: what allows less counts."""
        return StatedWish(
            _stricter(self.mail, other.mail),
            _stricter(self.opens, other.opens),
            _stricter(self.clicks, other.clicks),
            max(self.ended, other.ended, key=_ENDS.index),
            self.open_question | other.open_question,
        )

    def states(self) -> dict[Purpose, Consent]:
        """The consents that are stated."""
        every = {Purpose.MAIL: self.mail, Purpose.OPENS: self.opens, Purpose.CLICKS: self.clicks}
        return {purpose: state for purpose, state in every.items() if state is not Consent.UNKNOWN}


NO_WISH: Final = StatedWish()


def _stricter(one: Consent, other: Consent) -> Consent:
    return Consent.WITHDRAWN if Consent.WITHDRAWN in {one, other} else one or other
