"""The fast form for measurements: copies as rows and hits as journal records, through the real rules and digest.

No mail is composed and no edge asked; what the edge would journal is made with its own parts. Replies are left out:
they need a mail.
"""

from collections.abc import Sequence
from typing import Final

from postlude.app.demo.clock import DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.simulate.play import SimulationResult
from postlude.app.simulate.truth import CopyTruth, SimulatedHit
from postlude.classify import network_facts
from postlude.edge import AddressForm
from postlude.edge.address import AddressKeeper
from postlude.edge.headers import RequestHead
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.ids import id_run, new_id
from postlude.model.observation import Hit
from postlude.model.words import CopyStatus, HitEndpoint, SendOutcome, Via
from postlude.population import Fate, Reader, SimulatedMailing, SimulatedRequest, decide_fate, requests_of
from postlude.population.requests import PIXEL, REPLY, UNSUBSCRIBE
from postlude.store import AttemptResult, Batch, Copy, Link, Message, Submission
from postlude.tokens import Kind

_AT_ONCE: Final = 8_000
_SPREAD: Final = 20_000  # microseconds from one copy's hand-off to the next: 50 copies a second
_KEEPER: Final = AddressKeeper(AddressForm.TRUNCATED, None)
_ENDPOINTS: Final = {PIXEL: HitEndpoint.PIXEL, UNSUBSCRIBE: HitEndpoint.UNSUBSCRIBE_PAGE}


async def play_in_process(
    instance: DemoInstance, clock: DemoClock, readers: Sequence[Reader], mailing: SimulatedMailing
) -> SimulationResult:
    """One message to all `readers`, its requests, and every event they became. At most 500,000 readers."""
    message, start = new_id(), clock.now()
    ids = id_run(len(readers))
    instance.store.digest.apply(_sent(_message(instance, message, start), ids, readers, mailing))
    fates = [decide_fate(reader, mailing) for reader in readers]
    asked = [
        (start + place * _SPREAD + int(request.after * MICROS_PER_SECOND), place, request)
        for place, (reader, fate) in enumerate(zip(readers, fates, strict=True))
        for request in requests_of(reader, mailing, fate)
        if request.link != REPLY
    ]
    asked.sort(key=lambda one: one[:2])
    truth: list[SimulatedHit] = []
    last = 0
    for number, (at, place, request) in enumerate(asked, 1):
        last = max(at, last + 1)  # no two requests in one microsecond
        clock.move_to(last)
        instance.see(_hit(last, message, ids[place], request))
        truth.append(_told(last, ids[place], readers[place], request))
        if number % _AT_ONCE == 0:
            await instance.digest()
    await instance.digest()
    copies = tuple(_copy(*one) for one in zip(ids, readers, fates, strict=True))
    return SimulationResult((message,), tuple(truth), copies, tuple(instance.history.of_copies(ids)))


def _message(instance: DemoInstance, message: int, at: int) -> Message:
    return Message(
        id=message,
        user=instance.user.id,
        message_id=f"{message:x}@simulated.example",
        subject="Simulated",
        sender=instance.user.address,
        mail_from="",
        via=Via.CLI,
        created_at=at,
    )


def _sent(row: Message, ids: Sequence[int], readers: Sequence[Reader], mailing: SimulatedMailing) -> Batch:
    links = tuple(Link(row.id, number, f"https://shop.example/{number}") for number in range(mailing.links))
    copies = tuple(
        Copy(one, row.id, reader.address, CopyStatus.QUEUED) for one, reader in zip(ids, readers, strict=True)
    )
    sent = [
        AttemptResult(one, SendOutcome.ACCEPTED, row.created_at + place * _SPREAD, 1, message=row.id)
        for place, one in enumerate(ids)
    ]
    return Batch(submissions=[Submission(row, links, copies)], attempts=sent)


def _hit(at: int, message: int, copy: int, request: SimulatedRequest) -> Hit:
    who = request.program
    return Hit(
        at,
        HitEndpoint.DAMAGED_LINK if request.damaged else _ENDPOINTS.get(request.link, HitEndpoint.LINK),
        int(Kind.MESSAGE),
        message,
        copy,
        -1 if request.damaged else max(request.link, -1),
        request.method,
        who.user_agent,
        _KEEPER.keep(who.address, at),
        RequestHead(who.headers.items()).kept,
        network_facts(who.address),
    )


def _told(at: int, copy: int, reader: Reader, request: SimulatedRequest) -> SimulatedHit:
    return SimulatedHit(
        at, copy, reader.address, request.link, request.doer, request.method, reader.reading, reader.filter
    )


def _copy(copy: int, reader: Reader, fate: Fate) -> CopyTruth:
    return CopyTruth(copy, reader.address, reader.knowable, fate.opened, fate.links, replied=False, bounced=False)
