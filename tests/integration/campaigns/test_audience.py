from typing import Any

import msgspec
import pytest

from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.segments.expression import Added, Did, InSegment, Not, Reference
from postlude.services.campaigns.audience import audience_at
from postlude.services.campaigns.checks import check_campaign
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.campaigns.work import CampaignWork
from postlude.services.segments.saved import save_segment
from postlude.store.contacts.rows import Audience

World = Any  # conftest.World: tests are found by path and cannot import one another


def test_a_segment_is_settled_at_the_moment_and_the_rest_stays(world: World) -> None:
    draft = world.draft(audience=Audience(lists=[world.list], segment=Not(Did("opened", within="1d"))))
    settled = audience_at(world.store, draft, world.clock.now())
    assert settled.lists == [world.list]
    assert isinstance(settled.segment, Not)
    assert isinstance(settled.segment.part, Did)
    assert settled.segment.part.within == ""


def test_a_campaign_goes_to_whom_its_segment_chooses_when_it_starts(world: World) -> None:
    draft = world.draft(audience=Audience(segment=Not(Added(within="1h"))))
    schedule_campaign(world.store, world.contents, world.clock, draft.id)
    work = CampaignWork(world.store, world.clock, worker=1)
    [sending] = work.under_way()
    while work.enqueue_audience(sending):
        sending = world.store.campaigns.get(draft.id)
    assert world.store.campaigns.get(draft.id).expected == 3


def test_a_campaign_whose_segment_is_gone_is_a_draft_again_with_the_reason(world: World) -> None:
    saved = save_segment(world.store, world.clock, "All", "everyone")
    draft = world.draft(audience=Audience(segment=InSegment(Reference(id=saved.id))))
    schedule_campaign(world.store, world.contents, world.clock, draft.id)
    world.store.segments.delete(saved.id)
    assert CampaignWork(world.store, world.clock, worker=1).under_way() == []
    found = world.store.campaigns.get(draft.id)
    assert found.status is CampaignStatus.DRAFT
    assert "cannot be asked" in found.problem
    [finding] = check_campaign(world.store, world.contents, found, world.clock.now())
    assert "cannot be asked" in finding.text


def test_a_campaign_whose_segment_goes_while_it_starts_pauses(world: World) -> None:
    saved = save_segment(world.store, world.clock, "All", "everyone")
    draft = world.draft(audience=Audience(segment=InSegment(Reference(id=saved.id))))
    schedule_campaign(world.store, world.contents, world.clock, draft.id)
    work = CampaignWork(world.store, world.clock, worker=1)
    [sending] = work.under_way()
    world.store.segments.delete(saved.id)
    assert not work.enqueue_audience(sending)
    assert world.store.campaigns.get(draft.id).status is CampaignStatus.PAUSED


def test_an_unsettled_length_of_time_never_reaches_the_store(world: World) -> None:
    audience = msgspec.structs.replace(Audience(segment=Did("opened", within="1d")))
    with pytest.raises(AssertionError, match="settled"):
        world.store.contacts.audience_count(audience)
    with pytest.raises(InputError):
        audience_at(world.store, world.draft(audience=Audience(segment=InSegment(Reference(id=7)))), 1)
