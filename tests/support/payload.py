"""What a part of a mail holds, with its type."""

from email.message import Message


def decoded(part: Message) -> bytes:
    """The bytes of a part that has no parts of its own."""
    found = part.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


def blocks(part: Message) -> list[Message]:
    """The parts of a part."""
    found = part.get_payload()
    assert isinstance(found, list)
    messages = [each for each in found if isinstance(each, Message)]
    assert len(messages) == len(found)
    return messages
