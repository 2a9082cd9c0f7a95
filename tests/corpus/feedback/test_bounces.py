"""Right recipient and reason on collected bounces; no ordinary mail taken for one; nothing breaks when cut."""

import json
import random
import re
from pathlib import Path

import pytest

from postlude.feedback import Finding, FindingKind, parse

CORPUS = Path(__file__).resolve().parents[4] / "shared/corpus"
PAGE = Path(__file__).resolve().parents[3] / "docs/dev/bounce-reasons.md"
# The oracles' reasons in our words, from the page that explains them: the first is the direct one.
MAPPING = {
    theirs: tuple(re.findall(r"`(\w+)`", ours))
    for theirs, ours in re.findall(r"^\| `(\w+)` \| (`[^|]+`) \|", PAGE.read_text(), re.MULTILINE)
}
KINDS = {
    "feedback": "complained auth_failure unsubscribed not_spam",
    "vacation": "autoresponded",
    "delivered": "delivered relayed expanded",
}
# Ordinary collections hold a few true reports; whoever looks at them sees `Undelivered Mail` and its like.
REPORTS = frozenset({FindingKind.BOUNCED, FindingKind.DEFERRED, FindingKind.COMPLAINED, FindingKind.AUTORESPONDED})


@pytest.fixture(scope="module")
def expected() -> dict[str, list[dict[str, str]]]:
    if not (CORPUS / "bounces").exists():
        pytest.skip("the corpus of bounces does not lie beside this checkout")
    rows: dict[str, list[dict[str, str]]] = {}
    for line in (CORPUS / "bounces/expected.jsonl").read_text().splitlines():
        row = json.loads(line) | {"recipient": json.loads(line)["recipient"].lower()}
        if row not in rows.setdefault(row["file"], []):
            rows[row["file"]].append(row)
    return rows


def _agrees(found: Finding, reason: str) -> bool:
    if reason in KINDS:
        return found.kind in KINDS[reason].split()
    return found.reason in MAPPING[reason]


@pytest.mark.parametrize(("told", "recipients"), [(True, 0.99), (False, 0.92)])
def test_recipients_and_reasons(expected: dict[str, list[dict[str, str]]], *, told: bool, recipients: float) -> None:
    right = reasons = strict = total = 0
    for file, rows in expected.items():
        known = [row["recipient"] for row in rows] if told else []
        found = {item.recipient: item for item in parse((CORPUS / "bounces" / file).read_bytes(), known=known)}
        total += len(rows)
        hits = [(found[row["recipient"]], row["reason"]) for row in rows if row["recipient"] in found]
        right += len(hits)
        reasons += sum(_agrees(item, reason) for item, reason in hits)
        strict += sum(
            _agrees(item, reason) and item.reason in {"", *MAPPING.get(reason, ())[:1]} for item, reason in hits
        )
    shown = f"recipients {right / total:.3f}, reasons {reasons / right:.3f}, by the first word {strict / right:.3f}"
    print(f"told={told}: {total} rows, {shown}")  # noqa: T201 - for people
    assert right / total >= recipients
    assert reasons / right >= 0.88


def test_ordinary_mail_is_ordinary() -> None:
    files = sorted((CORPUS / "eml").rglob("*.eml"))
    if not files:
        pytest.skip("the corpus of ordinary mail does not lie beside this checkout")
    taken = [file for file in files for item in parse(file.read_bytes()) if item.kind in REPORTS]
    wrong = [file for file in set(taken) if not _is_report(file.read_bytes().lower())]
    assert not wrong


def _is_report(raw: bytes) -> bool:
    marks = (b"delivery-status", b"feedback-report", b"mailer-daemon", b"postmaster@", b"x-failed-recipients")
    return any(mark in raw for mark in marks) or b"undeliver" in raw


def test_every_file_cut_anywhere_has_an_outcome(expected: dict[str, list[dict[str, str]]]) -> None:
    dice = random.Random(6)
    for file in sorted((CORPUS / "bounces").glob("*.eml")):
        raw = file.read_bytes()
        for cut in (dice.randrange(len(raw)) for _ in range(3)):
            found = parse(raw[:cut])
            assert found, (file, cut)
            assert not any(item.rule.startswith("crash/") for item in found), (file, cut, found)
    assert expected
