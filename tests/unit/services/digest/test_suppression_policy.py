import pytest

from postlude.feedback import Finding, FindingKind, Persistence, Reason
from postlude.feedback.finding import Wish
from postlude.model.observation import Attempt, Hit
from postlude.model.words import EventKind, HitEndpoint, SendOutcome
from postlude.services.digest import suppression_policy as policy

BOB = "bob@example.com"
GONE = Finding(kind=FindingKind.BOUNCED, reason=Reason.UNKNOWN_USER, persistence=Persistence.GONE)


def attempt(outcome: SendOutcome, code: int, enhanced: str, text: str) -> Attempt:
    return Attempt(1, 2, 3, outcome, code, enhanced, text, "mx.example.com", "rcpt", 1)


def test_a_refusal_of_an_unknown_user_suppresses() -> None:
    (found,) = policy.of_attempt(attempt(SendOutcome.REJECTED, 550, "5.1.1", "no such user"))
    assert found.copy == 3
    assert found.reason == "unknown_user"
    assert found.evidence == "smtp 550"


@pytest.mark.parametrize(
    "tried",
    [
        attempt(SendOutcome.REJECTED, 552, "5.2.2", "mailbox full"),
        attempt(SendOutcome.REJECTED, 554, "5.7.1", "blocked by policy"),
        attempt(SendOutcome.DEFERRED, 450, "4.1.1", "no such user"),
    ],
)
def test_a_refusal_that_may_pass_suppresses_nobody(tried: Attempt) -> None:
    assert policy.of_attempt(tried) == ()


def test_a_bounce_that_is_certain_suppresses() -> None:
    assert policy.of_finding(GONE, BOB, {BOB}, certain=True) == "unknown_user"


def test_a_bounce_that_is_not_certain_suppresses_nobody() -> None:
    assert policy.of_finding(GONE, BOB, {BOB}, certain=False) == ""


def test_an_address_mail_was_forwarded_to_says_nothing_of_the_recipient() -> None:
    assert policy.of_finding(GONE, BOB, {"bob@elsewhere.test"}, certain=True) == ""


def test_a_recipient_in_other_letters_is_the_same() -> None:
    assert policy.of_finding(GONE, "Bob@Bücher.example", {"bob@xn--bcher-kva.example"}, certain=True) == "unknown_user"


@pytest.mark.parametrize("kind", [FindingKind.COMPLAINED, FindingKind.UNSUBSCRIBED])
def test_who_asked_is_suppressed_whatever_the_reason(kind: FindingKind) -> None:
    assert policy.of_finding(Finding(kind=kind), BOB, set(), certain=True) == kind.value


@pytest.mark.parametrize(("reason", "only_list"), [("unsubscribed", True), ("complained", False), ("", None)])
def test_unsubscribing_alone_ends_a_list_only(reason: str, *, only_list: bool | None) -> None:
    found = [one.only_list for one in policy.of_attributed(3, reason, "envid", 1)]
    assert found == ([] if only_list is None else [only_list])


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({"reason": "unknown_user", "persistence": "gone"}, ["unknown_user"]), ({"reason": "mailbox_full"}, [])],
)
def test_a_persons_decision_makes_a_bounce_certain(facts: dict[str, str], reason: list[str]) -> None:
    assert [one.reason for one in policy.of_decision(3, FindingKind.BOUNCED, facts, 1)] == reason


@pytest.mark.parametrize(("kind", "count"), [(EventKind.UNSUBSCRIBED, 1), (EventKind.OPENED, 0)])
def test_a_hit_suppresses_where_it_unsubscribes(kind: EventKind, count: int) -> None:
    hit = Hit(1, HitEndpoint.UNSUBSCRIBE, 1, 2, 3, -1, "POST", "", "", {}, {})
    assert len(policy.of_hit(hit, kind)) == count


@pytest.mark.parametrize(("scope", "only_list"), [("list", True), ("all", False), ("", True)])
def test_who_leaves_says_how_far(scope: str, *, only_list: bool) -> None:
    facts = {"how": "page"} | ({"scope": scope} if scope else {})
    hit = Hit(5, HitEndpoint.UNSUBSCRIBE, 2, 1, 3, -1, "POST", "", "", {}, facts)
    [found] = policy.of_hit(hit, EventKind.UNSUBSCRIBED)
    assert found.reason == "unsubscribed"
    assert found.only_list is only_list


LEAVES = Finding(kind=FindingKind.REPLIED, wish=Wish.LEAVE)
ASKS = Finding(kind=FindingKind.UNSUBSCRIBED)


@pytest.mark.parametrize("finding", [LEAVES, ASKS])
def test_a_wish_that_is_no_proof_holds_mailings_back(finding: Finding) -> None:
    assert policy.holds_back(finding, "", credited=True)


@pytest.mark.parametrize(
    ("finding", "suppress", "credited"),
    [
        (ASKS, "unsubscribed", True),  # proven: it has its consequence
        (LEAVES, "", False),  # somebody else's word
        (ASKS, "", False),
        (Finding(kind=FindingKind.REPLIED), "", True),
        (GONE, "unknown_user", True),
    ],
)
def test_everything_else_holds_nothing_back(finding: Finding, suppress: str, *, credited: bool) -> None:
    assert not policy.holds_back(finding, suppress, credited=credited)
