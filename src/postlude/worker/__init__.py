"""The worker: hands copies over to the next mail server."""

from postlude.worker.run import run_worker

__all__ = ["run_worker"]
