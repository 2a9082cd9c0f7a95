"""Campaigns: made, changed while they are drafts, and moved from one status to the next."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from postlude.model.errors import InputError, NotFoundError, QuotaError
from postlude.model.words import CampaignStatus
from postlude.store.base import TopicQueries, as_struct, chunks, storable
from postlude.store.campaigns.rows import Campaign, CampaignFile, Variant
from postlude.store.campaigns.tables import campaign_files, campaign_variants, campaigns
from postlude.store.messages.columns import link_row, message_row
from postlude.store.messages.content import note_content
from postlude.store.messages.rows import Submission
from postlude.store.messages.tables import links, message_content, message_topics, messages

_MICROS = 1_000_000
_NOT_SENT = [CampaignStatus.DRAFT.value, CampaignStatus.CANCELLED.value]
_FILE = [column for column in campaign_files.c if column.name != "content"]


class CampaignQueries(TopicQueries):
    """Rows of campaigns, their variants and files."""

    def add(self, campaign: Campaign, variants: Iterable[Variant]) -> None:
        """Store a new one."""
        with self._database.write() as connection:
            connection.execute(insert(campaigns), _row(campaign))
            connection.execute(insert(campaign_variants), [_variant_row(one) for one in variants])

    def get(self, campaign: int) -> Campaign:
        """One campaign; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(campaigns).where(campaigns.c.id == campaign)).first()
        if row is None:
            raise NotFoundError(f"no campaign has the id {campaign:016x}")
        return as_struct(Campaign, row)

    def latest(self, statuses: Collection[CampaignStatus] = (), limit: int = 200) -> list[Campaign]:
        """The newest first; only those in one of `statuses` when some are given."""
        query = select(campaigns).order_by(campaigns.c.created_at.desc(), campaigns.c.id).limit(limit)
        if statuses:
            query = query.where(campaigns.c.status.in_([status.value for status in statuses]))
        with self._database.read() as connection:
            return [as_struct(Campaign, row) for row in connection.execute(query)]

    def of_user(self, user: int, statuses: Collection[CampaignStatus] = (), limit: int = 200) -> list[Campaign]:
        """A user's, the newest first; only those in one of `statuses` when some are given."""
        newest = func.coalesce(campaigns.c.started_at, campaigns.c.created_at)
        query = select(campaigns).where(campaigns.c.user == user).order_by(newest.desc(), campaigns.c.id).limit(limit)
        if statuses:
            query = query.where(campaigns.c.status.in_([status.value for status in statuses]))
        with self._database.read() as connection:
            return [as_struct(Campaign, row) for row in connection.execute(query)]

    def change(self, campaign: Campaign, variants: Iterable[Variant]) -> None:
        """Replace a draft and its variants; InputError when it is none any more."""
        row = _row(campaign)
        del row["id"], row["status"]
        with self._database.write() as connection:
            draft = campaigns.c.id == campaign.id, campaigns.c.status == CampaignStatus.DRAFT.value
            if not connection.execute(update(campaigns).where(*draft).values(row)).rowcount:
                raise InputError("only a draft can be changed; copy the campaign to send something else")
            connection.execute(delete(campaign_variants).where(campaign_variants.c.campaign == campaign.id))
            connection.execute(insert(campaign_variants), [_variant_row(one) for one in variants])

    def delete(self, campaign: int) -> None:
        """Delete a draft; InputError when it is no longer a draft: a sent campaign keeps its report."""
        with self._database.write() as connection:
            draft = campaigns.c.id == campaign, campaigns.c.status == CampaignStatus.DRAFT.value
            if not connection.execute(delete(campaigns).where(*draft)).rowcount:
                raise InputError("only a draft can be deleted; cancel a campaign that is under way")
            for table in (campaign_variants, campaign_files):
                connection.execute(delete(table).where(table.c.campaign == campaign))

    def move(
        self,
        campaign: int,
        before: Collection[CampaignStatus],
        after: CampaignStatus,
        **values: Any,  # noqa: ANN401 - columns
    ) -> bool:
        """Give it the status `after`, and `values`, if it has one of `before`; False when it has another."""
        words = [status.value for status in before]
        change = update(campaigns).where(campaigns.c.id == campaign, campaigns.c.status.in_(words))
        with self._database.write() as connection:
            return bool(connection.execute(change.values(status=after.value, **values)).rowcount)

    def fix(
        self,
        campaign: int,
        sent: Sequence[Submission],
        scheduled_at: int,
        expected: int,
        most: Mapping[int, int] | None = None,
    ) -> bool:
        """Turn a draft into a scheduled campaign with the messages it sends, yet without copies; False for no draft.

        `most` recipients within so many seconds (0: no limit) may the user's campaigns have, this one among them:
        QuotaError when they are more, also of several that are scheduled at the same moment.
        """
        change = update(campaigns).where(campaigns.c.id == campaign, campaigns.c.status == CampaignStatus.DRAFT.value)
        values = {"scheduled_at": scheduled_at, "expected": expected, "problem": ""}
        with self._database.write() as connection:
            if not connection.execute(change.values(status=CampaignStatus.SCHEDULED.value, **values)).rowcount:
                return False
            for seconds, limit in (most or {}).items():
                _check_room(connection, campaign, scheduled_at, seconds, limit)
            for one in sent:
                connection.execute(self._insert(messages).on_conflict_do_nothing(), [message_row(one.message)])
                rows = [link_row(link) for link in one.links]
                if rows:
                    connection.execute(self._insert(links).on_conflict_do_nothing(), rows)
            note_content(connection, sent)
        return True

    def unschedule(self, campaign: int, problem: str = "") -> bool:
        """A draft again, with the reason when it was not asked for; False when it is not only scheduled."""
        change = update(campaigns).where(
            campaigns.c.id == campaign, campaigns.c.status == CampaignStatus.SCHEDULED.value
        )
        values = {"scheduled_at": None, "problem": problem}
        with self._database.write() as connection:
            if not connection.execute(change.values(status=CampaignStatus.DRAFT.value, **values)).rowcount:
                return False
            ours = select(campaign_variants.c.message).where(campaign_variants.c.campaign == campaign)
            for table in (links, message_content, message_topics):
                connection.execute(delete(table).where(table.c.message.in_(ours)))
            connection.execute(delete(messages).where(messages.c.id.in_(ours)))
        return True

    def variants(self, campaign: int) -> list[Variant]:
        """A campaign's variants, by name."""
        query = select(campaign_variants).where(campaign_variants.c.campaign == campaign)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(campaign_variants.c.name))
            return [as_struct(Variant, row) for row in rows]

    def message_ids(self, campaign: int) -> list[int]:
        """The messages of a campaign: one for each variant."""
        return [variant.message for variant in self.variants(campaign)]

    def finished_before(self, user: int, at: int, limit: int) -> dict[int, list[int]]:
        """The messages of a user's newest campaigns that were sent and begun before `at`, by campaign."""
        mine = campaigns.c.user == user, campaigns.c.status == CampaignStatus.SENT.value, campaigns.c.started_at < at
        newest = select(campaigns.c.id).where(*mine).order_by(campaigns.c.started_at.desc()).limit(limit)
        with self._database.read() as connection:
            ids = [row[0] for row in connection.execute(newest)]
        return self.messages_of(ids)

    def messages_of(self, wanted: Iterable[int]) -> dict[int, list[int]]:
        """The messages of these campaigns' variants, by campaign."""
        query = select(campaign_variants.c.campaign, campaign_variants.c.message).order_by(campaign_variants.c.name)
        found: dict[int, list[int]] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                for campaign, message in connection.execute(query.where(campaign_variants.c.campaign.in_(some))):
                    found.setdefault(campaign, []).append(message)
        return found

    def names_of(self, messages: Iterable[int]) -> dict[int, str]:
        """The names of the campaigns that these messages are variants of, by message."""
        query = select(campaign_variants.c.message, campaigns.c.name).join_from(
            campaign_variants, campaigns, campaigns.c.id == campaign_variants.c.campaign
        )
        found: dict[int, str] = {}
        with self._database.read() as connection:
            for some in chunks(messages):
                rows = connection.execute(query.where(campaign_variants.c.message.in_(some)))
                found.update((row.message, row.name) for row in rows)
        return found

    def of_messages(self, messages: Iterable[int]) -> dict[int, int]:
        """The campaigns that these messages are variants of, by message."""
        query = select(campaign_variants.c.message, campaign_variants.c.campaign)
        found: dict[int, int] = {}
        with self._database.read() as connection:
            for some in chunks(messages):
                rows = connection.execute(query.where(campaign_variants.c.message.in_(some)))
                found.update((row.message, row.campaign) for row in rows)
        return found

    def campaigns_of(self, messages: Iterable[int]) -> dict[int, Campaign]:
        """As `of_messages`, with the campaigns themselves."""
        query = select(campaign_variants.c.message, campaigns).join_from(
            campaign_variants, campaigns, campaigns.c.id == campaign_variants.c.campaign
        )
        with self._database.read() as connection:
            return {
                row.message: as_struct(Campaign, row)
                for some in chunks(messages)
                for row in connection.execute(query.where(campaign_variants.c.message.in_(some)))
            }

    def of_message(self, message: int) -> int | None:
        """The campaign a message is a variant of."""
        query = select(campaign_variants.c.campaign).where(campaign_variants.c.message == message)
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def add_file(self, file: CampaignFile, content: bytes | None) -> None:
        """Store a file; `content` of an embedded one."""
        with self._database.write() as connection:
            connection.execute(insert(campaign_files), msgspec.structs.asdict(file) | {"content": content})

    def files(self, campaign: int) -> list[CampaignFile]:
        """The campaign's files, by name."""
        query = select(*_FILE).where(campaign_files.c.campaign == campaign)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(campaign_files.c.name, campaign_files.c.id))
            return [as_struct(CampaignFile, row) for row in rows]

    def file_content(self, file: int) -> bytes:
        """Content of an embedded file; NotFoundError when there is none."""
        with self._database.read() as connection:
            found = connection.execute(select(campaign_files.c.content).where(campaign_files.c.id == file)).scalar()
        if found is None:
            raise NotFoundError(f"there is no file with the id {file:016x}")
        return bytes(found)

    def resize_file(self, file: int, size: int) -> None:
        """Note the size of a hosted file whose content changed."""
        with self._database.write() as connection:
            connection.execute(update(campaign_files).where(campaign_files.c.id == file).values(size=size))

    def remove_file(self, file: int) -> None:
        """Delete a file."""
        with self._database.write() as connection:
            connection.execute(delete(campaign_files).where(campaign_files.c.id == file))


def _check_room(connection: Connection, campaign: int, at: int, seconds: int, limit: int) -> None:
    """QuotaError when the user's campaigns around `at` have more than `limit` recipients (0: no limit)."""
    if not limit:
        return
    owner = select(campaigns.c.user).where(campaigns.c.id == campaign).scalar_subquery()
    around = campaigns.c.scheduled_at.between(at - seconds * _MICROS + 1, at + seconds * _MICROS - 1)
    all_of_them = select(func.sum(campaigns.c.expected)).where(
        campaigns.c.user == owner, around, campaigns.c.status.not_in(_NOT_SENT)
    )
    recipients = connection.execute(all_of_them).scalar() or 0
    if recipients > limit:
        raise QuotaError(
            f"with this campaign your campaigns would have {recipients:,} recipients within {seconds // 3600} h, and "
            f"your login may have {limit:,}: choose fewer, another time, or ask for a higher limit "
            "(postlude user limits)"
        )


def _row(campaign: Campaign) -> dict[str, Any]:
    row = msgspec.structs.asdict(campaign) | {"status": campaign.status.value}
    row["audience"], row["options"] = msgspec.to_builtins(campaign.audience), msgspec.to_builtins(campaign.options)
    return row | {name: storable(row[name]) for name in ("name", "problem", "sender", "reply_to")}


def _variant_row(variant: Variant) -> dict[str, Any]:
    row = msgspec.structs.asdict(variant)
    return row | {name: storable(row[name]) for name in ("name", "subject", "preheader", "html", "mjml", "text")}
