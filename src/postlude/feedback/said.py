"""What servers say when they refuse: rules over words, of which the first that matches decides."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from postlude.feedback import refusals
from postlude.feedback.finding import Reason


class TextRule(NamedTuple):
    """One way servers say one reason."""

    id: str
    reason: Reason
    pattern: re.Pattern[str]


@cache
def text_rules() -> tuple[TextRule, ...]:
    """The rules in their order; read and compiled when the first refusal comes in."""
    text = files(refusals).joinpath(refusals.WORD_RULES).read_text(encoding="utf-8")
    return tuple(
        TextRule(rule["id"], Reason(rule["reason"]), re.compile("|".join(rule["patterns"]), re.IGNORECASE))
        for rule in tomllib.loads(text)["rule"]
    )
