"""The lists of refusals: every entry has a source and a date, is found again, and contradicts no other."""

import datetime as dt
import re
import tomllib
from pathlib import Path

import pytest

from postlude.feedback import Finding, FindingKind, Reason, refusals
from postlude.feedback.refusal import with_reason
from postlude.feedback.text_rules import first_rule, text_rules

FOLDER = Path(refusals.__file__).parent
LISTS = {
    file.stem: tomllib.loads(file.read_text())
    for file in sorted(FOLDER.glob("*.toml"))
    if file.name != refusals.WORD_RULES
}
ENTRIES = [
    (name, refusal["reason"], text, kind)
    for name, content in LISTS.items()
    for refusal in content["refusal"]
    for kind in ("phrases", "codes")
    for text in refusal.get(kind, ())
]


@pytest.mark.parametrize("name", LISTS)
def test_every_entry_names_its_source(name: str) -> None:
    content = LISTS[name]
    assert content["operator"]
    for source in content["sources"].values():
        assert source["title"]
        assert isinstance(source["date"], dt.date)
        assert source["url"].startswith(("https://", "http://"))
    for refusal in content["refusal"]:
        assert refusal["source"] in content["sources"], refusal
        assert refusal["reason"] in set(Reason) - {Reason.NONE, Reason.UNDEFINED}, refusal
        assert set(refusal) <= {"reason", "source", "phrases", "codes", "statuses", "firm"}, refusal


def test_every_source_is_used() -> None:
    unused = [
        (name, source)
        for name, content in LISTS.items()
        for source in content["sources"]
        if source not in {refusal["source"] for refusal in content["refusal"]}
    ]
    assert unused == []


def test_every_entry_is_found_in_its_own_words() -> None:
    lost = []
    for name, reason, text, _ in ENTRIES:
        found = refusals.find_refusal("550 5.0.0 " + text.replace(" ... ", " 192.0.2.1 mx.example "))
        if found is None or found.reason != reason:
            lost.append((name, text, found))
    assert lost == []


def test_no_phrase_stands_in_two_lists_with_two_reasons() -> None:
    seen: dict[str, str] = {}
    assert [(text, reason) for _, reason, text, _ in ENTRIES if seen.setdefault(text.lower(), reason) != reason] == []


def test_no_status_code_has_two_reasons_and_none_is_of_the_registry() -> None:
    rows = [
        (code, refusal["reason"])
        for one in LISTS.values()
        for refusal in one["refusal"]
        for code in refusal.get("statuses", ())
    ]
    assert len({code for code, _ in rows}) == len(rows)
    assert all(re.fullmatch(r"[1-7]\.\d{1,3}", code) for code, _ in rows)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550-5.7.26 This mail has been blocked because the sender is unauthenticated.", Reason.AUTHENTICATION),
        ("This mail has been\tblocked -- because the SENDER is unauthenticated", Reason.AUTHENTICATION),
        ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred", Reason.RATE_LIMITED),
        ("554 5.7.1 [CS01] Message rejected due to local policy", Reason.POLICY),
        ("\u6536\u4ef6\u4eba\u90ae\u7bb1\u5df2\u6ee1", Reason.MAILBOX_FULL),
    ],
)
def test_case_punctuation_and_what_stands_between_do_not_matter(text: str, reason: Reason) -> None:
    found = refusals.find_refusal(text)
    assert found is not None
    assert found.reason is reason


def test_the_longer_phrase_decides() -> None:
    found = refusals.find_refusal("Sender address rejected: User unknown in virtual alias table; user unknown")
    assert found is not None
    assert found.reason is Reason.SENDER_REFUSED


def test_words_of_nobody_are_not_found() -> None:
    assert refusals.find_refusal("550 we had a lovely day at the sea") is None


def test_the_rules_over_words_are_whole() -> None:
    rules = text_rules()
    assert len({rule.id for rule in rules}) == len(rules)
    patterns = [pattern for rule in rules for pattern in rule.patterns]
    assert not any(pattern.search("") for pattern in patterns)
    assert [pattern.pattern for pattern in patterns if pattern.pattern != pattern.pattern.lower()] == []


def test_every_word_of_the_rules_is_used() -> None:
    content = tomllib.loads((FOLDER / refusals.WORD_RULES).read_text())
    rules = [*content["rule"], *content["last"]]
    text = "".join(pattern for rule in rules for pattern in rule["patterns"]) + "".join(content["words"].values())
    assert {rule["source"] for rule in rules} == set(content["sources"])
    assert [word for word in content["words"] if f"%{word}%" not in text] == []


def test_leaving_rules_out_by_their_letters_changes_no_answer() -> None:
    replies = [line.split("\t")[3] for line in Path(__file__).with_name("foreign_replies.tsv").read_text().splitlines()]
    for text in map(str.lower, replies):
        tried = next((rule for rule in text_rules() if any(one.search(text) for one in rule.patterns)), None)
        assert first_rule(text) == tried, text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Amazon SES has suppressed sending to this address: it bounced as an invalid address",
            Reason.RECIPIENT_REFUSED,
        ),
        ("550 5.7.1 Content-Policy reject msg: HTML subpart, therefore SPAM or Outlook Virus", Reason.CONTENT),
        ("451 4.3.0 Mail server temporarily rejected message. - gsmtp", Reason.SYSTEM),
        ("554 5.7.1 <b@x.example>: Recipient address rejected: BLOCK-SEND-ER.", Reason.RECIPIENT_REFUSED),
    ],
)
def test_a_firm_sentence_is_the_whole_reason(text: str, reason: Reason) -> None:
    assert with_reason(Finding(kind=FindingKind.BOUNCED), text).reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("553 5.7.2 [TSS09] All messages from 192.0.2.6 will be permanently deferred", Reason.REPUTATION),
        ("554-Transaction failed 554-Reject due to policy restrictions. 554 For explanation visit x", Reason.POLICY),
        ("550 This message was classified as rSPAM", Reason.SPAM),
        ("471 4.7.1 The limits for your account are exceeded. Please try again later.", Reason.RATE_LIMITED),
        ("550 Your message was rejected by this user and was not delivered", Reason.RECIPIENT_REFUSED),
        ("550 Blacklisted high risk file extension detected", Reason.CONTENT),
        ("450 4.7.5 no TLSA records found", Reason.NETWORK),
        ("451 out of allow RCPT numbers", Reason.RATE_LIMITED),
    ],
)
def test_kinds_of_words_that_a_set_of_2026_showed(text: str, reason: Reason) -> None:
    assert with_reason(Finding(kind=FindingKind.BOUNCED), text).reason is reason


def test_words_that_were_wrapped_behind_a_bare_code_are_the_servers() -> None:
    answer = "550-Verification failed for <a@host>\n550-Unrouteable address\n550 \nSender verify failed"
    assert with_reason(Finding(kind=FindingKind.BOUNCED), answer).reason is Reason.SENDER_REFUSED
