"""Compose a claimed copy of a campaign as it is sent; or give the outcome that is known without sending it."""

from typing import Final, NamedTuple

from postlude.compose import CompiledCampaign, CopyHeads, HeadOptions, MissingFieldError, TemplateError
from postlude.kit.clock import Clock
from postlude.kit.ids import id_text
from postlude.model.answer import Answer
from postlude.model.not_mailed import told
from postlude.model.words import SendOutcome
from postlude.services.campaigns import bounded_compose
from postlude.services.campaigns.bounded_compose import CostlyError
from postlude.services.campaigns.content import Contents, fields_of
from postlude.services.campaigns.sender import campaign_sender
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
        self,
        contents: Contents,
        codec: TokenCodec,
        clock: Clock,
        return_domain: str,
        signer_of: SignerOf,
        *,
        track_unknown: bool = True,
    ) -> None:
        """`track_unknown`: whether opens and clicks are recorded without consent."""
        self._contents: Final = contents
        self._codec: Final = codec
        self._clock: Final = clock
        self._return_domain: Final = return_domain
        self._signer_of: Final = signer_of
        self._track_unknown: Final = track_unknown
        self._sending: Final[dict[int, _Sending]] = {}

    def is_costly(self, campaign: Campaign, claim: CampaignClaim) -> bool:
        """Whether `compose` may take so long that a thread has to do it. TemplateError as there."""
        return claim.fields is not None and not self._compiled(campaign, claim).cheap

    def compose(self, campaign: Campaign, claim: CampaignClaim) -> Outgoing | Answer:
        """The copy, or why there is none. TemplateError when the campaign as a whole cannot be sent as it is.

        Logic whose cost is not known beforehand runs in a process with limits of time and memory.
        """
        if claim.suppressed is not None:
            return Answer(SendOutcome.SUPPRESSED, text=told(claim.suppressed), phase="suppressed")
        if claim.fields is None:
            return Answer(SendOutcome.SUPPRESSED, text="the contact was erased", phase="suppressed")
        compiled = self._compiled(campaign, claim)
        sending = self._sending.get(claim.message) or self._prepare(campaign, claim.message)
        now, tokens, name = self._clock.now(), sending.urls.tokens(claim.copy), claim.name or ""
        fields = fields_of(campaign, claim.address, name, claim.fields)
        head = sending.heads.head(claim.copy, tokens.act, (name, claim.recipient), now)
        try:
            decided = None if compiled.cheap else bounded_compose.decide_template(compiled.recipe, fields)
            signer = self._signer_of(sending.domain)
            if signer is None:
                data = compiled.render(tokens, fields, head, decided)
            else:
                data = compiled.render_signed(tokens, fields, head, signer, now, decided)
        except CostlyError:
            raise  # every other copy would cost as much
        except (MissingFieldError, TemplateError) as error:
            return Answer(SendOutcome.REJECTED, text=str(error), phase="compose")
        mail_from, envid = sending.heads.envelope(claim.copy, sending.sender)
        return Outgoing(mail_from, claim.recipient, data, envid, sending.sender, tracked=compiled.tracked)

    def _compiled(self, campaign: Campaign, claim: CampaignClaim) -> CompiledCampaign:
        if self._track_unknown:
            opens, clicks = not claim.opens_withdrawn, not claim.clicks_withdrawn
        else:
            opens, clicks = bool(claim.opens_agreed), bool(claim.clicks_agreed)
        return self._contents.compiled(campaign, claim.message, opens=opens, clicks=clicks)

    def _prepare(self, campaign: Campaign, message: int) -> _Sending:
        sender = campaign_sender(campaign)
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
