"""Files that recipients of a sent campaign download: how often, and what becomes of them after sending."""

from pathlib import Path

import msgspec

from postlude.kit.ids import id_text
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.files import MAX_HOSTED, remove_hosted
from postlude.services.served_files import write_durably
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, CampaignFile


class HostedDownload(msgspec.Struct, frozen=True, kw_only=True):
    """One hosted file and the clicks on its links."""

    id: str
    name: str
    size: int
    served: bool
    """False: it was withdrawn, and whoever asks is told that it is no longer here."""
    replaced_at: int | None
    """When it was replaced after the campaign began; None: never."""
    url: str
    """Where its links lead; empty when the mail has none."""
    clicks: int = 0
    """By people."""
    clicks_unknown: int = 0
    clicks_machine: int = 0
    last_at: int | None = None
    """The last one by a person."""


def downloads_of(store: Store, folder: Path, campaign: Campaign) -> list[HostedDownload]:
    """Every hosted file of a campaign, by name. `folder`: where the edge has them from."""
    return [_counted(store, folder, campaign, file) for file in store.campaigns.files(campaign.id) if file.hosted]


def replace_hosted(store: Store, folder: Path, campaign: Campaign, name: str, content: bytes) -> CampaignFile:
    """Whoever follows the links of a file from now on gets this content; InputError for a draft, or too much of it."""
    file = _sent_file(store, campaign, name)
    if len(content) > MAX_HOSTED:
        raise InputError(f"{name} has {len(content):,} bytes, at most {MAX_HOSTED:,} are hosted here")
    write_durably(folder / id_text(file.id), content)
    store.campaigns.resize_file(file.id, len(content))
    return file


def withdraw_hosted(store: Store, folder: Path, campaign: Campaign, name: str) -> CampaignFile:
    """A file is not served any more; it can be replaced later. InputError for a draft."""
    file = _sent_file(store, campaign, name)
    remove_hosted(folder, file)
    store.campaigns.resize_file(file.id, 0)
    return file


def _sent_file(store: Store, campaign: Campaign, name: str) -> CampaignFile:
    if campaign.status is CampaignStatus.DRAFT:
        raise InputError("the campaign is a draft: add and remove its files there")
    for file in store.campaigns.files(campaign.id):
        if file.hosted and file.name == name:
            return file
    raise NotFoundError(f"{campaign.name!r} hosts no file {name!r}; it is replaced under its own name")


def _counted(store: Store, folder: Path, campaign: Campaign, file: CampaignFile) -> HostedDownload:
    wanted, url, seen = f"/{id_text(file.id)}/", "", []
    for message in store.campaigns.messages_of([campaign.id]).get(campaign.id, ()):
        activity = store.messages.link_activity(message)
        for link in store.messages.links(message):
            if wanted in link.url:
                url = link.url
                seen += [activity[link.position]] if link.position in activity else []
    try:
        changed: int | None = (folder / id_text(file.id)).stat().st_mtime_ns // 1000
    except FileNotFoundError:
        changed = None
    began = campaign.started_at or campaign.scheduled_at
    return HostedDownload(
        id=id_text(file.id),
        name=file.name,
        size=file.size,
        served=changed is not None,
        replaced_at=changed if changed is not None and began is not None and changed > began else None,
        url=url,
        clicks=sum(one.clicks for one in seen),
        clicks_unknown=sum(one.clicks_unknown for one in seen),
        clicks_machine=sum(one.clicks_machine for one in seen),
        last_at=max((one.last_at for one in seen if one.last_at is not None), default=None),
    )
