"""Who caused a hit: a person, a machine, or nobody can know. Pure: one request in, one verdict with its reasons out."""

from postlude.classify.judge import Judgement, judge
from postlude.classify.networks import LISTS_DATE, network_facts
from postlude.classify.rules import RULES, RULES_VERSION, Confidence, Rule, since_class

__all__ = [
    "LISTS_DATE",
    "RULES",
    "RULES_VERSION",
    "Confidence",
    "Judgement",
    "Rule",
    "judge",
    "network_facts",
    "since_class",
]
