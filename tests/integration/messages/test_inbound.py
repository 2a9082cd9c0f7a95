"""Real clients at the inbound server."""

import asyncio
import smtplib

import pytest

from postlude.model.observation import Returned
from postlude.tokens import KeyRing, TagPurpose, TokenCodec
from servers.smtp_process import Folder, Starter

BOUNCE = b"From: MAILER-DAEMON@example.com\r\nSubject: Undelivered\r\n\r\nno such user\r\n"


async def deliver(
    port: int, to: list[str], *, lmtp: bool = False, raw: bytes = BOUNCE, mail_from: str = ""
) -> dict[str, tuple[int, bytes]]:
    def run() -> dict[str, tuple[int, bytes]]:
        kind = smtplib.LMTP if lmtp else smtplib.SMTP
        client = kind("127.0.0.1", port)
        try:
            return client.sendmail(mail_from, to, raw)
        finally:
            client.quit()

    return await asyncio.to_thread(run)


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("bounce", TagPurpose.BOUNCE),
        ("r", TagPurpose.REPLY),
        ("u", TagPurpose.UNSUBSCRIBE),
        ("BOUNCE", TagPurpose.BOUNCE),
    ],
)
async def test_a_tag_of_ours_is_accepted(folder: Folder, inbound: Starter, name: str, purpose: TagPurpose) -> None:
    to = f"{name}+{folder.codec.mint_tag(purpose, 5)}@bounces.example.org"
    async with inbound() as port:
        assert await deliver(port, [to]) == {}
    (seen,) = folder.observations()
    assert isinstance(seen, Returned)
    assert seen.channel == "smtp"
    assert seen.mail_from == ""
    assert seen.rcpt_to == to
    assert folder.spool.get(seen.mail) == BOUNCE


async def test_forged_and_foreign_tags_are_refused(folder: Folder, inbound: Starter) -> None:
    foreign = TokenCodec(KeyRing({1: b"x" * 32}, 1)).mint_tag(TagPurpose.BOUNCE, 5)
    wrong = folder.codec.mint_tag(TagPurpose.REPLY, 5)
    to = [f"bounce+{foreign}@b.test", f"bounce+{wrong}@b.test", "bounce@b.test", "bounce+@b.test", "root@b.test"]
    async with inbound() as port:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            await deliver(port, to)
    assert {code for code, _ in caught.value.recipients.values()} == {550}
    assert folder.observations() == []


async def test_allowed_addresses_need_no_tag(folder: Folder, inbound: Starter) -> None:
    async with inbound(allowed=lambda address: address == "alice@example.org") as port:
        refused = await deliver(port, ["alice@example.org", "eve@example.org"])
    assert list(refused) == ["eve@example.org"]
    assert [seen.rcpt_to for seen in folder.observations()] == ["alice@example.org"]


async def test_lmtp_answers_for_each_recipient(folder: Folder, inbound: Starter) -> None:
    to = [f"r+{folder.codec.mint_tag(TagPurpose.REPLY, copy)}@b.test" for copy in (1, 2)]
    async with inbound(lmtp=True) as port:
        assert await deliver(port, to, lmtp=True) == {}
    seen = folder.observations()
    assert sorted(one.rcpt_to for one in seen) == sorted(to)
    assert len({one.mail for one in seen}) == 1


async def test_a_mail_that_goes_in_circles_is_refused(folder: Folder, inbound: Starter) -> None:
    to = f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, 5)}@b.test"
    async with inbound() as port:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            await deliver(port, [to], raw=b"Received: by x\r\n" * 101 + BOUNCE)
    assert caught.value.smtp_code == 554
    assert folder.observations() == []


async def test_a_mail_too_large_is_refused(folder: Folder, inbound: Starter) -> None:
    to = f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, 5)}@b.test"
    async with inbound(max_message_bytes=10_000) as port:
        with pytest.raises(smtplib.SMTPResponseException) as caught:
            await deliver(port, [to], raw=BOUNCE + b"x" * 20_000)
    assert caught.value.smtp_code == 552


async def test_for_one_copy_only_so_much_comes_a_day(
    folder: Folder, inbound: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postlude.inbound.allowance.MAILS", 3)
    monkeypatch.setattr("postlude.inbound.allowance.BYTES", 2_000_000)
    first, second = (f"r+{folder.codec.mint_tag(TagPurpose.REPLY, copy)}@b.test" for copy in (5, 6))
    large = BOUNCE + b"x" * 990 + b"\r\n"
    async with inbound() as port:
        for _ in range(3):
            assert await deliver(port, [first]) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused) as spent:
            await deliver(port, [first])
        assert [code for code, _ in spent.value.recipients.values()] == [452]
        assert await deliver(port, [second], raw=large * 1_500) == {}
        with pytest.raises(smtplib.SMTPDataError) as too_much:
            await deliver(port, [second], raw=large * 1_500)
        assert too_much.value.smtp_code == 452
        assert await deliver(port, [second]) == {}
    assert len(folder.observations()) == 5
