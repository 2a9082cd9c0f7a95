"""The public face: pixel, link, unsubscribe, preferences. Answers from the signed URL once the hit is durable."""

from postlude.edge.config import AddressForm, Brand, EdgeConfig, Limits
from postlude.edge.revoked import write_revoked
from postlude.edge.server import Edge, run_edge

__all__ = ["AddressForm", "Brand", "Edge", "EdgeConfig", "Limits", "run_edge", "write_revoked"]
