from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.compose import (
    Attachment,
    CampaignTemplate,
    CopyHeads,
    HeadOptions,
    TemplateError,
    compile_campaign,
    header,
)
from postlude.instrument import Policy
from postlude.mail.header_text import mailbox, one_line
from postlude.tokens import KeyRing, Kind, TagPurpose, TokenCodec, Urls
from support.present import present

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
URLS = Urls(CODEC, "https://t.example.org", Kind.CAMPAIGN, 77)
COPY = 0x1234_5678_9ABC_DEF0
TOKENS = URLS.tokens(COPY)
NOW = 1_780_000_000_123_456


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw + b"\r\n", policy=policy.default)


def boxes(raw: bytes) -> list[tuple[str, str]]:
    """As mail readers do it: addresses first, then encoded words, with nothing between two of them (RFC 2047 6.2).

    The modern parser of the standard library keeps blanks there.
    """
    written = message_from_bytes(raw + b"\r\n", policy=policy.compat32)["to"]
    return [(str(make_header(decode_header(name))), address) for name, address in getaddresses([written])]


@given(st.text(max_size=300))
def test_a_subject_is_read_as_it_was_written(text: str) -> None:
    raw = header.unstructured("Subject", text)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    wanted = " ".join(one_line(text.encode("utf-8", "replace").decode()).split())
    assert " ".join(str(read(raw)["subject"]).split()) == wanted
    assert len(read(raw)) == 1


@given(st.text(max_size=100))
def test_a_name_is_read_as_it_was_written_and_is_one_address(name: str) -> None:
    raw = header.addressed("To", (name, "ada@example.com"))
    ((shown, address),) = boxes(raw)
    assert address == "ada@example.com"
    assert " ".join(shown.split()) == " ".join(one_line(name.encode("utf-8", "replace").decode()).split())


@pytest.mark.parametrize(
    "name",
    ['Ada "Countess" Lovelace', "Doe, John", "O'Hara (Sales)", "=?utf-8?q?x?=", "a@b.example", "Zoë", "日本語" * 30],
)
def test_names_that_need_care(name: str) -> None:
    raw = header.addressed("To", (name, "ada@example.com"), ("Bob", "bob@example.com"))
    assert boxes(raw) == [(name, "ada@example.com"), ("Bob", "bob@example.com")]


@pytest.mark.parametrize("sender", ["", "nobody", "a@b\r\nBcc: c@d", "<>"])
def test_a_sender_that_is_none_is_refused_or_harmless(sender: str) -> None:
    try:
        compiled = compile_campaign(CampaignTemplate(sender=sender, subject="x", text="x"), Policy(), URLS)
    except TemplateError:
        return
    assert read(compiled.render(TOKENS, {}))["bcc"] is None


@pytest.mark.parametrize(
    "fields", [("Subject", "x"), ("X-A", "b\r\nBcc: c@d"), ("Bad Name", "x"), ("Content-Type", "text/x"), ("", "x")]
)
def test_fields_that_are_ours_or_none_are_refused(fields: tuple[str, str]) -> None:
    with pytest.raises(TemplateError):
        compile_campaign(
            CampaignTemplate(sender="a@example.org", subject="x", text="x", headers=(fields,)), Policy(), URLS
        )


def test_the_copy_is_in_every_header_for_its_purpose() -> None:
    options = HeadOptions(
        sender_domain="example.org",
        return_domain="back.example.org",
        list_id="news.example.org",
        feedback=("spring sale", "news:letter"),
        tagged_replies=True,
        cfbl=True,
    )
    heads = CopyHeads(CODEC, URLS, options)
    mail = read(heads.head(COPY, TOKENS.act, ("Zoë", "zoe@example.com"), NOW))

    def copy(purpose: TagPurpose, text: str) -> int | None:
        return CODEC.read_tag(purpose, text.partition("@")[0].rpartition("+")[2].strip("<"))

    assert mail["to"].addresses[0].display_name == "Zoë"
    assert parsedate_to_datetime(mail["date"]).timestamp() == NOW // 1_000_000
    assert copy(TagPurpose.MESSAGE_ID, mail["message-id"]) == COPY
    assert mail["message-id"].endswith("@example.org>")
    assert copy(TagPurpose.REPLY, mail["reply-to"]) == COPY
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    web, mailto = (each.strip().strip("<>") for each in mail["list-unsubscribe"].split(","))
    assert present(URLS.recognise(web)).ref.copy == COPY
    assert copy(TagPurpose.UNSUBSCRIBE, mailto.removeprefix("mailto:")) == COPY
    assert mail["list-id"] == "<news.example.org>"
    assert mail["feedback-id"] == "spring-sale:news-letter:example.org"
    assert copy(TagPurpose.BOUNCE, mail["cfbl-address"]) == COPY
    assert copy(TagPurpose.MESSAGE_ID, mail["cfbl-feedback-id"]) == COPY
    sender, envid = heads.envelope(COPY, "shop@example.org")
    assert copy(TagPurpose.BOUNCE, sender) == CODEC.read_tag(TagPurpose.BOUNCE, envid) == COPY
    assert heads.envelope(COPY, "")[0] == ""
    assert max(len(mail["reply-to"].partition("@")[0]), len(sender.partition("@")[0])) <= 64


def test_nothing_is_promised_that_cannot_come_back() -> None:
    heads = CopyHeads(CODEC, URLS, HeadOptions(sender_domain="example.org", cfbl=True))
    mail = read(heads.head(COPY, TOKENS.act, ("", "zoe@example.com"), NOW))
    assert "mailto" not in mail["list-unsubscribe"]
    assert mail["cfbl-address"] is None
    assert heads.envelope(COPY, "shop@example.org")[0] == "shop@example.org"
    with pytest.raises(TemplateError, match="return domain"):
        CopyHeads(CODEC, URLS, HeadOptions(sender_domain="example.org", tagged_replies=True))


@pytest.mark.parametrize("domain", ["example.com", "notexample.org", "org"])
def test_a_report_address_of_others_is_not_named(domain: str) -> None:
    options = HeadOptions(sender_domain="example.org", return_domain=domain, cfbl=True)
    assert (
        read(CopyHeads(CODEC, URLS, options).head(COPY, TOKENS.act, ("", "z@example.com"), NOW))["cfbl-address"] is None
    )


@pytest.mark.parametrize(
    "name",
    ["ä.pdf", "a b.pdf", 'quo"te.pdf', "x" * 200 + ".pdf", "日本語" * 40 + ".pdf", "../../etc/passwd", "a\r\nb.pdf"],
)
def test_file_names_are_read_as_they_were(name: str) -> None:
    attachment = Attachment(filename=name, content=b"x")
    given = CampaignTemplate(sender="a@example.org", subject="x", text="x", attachments=(attachment,))
    mail = message_from_bytes(compile_campaign(given, Policy(), URLS).render(TOKENS, {}), policy=policy.default)
    (found,) = mail.iter_attachments()
    assert found.get_filename() == one_line(name).replace("/", "_")


def test_getaddresses_is_not_fooled() -> None:
    assert getaddresses([mailbox('a" <x@y>, "', "ada@example.com")]) == [('a" <x@y>, "', "ada@example.com")]
