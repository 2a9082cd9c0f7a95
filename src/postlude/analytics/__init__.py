"""Rates with intervals, tests of variants, estimates of what cannot be counted. Pure: counts in, numbers out."""

from postlude.analytics.best_variant import TriedVariant, VariantVerdict, judge_variants
from postlude.analytics.open_estimate import OpenCounts, OpenEstimate, PastResponses, estimate_opens
from postlude.analytics.open_evidence import CopyGroup, PastKind, count_groups
from postlude.analytics.rates import (
    Difference,
    NormalRange,
    Rate,
    Standing,
    difference_of,
    normal_range,
    rate_of,
    standing,
)

__all__ = [
    "CopyGroup",
    "Difference",
    "NormalRange",
    "OpenCounts",
    "OpenEstimate",
    "PastKind",
    "PastResponses",
    "Rate",
    "Standing",
    "TriedVariant",
    "VariantVerdict",
    "count_groups",
    "difference_of",
    "estimate_opens",
    "judge_variants",
    "normal_range",
    "rate_of",
    "standing",
]
