"""What `/healthz` says."""

import msgspec

from postlude import __version__
from postlude.edge.core import Core
from postlude.journal import JournalWriter


def health(core: Core, writer: JournalWriter, connections: int) -> bytes:
    """JSON; `status` is `ok`, or `degraded` while hits are being lost. Recipients are served either way."""
    stats = writer.stats
    problems = [text for text in (stats.problem, core.revoked.problem, core.lists.problem) if text]
    revoked = core.revoked.now
    return msgspec.json.encode(
        {
            "status": "degraded" if problems else "ok",
            "problems": problems,
            "version": __version__,
            "connections": connections,
            "journal": {
                "writer": writer.number,
                "records": stats.records,
                "batches": stats.batches,
                "lost": stats.lost,
                "bytes": stats.journal_bytes,
            },
            "revoked": {"opens": len(revoked.opens), "clicks": len(revoked.clicks), "links": len(revoked.links)},
            "outcomes": core.counts.table(),
        }
    )
