"""Words that older versions wrote, byte for byte as they wrote them, are still read."""

from collections.abc import Callable

import msgspec
import pytest

from postlude.model.observation import Attempt, AttemptStarted, decode_observation, decode_quick, encode_observation
from postlude.model.words import CopyStatus, EventKind, SendOutcome, Verdict

BEGUN = b"\x94\xa5begun\x08\x92\n\x0b\x03"
UNSURE = b"\x9e\xa7attempt\td\n\xa6unsure\x00\xa0\xb7the connection was lost\xa3mx1\xabend-of-data\x01\x00\xa0\xa0"


@pytest.mark.parametrize("read", [decode_observation, decode_quick])
def test_an_old_journals_attempts_are_read(read: Callable[[bytes], object]) -> None:
    assert read(BEGUN) == AttemptStarted(8, (10, 11), 3)
    attempt = read(UNSURE)
    assert isinstance(attempt, Attempt)
    assert attempt.outcome is SendOutcome.INDETERMINATE


def test_what_is_written_now_has_the_new_word() -> None:
    assert b"indeterminate" in encode_observation(decode_observation(UNSURE))


def test_an_old_result_that_the_state_kept_is_read() -> None:
    assert msgspec.convert("unsure", SendOutcome) is SendOutcome.INDETERMINATE


@pytest.mark.parametrize("vocabulary", [EventKind, CopyStatus, SendOutcome])
def test_every_vocabulary_of_the_old_word_reads_it(vocabulary: type[EventKind | CopyStatus | SendOutcome]) -> None:
    assert vocabulary("unsure").value == "indeterminate"


@pytest.mark.parametrize("vocabulary", [EventKind, CopyStatus, SendOutcome, Verdict])
@pytest.mark.parametrize("value", ["", "nonsense", None, 7, ["unsure"]])
def test_what_never_was_a_word_is_refused(vocabulary: Callable[[object], object], value: object) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        vocabulary(value)
