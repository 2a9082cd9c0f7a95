"""Complaint feedback loops by address header (RFC 9477): the report comes to the copy's own address and says its id."""

from postlude.compose.heads import cfbl_fields
from postlude.feedback import Evidence, FindingKind, parse
from postlude.feedback.addresses import compared_address
from postlude.inbound.policy import tagged_copy
from postlude.services.digest.attribution import tag_reader
from postlude.tokens import KeyRing, TokenCodec

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
REPORT = """From: reports@provider.test
To: {to}
Subject: Complaint
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: provider/1
Version: 1

--b
Content-Type: text/rfc822-headers

Subject: Our offer
{fields}
--b--
"""


def test_the_address_is_taken_and_the_report_is_matched_even_when_it_hides_the_recipient() -> None:
    fields = cfbl_fields(CODEC, 77, "bounce.sender.test").replace("\r\n", "\n")
    address = compared_address(fields.partition(":")[2].partition(";")[0])
    assert tagged_copy(CODEC, address) is not None
    raw = REPORT.format(to=address, fields=fields).encode()
    (found,) = parse(raw, tags=tag_reader(CODEC), rcpt_to=address)
    assert found.kind == FindingKind.COMPLAINED
    assert found.copy == 77
    assert found.evidence == Evidence.ENVELOPE_TAG
    assert found.conflict == ""


def test_sent_elsewhere_the_id_alone_matches_it() -> None:
    fields = cfbl_fields(CODEC, 77, "bounce.sender.test").partition("\r\n")[2]
    raw = REPORT.format(to="abuse@sender.test", fields=fields.replace("\r\n", "\n")).encode()
    (found,) = parse(raw, tags=tag_reader(CODEC))
    assert found.copy == 77
    assert found.evidence == Evidence.MESSAGE_ID_TAG
