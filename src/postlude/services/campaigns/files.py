"""Files that go with a campaign: inside every copy, or downloaded from our server through a tracked link."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from postlude.kit.ids import id_text, new_id
from postlude.kit.regular_file import read_file
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.services.served_files import write_durably
from postlude.store import Store
from postlude.store.campaigns.rows import CampaignFile

MAX_ATTACHED: Final = 10 << 20  # base64 makes 13.7 MB of it; many servers refuse 20 MB
MAX_HOSTED: Final = 25 << 20  # the edge serves it from memory
SCHEME: Final = "hosted:"
"""How a template links to a hosted file: `<a href="hosted:brochure.pdf">`."""
_ODD: Final = re.compile(r"[\x00-\x1f\x7f/\\]+")


def attach_file(  # noqa: PLR0917 - plain data
    store: Store, folder: Path, campaign: int, name: str, content_type: str, content: bytes, *, hosted: bool = False
) -> CampaignFile:
    """Add a file to a draft; a file of the same name is replaced. It is durable when this returns.

    A hosted file is stored in `folder`; the edge serves it to anyone with its link until it is removed.
    """
    if store.campaigns.get(campaign).status is not CampaignStatus.DRAFT:
        raise InputError("only a draft takes files; copy the campaign to send something else")
    limit = MAX_HOSTED if hosted else MAX_ATTACHED
    name = _ODD.sub("_", name).strip() or "file"
    if len(content) > limit:
        advice = "host it instead, people download it then" if not hosted else "put it on a server made for that"
        raise InputError(f"{name} has {len(content):,} bytes, at most {limit:,} are taken here; {advice}")
    for old in store.campaigns.files(campaign):
        if old.name == name:
            remove_file(store, folder, old)
    file = CampaignFile(
        id=new_id(), campaign=campaign, name=name, content_type=content_type, size=len(content), hosted=hosted
    )
    if hosted:
        write_durably(folder / id_text(file.id), content)
    store.campaigns.add_file(file, None if hosted else content)
    return file


def copy_file(store: Store, folder: Path, file: CampaignFile, campaign: int) -> None:
    """Give another campaign the same file."""
    mine = msgspec.structs.replace(file, id=new_id(), campaign=campaign)
    if file.hosted:
        write_durably(folder / id_text(mine.id), read_file(folder / id_text(file.id)))
    store.campaigns.add_file(mine, None if file.hosted else store.campaigns.file_content(file.id))


def remove_file(store: Store, folder: Path, file: CampaignFile) -> None:
    """Take a file from a draft."""
    store.campaigns.remove_file(file.id)
    remove_hosted(folder, file)


def remove_hosted(folder: Path, file: CampaignFile) -> None:
    """Delete a hosted file from the disk; a file stored in the state is left alone."""
    if file.hosted:
        (folder / id_text(file.id)).unlink(missing_ok=True)


def file_url(base: str, prefix: str, file: CampaignFile) -> str:
    """Where the edge serves a hosted file."""
    return f"{base.rstrip('/')}/{prefix}/{id_text(file.id)}/{quote(file.name, safe='')}"


def with_hosted(text: str, files: list[CampaignFile], base: str, prefix: str) -> str:
    """The text with `hosted:NAME` as URLs."""
    for file in files:
        if file.hosted:
            for name in (file.name, quote(file.name)):
                text = text.replace(SCHEME + name, file_url(base, prefix, file))
    return text
