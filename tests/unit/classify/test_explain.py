from postlude.classify import VERDICT_WORDS, explained, how_sure
from postlude.model.words import Verdict


def test_every_verdict_has_words() -> None:
    assert set(VERDICT_WORDS) == {verdict.value for verdict in Verdict}


def test_how_sure_is_said_of_the_rule_that_decided() -> None:
    assert how_sure(("sweep", "browser")) == "very likely"
    assert how_sure(("method",)) == "certain"
    assert how_sure(()) == ""


def test_why_comes_with_what_was_counted() -> None:
    assert explained(("sweep", "browser"), "9 links in 0.4 s") == (
        "Many links were followed within seconds: 9 links in 0.4 s."
    )
    assert explained(("browser",)) == "It was a web browser."
    assert explained(("a rule to come",)) == "a rule to come"
