"""Hosted files of a sent campaign: counted, replaced, withdrawn."""

from pathlib import Path

import pytest

from postlude.kit.ids import id_text
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.downloads import HostedDownload, downloads_of, replace_hosted, withdraw_hosted
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign
from support.hosted_world import sent_with_download
from support.past_campaigns import HOUR_US


def _only(store: Store, folder: Path, campaign: Campaign) -> HostedDownload:
    (found,) = downloads_of(store, folder, campaign)
    return found


def test_it_is_told_how_often_and_by_whom(store: Store, tmp_path: Path) -> None:
    campaign = sent_with_download(store, tmp_path)
    found = _only(store, tmp_path, campaign)
    assert found.clicks == 2
    assert found.clicks_machine == 1
    assert found.last_at == 9 * HOUR_US + 1
    assert found.served


def test_a_file_is_replaced_after_sending_under_its_link(store: Store, tmp_path: Path) -> None:
    campaign = sent_with_download(store, tmp_path)
    file = replace_hosted(store, tmp_path, campaign, "a.pdf", b"newer")
    assert (tmp_path / id_text(file.id)).read_bytes() == b"newer"
    found = _only(store, tmp_path, campaign)
    assert found.size == 5
    assert found.replaced_at is not None


def test_a_file_is_withdrawn_and_served_again(store: Store, tmp_path: Path) -> None:
    campaign = sent_with_download(store, tmp_path)
    withdraw_hosted(store, tmp_path, campaign, "a.pdf")
    assert not _only(store, tmp_path, campaign).served
    assert not list(tmp_path.glob("[0-9a-f]*"))
    replace_hosted(store, tmp_path, campaign, "a.pdf", b"again")
    assert _only(store, tmp_path, campaign).served


def test_what_is_not_hosted_and_drafts_are_refused(store: Store, tmp_path: Path) -> None:
    campaign = sent_with_download(store, tmp_path)
    with pytest.raises(NotFoundError):
        replace_hosted(store, tmp_path, campaign, "b.pdf", b"")
    assert store.campaigns.move(campaign.id, [CampaignStatus.SENT], CampaignStatus.DRAFT)
    with pytest.raises(InputError):
        withdraw_hosted(store, tmp_path, store.campaigns.get(campaign.id), "a.pdf")
