"""`postlude edge|relay|inbound|worker|app`: one process each, for servers and as children of `postlude up`."""

from dataclasses import replace
from typing import Final

import click

from postlude.app.processes.supervised import Supervision, telling_why
from postlude.config import load

_HANDED_OVER = "Descriptor of a listening socket handed over by the parent process."


def _fd(name: str) -> click.Option:
    return click.Option([f"--{name}-fd"], type=int, hidden=True, help=_HANDED_OVER)


_CHILD: Final = click.Option(["--child"], is_flag=True, hidden=True, help="Standard input is a socket of the starter.")
_OUTLIVES: Final = click.Option(["--outlives"], is_flag=True, hidden=True, help="Go on when the starter was killed.")


def _run_edge(child: bool, outlives: bool, edge_fd: int | None, name: str, processes: int | None) -> None:
    with telling_why(child=child):
        from postlude.app.processes.edge import run_edge_process  # noqa: PLC0415 - only this command pays for it

        settings = load()
        if processes is not None:
            settings = replace(settings, edge_processes=processes)
        run_edge_process(settings, name=name, descriptor=edge_fd, supervision=Supervision(child, outlives))


def _run_relay(child: bool, outlives: bool, relay_fd: int | None, relay_tls_fd: int | None) -> None:
    with telling_why(child=child):
        from postlude.app.processes.relay import run_relay_process  # noqa: PLC0415 - only this command pays for it

        run_relay_process(
            load(), descriptor=relay_fd, tls_descriptor=relay_tls_fd, supervision=Supervision(child, outlives)
        )


def _run_inbound(child: bool, outlives: bool, inbound_fd: int | None) -> None:
    with telling_why(child=child):
        from postlude.app.processes.inbound import run_inbound_process  # noqa: PLC0415 - only this command pays for it

        run_inbound_process(load(), descriptor=inbound_fd, supervision=Supervision(child, outlives))


def _run_app(child: bool, outlives: bool, supervised: bool, web_fd: int | None, port: tuple[str, ...]) -> None:
    with telling_why(child=child):
        from postlude.app.processes.app_start import run_app  # noqa: PLC0415 - only this command pays for it

        bound = {f"{endpoint}_port": int(number) for endpoint, _, number in (one.partition("=") for one in port)}
        settings = replace(load(), **bound)  # type: ignore[arg-type]  # ports are int fields
        run_app(settings, web=web_fd, supervised=supervised, supervision=Supervision(child, outlives))


def _run_worker(child: bool, idle_end: float) -> None:
    with telling_why(child=child):
        from postlude.app.processes.worker import run_worker_process  # noqa: PLC0415 - only this command pays for it

        run_worker_process(load(), supervision=Supervision(child), idle_end_s=idle_end)


_IDLE_END = click.Option(
    ["--idle-end"], type=float, default=0.0, help="End after this many seconds without work; 0: never."
)
_NAME = click.Option(
    ["--name"],
    default="edge",
    show_default=True,
    help="Name of this edge's journal; each edge on a host needs its own.",
)

_SUPERVISED = click.Option(
    ["--supervised"], is_flag=True, hidden=True, help="Started by `postlude up` with the others."
)
_PORT = click.Option(["--port"], multiple=True, hidden=True, help="ENDPOINT=NUMBER: where another process listens.")

_PROCESSES = click.Option(
    ["--processes"],
    type=click.IntRange(1, 64),
    help="Edges that share the port, each with its own journal (default: POSTLUDE_EDGE_PROCESSES).",
)

commands = {
    "edge": click.Command(
        "edge",
        callback=_run_edge,
        params=[_NAME, _PROCESSES, _CHILD, _OUTLIVES, _fd("edge")],
        help="Run the tracking edge alone: pixels, links, unsubscribe and preference pages. It opens no database.",
    ),
    "relay": click.Command(
        "relay",
        callback=_run_relay,
        params=[_CHILD, _OUTLIVES, _fd("relay"), _fd("relay-tls")],
        help="Run the SMTP relay alone: it accepts mail from mail clients, with a login.",
    ),
    "inbound": click.Command(
        "inbound",
        callback=_run_inbound,
        params=[_CHILD, _OUTLIVES, _fd("inbound")],
        help="Run the inbound server alone: it accepts bounces, complaints, replies and unsubscribe mail by SMTP.",
    ),
    "worker": click.Command(
        "worker",
        callback=_run_worker,
        params=[_CHILD, _IDLE_END],
        help="Send campaigns beside the app process, which starts one worker itself when a campaign is due. "
        "Further workers share the work: on the same data folder and, with several at once, on PostgreSQL.",
    ),
    "app": click.Command(
        "app",
        callback=_run_app,
        params=[_CHILD, _OUTLIVES, _SUPERVISED, _fd("web"), _PORT],
        help="Run the app process alone: web app, digest and sender. One per data folder.",
    ),
}
