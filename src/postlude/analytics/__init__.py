"""Rates with intervals, tests of variants, estimates of what cannot be counted. Pure: counts in, numbers out."""

from postlude.analytics.best_variant import TriedVariant, VariantVerdict, judge_variants
from postlude.analytics.open_estimate import OpenCounts, OpenEstimate, PastResponses, estimate_opens
from postlude.analytics.open_evidence import CopyGroup, PastKind, count_groups
from postlude.analytics.rates import NormalRange, Rate, normal_range, rate_of

__all__ = [
    "CopyGroup",
    "NormalRange",
    "OpenCounts",
    "OpenEstimate",
    "PastKind",
    "PastResponses",
    "Rate",
    "TriedVariant",
    "VariantVerdict",
    "count_groups",
    "estimate_opens",
    "judge_variants",
    "normal_range",
    "rate_of",
]
