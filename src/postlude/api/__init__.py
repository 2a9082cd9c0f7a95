"""The HTTP API for programs, below `/v1`."""

from postlude.api.app import create_api
from postlude.api.declared import API_PREFIX
from postlude.api.deps import ApiDeps

__all__ = ["API_PREFIX", "ApiDeps", "create_api"]
