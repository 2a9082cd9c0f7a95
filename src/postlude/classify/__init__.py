"""Who caused a hit: a person, a machine, or unknown. Pure: one request in, one verdict with its reasons out."""

from postlude.classify.judge import Judgement, judge
from postlude.classify.networks import BUNDLED, NetworkList, Networks, network_facts, read_list
from postlude.classify.rules import RULES, RULES_VERSION, Confidence, VerdictRule, since_class

__all__ = [
    "BUNDLED",
    "RULES",
    "RULES_VERSION",
    "Confidence",
    "Judgement",
    "NetworkList",
    "Networks",
    "VerdictRule",
    "judge",
    "network_facts",
    "read_list",
    "since_class",
]
