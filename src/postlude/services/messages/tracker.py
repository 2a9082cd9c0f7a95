"""How a message is tracked: decided once, for the rows of state and for the copies that are sent."""

import logging
from typing import Final, NamedTuple

from postlude.instrument import CompiledMessage, LinkReport, Policy, switches_of
from postlude.kit.bounded import WeightedCache
from postlude.mail.ascii_header import with_ascii_header
from postlude.mail.header_block import HeaderBlock, without_fields
from postlude.model.domain_name import same_domain
from postlude.model.words import Tracked
from postlude.services.messages.compile_beside import compile_beside
from postlude.tokens import Kind, Prefixes, TokenCodec, Urls

_PLAN_BYTES: Final = 16_384  # three times what a small one takes: few are asked for twice, and not after minutes
_CACHE_BYTES: Final = 32 << 20  # a 50 kB newsletter for hundreds of recipients is compiled once
_HIDDEN: Final = frozenset({"bcc", "resent-bcc", "return-path"})
_OWN: Final = ("x-postlude-",)

_log = logging.getLogger(__name__)


class Plan(NamedTuple):
    """What is sent for one message."""

    compiled: CompiledMessage | None
    plain: bytes
    """The message as sent when it could not be compiled: own headers and Bcc removed. Empty otherwise."""
    links: tuple[LinkReport, ...]
    opens: bool
    untracked: str
    """Why tracking failed; empty when it did not, also where the policy wants none."""
    domain: str = ""
    """Domain of the From address."""
    unsubscribe: bool = False
    """List-Unsubscribe is wanted."""
    view: bool = False
    """A page for view in browser is wanted."""

    @property
    def tracked(self) -> int:
        """What can be seen of a copy of it."""
        clicks = Tracked.CLICKS if any(link.tracked for link in self.links) else Tracked.NOTHING
        return int((Tracked.OPENS if self.opens else Tracked.NOTHING) | clicks)

    def render(self, token: str) -> bytes:
        """The copy that carries `token`."""
        return self.plain if self.compiled is None else self.compiled.render(token)


class Tracker:
    """Compiles messages and caches the most recent. Thread-safe."""

    def __init__(self, codec: TokenCodec, base: str, prefixes: Prefixes | None = None) -> None:
        self._codec = codec
        self._base = base
        self._prefixes = prefixes
        self._plans: WeightedCache[tuple[int, Policy], Plan] = WeightedCache(_CACHE_BYTES)

    def urls(self, message: int) -> Urls:
        """The public URLs of one message."""
        return Urls(self._codec, self._base, Kind.MESSAGE, message, self._prefixes)

    def plan(self, message: int, raw: bytes, policy: Policy, head: HeaderBlock | None = None) -> Plan:
        """How `message` is sent; `head` is its header block, where the caller has read it.

        If instrumenting fails, it is sent untracked rather than not at all.
        """
        key = (message, policy)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._make(message, raw, policy, head or HeaderBlock(raw))
            self._plans.put(key, plan, len(raw) + _PLAN_BYTES)
        return plan

    def _make(self, message: int, written: bytes, policy: Policy, head: HeaderBlock) -> Plan:
        raw = with_ascii_header(written, head)
        if raw is not written:
            head = HeaderBlock(raw)
        domain = same_domain(next(iter(head.addresses("from")), "").rpartition("@")[2])
        wanted = switches_of(head.raw_fields).apply(policy) if policy.headers and head.complete else policy
        unsubscribe, view = wanted.unsubscribe, wanted.view
        try:
            shown = without_fields(raw, head, _HIDDEN)
            known = head.raw_fields if shown is raw else None
            compiled = compile_beside(shown, policy, self.urls(message), known)
        except Exception as error:  # noqa: BLE001 - untracked rather than unsent
            _log.exception("message %016x is sent untracked", message)
            why = f"{type(error).__name__}: {error}"
            plain = without_fields(raw, head, _HIDDEN, _OWN)
            return Plan(None, plain, (), opens=False, untracked=why, domain=domain, unsubscribe=unsubscribe, view=view)
        links, opens = compiled.links, compiled.opens
        return Plan(compiled, b"", links, opens=opens, untracked="", domain=domain, unsubscribe=unsubscribe, view=view)
