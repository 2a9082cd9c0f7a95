"""Estimates of what cannot be counted, from what can. Pure: counts in, estimate with its interval out."""

from postlude.analytics.open_estimate import OpenCounts, OpenEstimate, PastResponses, estimate_opens
from postlude.analytics.open_evidence import CopyGroup, PastKind, count_groups

__all__ = [
    "CopyGroup",
    "OpenCounts",
    "OpenEstimate",
    "PastKind",
    "PastResponses",
    "count_groups",
    "estimate_opens",
]
