"""What a login has submitted, and whether it may submit more."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from postlude.adapters.smtp_client.rate_limits import Budget, RateLimits, SendSlot
from postlude.kit.clock import Clock, to_datetime
from postlude.model.quota import Quota
from postlude.relay.config import Login, QuotaUsed

_USERS: Final = 10_000


@dataclass
class _Account:
    messages: Budget
    recipients: Budget


class Quotas:
    """Counts by user, over hours and days that slide. One for all ports of a relay."""

    def __init__(self, quota: Quota, clock: Clock, used: QuotaUsed | None = None) -> None:
        self._quota = quota
        self._clock = clock
        self._used = used
        self._accounts: OrderedDict[int, _Account] = OrderedDict()
        self._loading = asyncio.Lock()

    async def refusal(self, login: Login, recipients: int) -> str | None:
        """The reply to one more message with so many recipients, None when it is within the login's limits."""
        quota = self._quota.changed(login.limits)
        if quota == Quota():
            return None
        account = await self._account(login, quota)
        now = self._clock.now()
        slot = max(account.messages.next(now), account.recipients.next(now, recipients))
        return None if slot.at <= now else _reply(slot, now)

    def count(self, login: Login, recipients: int) -> None:
        """A message was accepted."""
        account = self._accounts.get(login.user)
        if account is not None:
            now = self._clock.now()
            account.messages.take(now)
            account.recipients.take(now, recipients)

    async def _account(self, login: Login, quota: Quota) -> _Account:
        messages = RateLimits(per_hour=quota.messages_per_hour, per_day=quota.messages_per_day)
        recipients = RateLimits(per_hour=quota.recipients_per_hour, per_day=quota.recipients_per_day)
        async with self._loading:
            account = self._accounts.get(login.user)
            if account is None:
                account = _Account(
                    Budget("this login", messages, "messages"), Budget("this login", recipients, "recipients")
                )
                for at, number in await self._used(login.user) if self._used else ():
                    account.messages.take(at)
                    account.recipients.take(at, number)
                self._accounts[login.user] = account
                while len(self._accounts) > _USERS:
                    self._accounts.popitem(last=False)
        account.messages.limits, account.recipients.limits = messages, recipients
        return account


def _reply(slot: SendSlot, now: int) -> str:
    at = to_datetime(slot.at)
    when = f"{at:%H:%M}" if at.date() == to_datetime(now).date() else f"{at:%Y-%m-%d %H:%M}"
    return f"450 4.7.1 Quota: {slot.why}; try again after {when} UTC, or ask for a higher limit"
