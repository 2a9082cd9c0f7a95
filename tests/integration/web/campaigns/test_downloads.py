"""Hosted files on the page of a sent campaign."""

from typing import TYPE_CHECKING

from postlude.kit.ids import id_text, new_id
from postlude.services.served_files import write_durably
from postlude.store.campaigns.rows import CampaignFile
from support.past_campaigns import HOUR_US, past_campaign
from support.web_world import csrf_of

if TYPE_CHECKING:
    from support.web_world import World


def test_a_file_is_replaced_and_withdrawn_on_the_page(world: "World") -> None:
    store, folder = world.deps.store, world.deps.campaigns.files
    campaign = past_campaign(store, world.alice.id, "News", HOUR_US, 4, {})
    file = CampaignFile(
        id=new_id(), campaign=campaign.id, name="a.pdf", content_type="application/pdf", size=3, hosted=True
    )  # fmt: skip
    store.campaigns.add_file(file, None)
    write_durably(folder / id_text(file.id), b"old")
    client, path = world.client(world.alice), f"/campaigns/{id_text(campaign.id)}"
    form = {"csrf": csrf_of(client.get(path).text), "name": "a.pdf"}
    page = client.post(f"{path}/downloads", data=form, files={"file": ("other.pdf", b"newer")}).text
    assert "replaced" in page
    assert (folder / id_text(file.id)).read_bytes() == b"newer"
    assert "withdrawn" in client.post(f"{path}/downloads/withdraw", data=form).text
    assert not (folder / id_text(file.id)).exists()
    other = world.client(world.charlie)
    form["csrf"] = csrf_of(other.get("/campaigns").text)
    assert other.post(f"{path}/downloads/withdraw", data=form).status_code == 404
