"""The operator's own rules: strict, the first that fits."""

import pytest

from postlude.classify import judge, read_own_rules
from postlude.classify.own_rules import OWN_VERDICTS
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

TEXT = """
# ours
network 203.0.113.7 human      the director
network 203.0.113.0/24 self    our office
network 2001:db8::/32 machine
agent "Acme Reader" human      a customer's
agent AcmeBot machine
"""


def test_the_first_rule_that_fits_decides() -> None:
    rules = read_own_rules(TEXT)
    assert rules.of_address("203.0.113.7") == {"own": "human", "own_note": "the director"}
    assert rules.of_address("203.0.113.8") == {"own": "self", "own_note": "our office"}
    assert rules.of_address("::ffff:203.0.113.8") == {"own": "self", "own_note": "our office"}
    assert rules.of_address("2001:db8::1") == {"own": "machine"}
    assert rules.of_agent("The Acme Reader/2") == {"own": "human", "own_note": "a customer's"}


@pytest.mark.parametrize("address", ["198.51.100.1", "unix", "2001:db9::1"])
def test_others_are_left_alone(address: str) -> None:
    assert read_own_rules(TEXT).of_address(address) == {}
    assert read_own_rules(TEXT).of_agent("Mozilla/5.0") == {}


@pytest.mark.parametrize("verdict", OWN_VERDICTS)
@pytest.mark.parametrize("endpoint", [HitEndpoint.PIXEL, HitEndpoint.LINK])
def test_it_goes_before_every_list(verdict: Verdict, endpoint: HitEndpoint) -> None:
    facts = {"own": verdict.value, "network": "barracuda"}
    found = judge(Hit(1, endpoint, 1, 1, 1, 0, "GET", "curl/8", "", {}, facts), sent_at=None)
    assert found.verdict is verdict
    assert found.reasons[0] == f"own-{verdict}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("network", "not a rule"),
        ("network 203.0.113.0/24", "no verdict"),
        ("network 203.0.113.0/24 robot", "'robot' is not a verdict. Write one of: human, machine"),
        ("network 203.0.113.1/24 self", "host bits set"),
        ("network nowhere self", "Write a network such as"),
        ("host 203.0.113.1 self", "neither `network` nor `agent`"),
        ('agent "M" machine', "nearly every program"),
        ('agent "Acme machine', "not a rule"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_the_remedy(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"line 2: .*(?:{message})"):
        read_own_rules(f"# first\n{line}\n")
