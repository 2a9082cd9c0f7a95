"""One request at its own time, from the address it says."""

from pathlib import Path

from postlude.app.build.common import build_parts
from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.simulate.edge_client import EdgeClient
from postlude.config import load
from postlude.journal import JournalReader
from postlude.model.observation import Hit, decode_observation
from postlude.tokens import Kind, Urls


async def test_a_request_is_journaled_at_the_simulated_time(tmp_path: Path) -> None:
    parts = build_parts(load({"POSTLUDE_DATA": str(tmp_path / "data")}))
    clock = DemoClock(20_000 * DAY)
    urls = Urls(parts.codec, "http://edge", Kind.MESSAGE, 11)
    token = urls.token(12)
    async with EdgeClient(parts, clock) as edge:
        link = token.join(urls.link(3, "https://shop.example/"))
        assert await edge.ask("HEAD", link, "check", "198.18.7.9", {}) == 302
        assert await edge.ask("GET", link, "someone", "198.18.7.9", {"Accept-Language": "en"}) == 302
    _, record = JournalReader(parts.folder.journal, clock).read({}, 10)
    hit = decode_observation(record.data)
    assert isinstance(hit, Hit)
    assert hit.at == 20_000 * DAY
    assert hit.address == "198.18.7.0"
    assert hit.user_agent == "someone"
