"""The public endpoint: pixel, link, unsubscribe, preferences. Answers from the signed URL once the hit is durable."""

from postlude.edge.config import AddressForm, Brand, EdgeConfig, VisitorLimits
from postlude.edge.revoked import write_revoked
from postlude.edge.server import Edge, run_edge

__all__ = ["AddressForm", "Brand", "Edge", "EdgeConfig", "VisitorLimits", "run_edge", "write_revoked"]
