"""The answer of `/healthz`."""

import msgspec

from postlude import __version__
from postlude.edge.core import Core
from postlude.journal import JournalWriter, RefusingJournal, losses


def edge_health(core: Core, writer: JournalWriter | RefusingJournal, connections: int, *, near: bool) -> bytes:
    """JSON; `status` is `ok`, or `degraded` while hits are being lost. Recipients are served either way.

    Everything else is for this machine alone (`near`): the amount of read mail is private.

    `lost` and `problems` include the other edges that share this port.
    """
    stats, unnoted = writer.stats, writer.unnoted if isinstance(writer, RefusingJournal) else 0
    edges = {name: reported for name, reported in losses(writer.root).items() if _family(name) == _family(writer.name)}
    problems = [text for text in (stats.problem, writer.alarm, core.revoked.problem, core.lists.problem) if text]
    problems += [
        f"{name}: hits are being lost" for name, reported in edges.items() if reported.since and name != writer.name
    ]
    status = "degraded" if problems else "ok"
    if not near:
        return msgspec.json.encode({"status": status})
    revoked = core.revoked.now
    return msgspec.json.encode(
        {
            "status": status,
            "problems": problems,
            "version": __version__,
            "connections": connections,
            "lost": sum(reported.lost for reported in edges.values())
            + (unnoted if writer.name in edges else stats.lost),
            "edges": {
                name: {"lost": reported.lost, "failing": bool(reported.since)} for name, reported in edges.items()
            },
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


def _family(name: str) -> str:
    """`edge`, `edge-2`, `edge-3` are processes of one edge."""
    return name.partition("-")[0]
