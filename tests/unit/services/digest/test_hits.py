"""Hits judged from what is remembered of their kind come out as if each had been judged by itself."""

import random
from collections.abc import Iterable

from postlude.classify import judge
from postlude.journal import JournalRecord
from postlude.model.observation import Hit, RawHit, decode_quick, encode_observation
from postlude.model.words import HitEndpoint
from postlude.services.digest.hits import Hits
from postlude.services.digest.item import Item, RecordOutcome

AGENTS = (
    "",
    "Mozilla/5.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "curl/8.5.0",
    "Microsoft Office/16.0 (Microsoft Outlook 16.0.5; Pro)",
)
SENT = dict.fromkeys(range(1, 6), 1000000000)


class Sent:
    def sent_times(self, ids: Iterable[int]) -> dict[int, int]:
        return {copy: SENT[copy] for copy in ids if copy in SENT}


def test_remembered_judgements_are_the_ones_each_hit_would_get() -> None:
    chance = random.Random(3)
    hits = Hits(Sent())
    for i in range(3000):
        link = chance.random() < 0.5
        hit = Hit(
            at=1_000_000_000 + chance.choice((-5, 0, 1_999_999, 2_000_000, 599_000_000, 601_000_000)),
            endpoint=HitEndpoint.LINK if link else HitEndpoint.PIXEL,
            kind=1,
            message=7,
            copy=chance.randrange(1, 8),  # two of them were never sent
            position=chance.randrange(4) if link else -1,
            method=chance.choice(("GET", "GET", "GET", "PUT")),
            user_agent=chance.choice(AGENTS),
            address=f"192.0.2.{chance.randrange(4)}",
            headers=chance.choice(({}, {"purpose": "prefetch"}, {"accept-language": "de,en", "referer": "x"})),
            facts=chance.choice(
                ({}, {"network": "barracuda"}, {"network": "mimecast"}, {"self": "1"}, {"rate": "high"})
            ),
        )
        raw = decode_quick(encode_observation(hit))
        assert isinstance(raw, RawHit)
        item = Item(JournalRecord(1, 1, i * 200, encode_observation(hit)), raw)
        hits.prepare([item])
        hits.frequent(item, raw)
        reported = judge(hit, sent_at=SENT.get(hit.copy))
        [event] = item.meaning.events
        assert item.outcome is RecordOutcome.COUNTED
        assert event.verdict == reported.verdict
        assert event.reasons == reported.reasons
        assert event.facts.get("client", "") == reported.client
        assert event.at == hit.at
        assert event.copy == hit.copy
        assert event.position == hit.position
        assert event.address == hit.address
        assert event.facts.get("network") == hit.facts.get("network")
        assert event.id == item.record.position.event_id(0)
