"""The edge process, composed. It opens no database and imports none."""

import asyncio

from postlude.app.listen import inherited, listen_for
from postlude.app.parts import Parts, build_parts
from postlude.app.run import run_until_stopped, start_log
from postlude.classify import network_facts
from postlude.config import Settings
from postlude.edge import AddressForm, EdgeConfig, run_edge


def edge_config(parts: Parts) -> EdgeConfig:
    """The edge's share of the settings."""
    settings = parts.settings
    return EdgeConfig(
        host=settings.edge_host,
        port=settings.edge_port,
        prefixes=parts.prefixes,
        tls_cert=settings.edge_tls_cert,
        tls_key=settings.edge_tls_key,
        proxies=tuple(map(str, settings.edge_proxies)),
        address_form=AddressForm(settings.address_privacy),
        address_key=parts.folder.root / "address.key",
        address_facts=network_facts,
        revoked=parts.folder.revoked,
        lists=parts.folder.lists,
    )


def run_edge_process(settings: Settings, *, name: str, descriptor: int | None, child: bool) -> None:
    """Run one edge until it is told to stop."""
    start_log(settings.log_level)
    parts = build_parts(settings)
    sock = listen_for(settings, "edge") if descriptor is None else inherited(descriptor)

    async def main(stop: asyncio.Event) -> None:
        await run_edge(
            edge_config(parts),
            parts.codec,
            parts.folder.journal,
            stop,
            name=name,
            sockets=[sock],
            journal_max_bytes=settings.journal_max_bytes,
            clock=parts.clock,
        )

    run_until_stopped(main, child=child)
