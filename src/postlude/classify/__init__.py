"""Who caused a hit: a person, a machine, or unknown. Pure: one request in, one verdict with its reasons out."""

from postlude.classify.crawler_list import CrawlerList, bundled_crawlers
from postlude.classify.judge import Judgement, judge
from postlude.classify.networks import BUNDLED, NetworkList, Networks, network_facts, read_list
from postlude.classify.own_rules import OwnRules, read_own_rules
from postlude.classify.rules import RULES, RULES_VERSION, Confidence, VerdictRule, since_class

__all__ = [
    "BUNDLED",
    "RULES",
    "RULES_VERSION",
    "Confidence",
    "CrawlerList",
    "Judgement",
    "NetworkList",
    "Networks",
    "OwnRules",
    "VerdictRule",
    "bundled_crawlers",
    "judge",
    "network_facts",
    "read_list",
    "read_own_rules",
    "since_class",
]
