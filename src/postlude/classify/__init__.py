"""Who caused a hit: a person, a machine, or unknown.

Pure: first each request by itself (`judge`), then all hits of a copy together (`add_hits` to its window).
"""

from postlude.classify.copy_window import (
    LIMIT,
    AddedHits,
    Correction,
    PeopleTimes,
    add_hits,
    are_quiet,
    comes_too_late,
    hits_left,
    leave_two_alone,
    people_times,
    read_hits,
    read_window,
)
from postlude.classify.crawler_list import CrawlerList, bundled_crawlers
from postlude.classify.crowd import CrowdHit, DomainsOf, crowded
from postlude.classify.explain import RULE_WORDS, VERDICT_WORDS, explained, how_sure, who_words
from postlude.classify.judge import Judgement, judge
from postlude.classify.networks import BUNDLED, NetworkList, Networks, network_facts, read_list
from postlude.classify.own_rules import OwnRules, read_own_rules
from postlude.classify.reconsider import Reviewed, reconsider
from postlude.classify.rules import (
    COLLEAGUE,
    COLLEAGUES_VISIT,
    OWN_VISIT,
    RULES,
    RULES_VERSION,
    Confidence,
    VerdictRule,
    since_class,
)
from postlude.classify.sighting import (
    REPLY,
    SHARED,
    VERDICTS,
    Place,
    Sighting,
    code_of,
    crowd_key,
    entry_of,
    is_plain,
    pack_sighting,
    place_of,
    program_of,
)
from postlude.classify.sighting import SIZE as SIGHTING_BYTES
from postlude.classify.window_rules import WINDOW_RULES, WindowRule, WindowSettings

__all__ = [
    "BUNDLED",
    "COLLEAGUE",
    "COLLEAGUES_VISIT",
    "LIMIT",
    "OWN_VISIT",
    "REPLY",
    "RULES",
    "RULES_VERSION",
    "RULE_WORDS",
    "SHARED",
    "SIGHTING_BYTES",
    "VERDICTS",
    "VERDICT_WORDS",
    "WINDOW_RULES",
    "AddedHits",
    "Confidence",
    "Correction",
    "CrawlerList",
    "CrowdHit",
    "DomainsOf",
    "Judgement",
    "NetworkList",
    "Networks",
    "OwnRules",
    "PeopleTimes",
    "Place",
    "Reviewed",
    "Sighting",
    "VerdictRule",
    "WindowRule",
    "WindowSettings",
    "add_hits",
    "are_quiet",
    "bundled_crawlers",
    "code_of",
    "comes_too_late",
    "crowd_key",
    "crowded",
    "entry_of",
    "explained",
    "hits_left",
    "how_sure",
    "is_plain",
    "judge",
    "leave_two_alone",
    "network_facts",
    "pack_sighting",
    "people_times",
    "place_of",
    "program_of",
    "read_hits",
    "read_list",
    "read_own_rules",
    "read_window",
    "reconsider",
    "since_class",
    "who_words",
]
