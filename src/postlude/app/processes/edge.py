"""The edge process, composed. It opens no database and imports none."""

import asyncio
from pathlib import Path

from postlude.adapters.network_lists import AddressLookup, AgentLookup
from postlude.app.build.common import Parts, build_parts
from postlude.app.processes.edge_group import run_edges
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.app.processes.sockets import inherited, listen_for
from postlude.app.processes.succession import succeed
from postlude.app.processes.supervised import STOP_S, Supervision
from postlude.config import Settings
from postlude.edge import AddressForm, Brand, EdgeConfig, VisitorLimits, run_edge


def edge_config(parts: Parts, *, first: bool = True) -> EdgeConfig:
    """The edge's share of the settings; the unix socket is the first process's."""
    settings = parts.settings
    config = EdgeConfig(
        host=settings.edge_host,
        port=settings.edge_port,
        prefixes=parts.prefixes,
        tls_cert=settings.edge_tls_cert,
        tls_key=settings.edge_tls_key,
        unix_path=settings.edge_unix if first else None,
        proxies=settings.edge_proxies,
        proxy_protocol=settings.edge_proxy_protocol,
        address_form=AddressForm(settings.address_privacy),
        address_key=parts.folder.root / "address.key",
        address_facts=AddressLookup(parts.folder.networks, parts.clock),
        agent_facts=AgentLookup(parts.folder.networks, parts.clock),
        revoked=parts.folder.revoked,
        lists=parts.folder.lists,
        files=parts.folder.files,
        views=parts.folder.views,
        own_browser_back=f"{settings.public_web}/preferences",
        own_browser_secure=settings.public_edge.startswith("https:"),
        old_tokens_until=settings.old_tokens_until,
        app_site_association=_content(settings.edge_app_site_association),
        assetlinks=_content(settings.edge_assetlinks),
        brand=Brand(
            settings.brand_name,
            settings.brand_logo_url,
            settings.brand_colour,
            settings.brand_contact,
            settings.brand_imprint_url,
        ),
        limits=VisitorLimits(connections=settings.edge_connections, hits_per_minute=settings.edge_hits_per_minute),
    )
    return config if settings.edge_robots is None else config._replace(robots=_content(settings.edge_robots))


def run_edge_process(settings: Settings, *, name: str, descriptor: int | None, supervision: Supervision) -> None:
    """Run the edge until it is told to stop: one process, or those the settings want when none handed a socket over."""
    start_log(settings.log_level)
    parts = build_parts(settings, must_write=False)  # links work on a full disk too
    if descriptor is None and settings.edge_processes > 1:
        run_edges(settings, name=name, bond=supervision.bond(parts.folder.root, "", {}))
        return
    sock = listen_for(settings, "edge") if descriptor is None else inherited(descriptor)

    async def main(stop: asyncio.Event) -> None:
        await run_edge(
            edge_config(parts, first="-" not in name),
            parts.codec,
            parts.folder.journal,
            stop,
            name=name,
            sockets=[sock],
            journal_max_bytes=settings.journal_max_bytes,
            clock=parts.clock,
        )

    if supervision.outlives:
        succeed(parts.folder.root, name, STOP_S)
    run_until_stopped(main, bond=supervision.bond(parts.folder.root, name, {"--edge-fd": sock}))


def _content(path: Path | None) -> str:
    return "" if path is None else path.read_text(encoding="utf-8")
