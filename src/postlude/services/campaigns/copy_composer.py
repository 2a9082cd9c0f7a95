"""Compose a claimed copy of a campaign as it is sent; or give the outcome that is known without sending it."""

from typing import Final, NamedTuple

from postlude.compose import CopyHeads, HeadOptions, MissingFieldError, TemplateError
from postlude.kit.clock import Clock
from postlude.kit.ids import id_text
from postlude.model.answer import Answer
from postlude.model.not_mailed import told
from postlude.model.words import SendOutcome
from postlude.services.campaigns.content import Contents, fields_of
from postlude.services.campaigns.sender import sender_of
from postlude.services.ports import Outgoing, SignerOf
from postlude.store.campaigns.rows import Campaign, CampaignClaim
from postlude.tokens import TokenCodec, Urls


class _Sending(NamedTuple):
    """What one variant's copies share beside the template."""

    sender: str
    domain: str
    urls: Urls
    heads: CopyHeads


class CopyComposer:
    """Composes copies of campaigns. All of this runs once per copy: a million times."""

    def __init__(
        self, contents: Contents, codec: TokenCodec, clock: Clock, return_domain: str, signer_of: SignerOf
    ) -> None:
        self._contents: Final = contents
        self._codec: Final = codec
        self._clock: Final = clock
        self._return_domain: Final = return_domain
        self._signer_of: Final = signer_of
        self._sending: Final[dict[int, _Sending]] = {}

    def compose(self, campaign: Campaign, claim: CampaignClaim) -> Outgoing | Answer:
        """The copy, or the reason why there is none. TemplateError when the whole campaign cannot be compiled."""
        if claim.suppressed is not None:
            return Answer(SendOutcome.SUPPRESSED, text=told(claim.suppressed), phase="suppressed")
        if claim.fields is None:
            return Answer(SendOutcome.SUPPRESSED, text="the contact was erased", phase="suppressed")
        compiled = self._contents.compiled(
            campaign,
            claim.message,
            opens=not claim.opens_withdrawn,
            clicks=not claim.clicks_withdrawn,
        )
        sending = self._sending.get(claim.message) or self._prepare(campaign, claim.message)
        now, tokens, name = self._clock.now(), sending.urls.tokens(claim.copy), claim.name or ""
        fields = fields_of(campaign, claim.address, name, claim.fields)
        head = sending.heads.head(claim.copy, tokens.act, (name, claim.recipient), now)
        try:
            signer = self._signer_of(sending.domain)
            if signer is None:
                data = compiled.render(tokens, fields, head)
            else:
                data = compiled.render_signed(tokens, fields, head, signer, now)
        except (MissingFieldError, TemplateError) as error:
            return Answer(SendOutcome.REJECTED, text=str(error), phase="compose")
        mail_from, envid = sending.heads.envelope(claim.copy, sending.sender)
        return Outgoing(mail_from, claim.recipient, data, envid, sending.sender)

    def _prepare(self, campaign: Campaign, message: int) -> _Sending:
        sender = sender_of(campaign)
        domain = sender.rpartition("@")[2]
        urls = self._contents.urls(message)
        options = HeadOptions(
            sender_domain=domain,
            return_domain=self._return_domain,
            feedback=(id_text(campaign.id),),
            cfbl=self._signer_of(domain) is not None,
        )
        made = self._sending[message] = _Sending(sender, domain, urls, CopyHeads(self._codec, urls, options))
        return made
