"""The state: messages, copies, users, settings and the projections, in SQLite or PostgreSQL."""

from typing import Final

from sqlalchemy.exc import DatabaseError

from postlude.model.errors import PostludeError
from postlude.store.accounts.api_keys import ApiKeyQueries
from postlude.store.accounts.audit_log import AuditQueries
from postlude.store.accounts.credentials import CredentialQueries
from postlude.store.accounts.guesses import GuessQueries
from postlude.store.accounts.identities import IdentityQueries
from postlude.store.accounts.passkeys import PasskeyQueries
from postlude.store.accounts.queries import AccountQueries
from postlude.store.accounts.rows import ApiKey, AppPassword, User
from postlude.store.accounts.web_sessions import WebSessionQueries
from postlude.store.campaigns.breakdown import Breakdowns
from postlude.store.campaigns.open_evidence import OpenEvidence
from postlude.store.campaigns.queries import CampaignQueries
from postlude.store.campaigns.report import CampaignReports
from postlude.store.campaigns.sending import CampaignSending
from postlude.store.contacts.audience import Audiences
from postlude.store.contacts.bulk_import import BulkImport
from postlude.store.contacts.consent import Consents
from postlude.store.contacts.engagement import EngagementQueries
from postlude.store.contacts.lists import Lists
from postlude.store.contacts.may_leave import MayLeave
from postlude.store.contacts.queries import ContactQueries
from postlude.store.contacts.rows import Confirmation, CopySuppression, Suppression
from postlude.store.contacts.suppressions import SuppressionQueries
from postlude.store.contacts.tags import Tags
from postlude.store.digest.apply_batch import DigestQueries
from postlude.store.digest.feed import FeedEntry, FeedQueries
from postlude.store.digest.notices import Notice, NoticeQueries
from postlude.store.digest.rows import Batch, CopyTimes, Corrections, CountedStatement, HitCount, Rebuilt
from postlude.store.engine import SQLITE_FILES, Database, engine_of, refused_files, sqlite_file, translated
from postlude.store.feedback.queries import FeedbackQueries
from postlude.store.feedback.rows import QuarantinedRecord, Resolution, Unmatched
from postlude.store.integrity.emptying import Emptying
from postlude.store.integrity.future_times import FutureTimes
from postlude.store.integrity.queries import IntegrityQueries
from postlude.store.integrity.rows import Incident, PausedMail
from postlude.store.jobs.queries import JobQueries
from postlude.store.journals.sending_pause import SendingPause
from postlude.store.messages.claims import Claims
from postlude.store.messages.content import ContentQueries
from postlude.store.messages.copy_states import CopyStates
from postlude.store.messages.idempotency import IdempotencyQueries
from postlude.store.messages.queries import MessageQueries
from postlude.store.messages.rows import (
    Activity,
    Alias,
    AttemptResult,
    Claim,
    Copy,
    Link,
    LinkActivity,
    Message,
    MessageContent,
    MessageTotals,
    Reservation,
    Submission,
)
from postlude.store.messages.server_usage import ServerUsage
from postlude.store.messages.workers import Workers
from postlude.store.migrate import HEAD, current, migrate
from postlude.store.privacy.forgotten import KEY_OPTION, ForgetQueries, KeySource
from postlude.store.privacy.queries import PrivacyQueries
from postlude.store.privacy.rows import DataRequest, LinkChange, OpenRequest, PreferenceChoice, Revocations, Withdrawal
from postlude.store.segments.queries import SegmentQueries
from postlude.store.settings import SettingQueries


class Accounts(
    AccountQueries, CredentialQueries, WebSessionQueries, AuditQueries, IdentityQueries, PasskeyQueries, GuessQueries
):
    """Users, what they sign in with, their sessions, and what was done."""


class Sending(Claims, Workers, ServerUsage):
    """Copies claimed by the processes that send, and what servers were given."""


class Contacts(ContactQueries, Tags, Consents, Audiences, BulkImport, MayLeave):
    """Contacts, their tags and consent; audiences; imports; whether a message may leave for an address."""


class Campaigns(CampaignQueries, CampaignSending, CampaignReports, OpenEvidence):
    """Campaigns, their variants, files and copies, and what was counted of them."""


class Store:
    """The whole state behind one object, one attribute per topic.

    Safe to share between threads; several processes may open the same.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.accounts: Final = Accounts(database)
        self.api_keys: Final = ApiKeyQueries(database)
        self.settings: Final = SettingQueries(database)
        self.messages: Final = MessageQueries(database)
        self.idempotency: Final = IdempotencyQueries(database)
        self.sending: Final = Sending(database)
        self.contacts: Final = Contacts(database)
        self.lists: Final = Lists(database)
        self.suppressions: Final = SuppressionQueries(database)
        self.segments: Final = SegmentQueries(database)
        self.engagement: Final = EngagementQueries(database)
        self.campaigns: Final = Campaigns(database)
        self.breakdowns: Final = Breakdowns(database)
        self.content: Final = ContentQueries(database)
        self.digest: Final = DigestQueries(database)
        self.copy_states: Final = CopyStates(database)
        self.feed: Final = FeedQueries(database)
        self.notices: Final = NoticeQueries(database)
        self.feedback: Final = FeedbackQueries(database)
        self.privacy: Final = PrivacyQueries(database)
        self.forgetting: Final = ForgetQueries(database)
        self.jobs: Final = JobQueries(database)
        self.integrity: Final = IntegrityQueries(database)
        self.future_times: Final = FutureTimes(database)
        self.emptying: Final = Emptying(database)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()


def is_behind(url: str) -> bool:
    """Whether opening it would migrate it; False also when it cannot be looked at, which `open_store` will name."""
    database = Database(engine_of(url))
    try:
        with translated(database.engine):
            return current(database) != HEAD
    except PostludeError:
        return False
    finally:
        database.close()


def damage_of(url: str) -> list[str]:
    """What SQLite finds wrong with a state that cannot be opened as it is; [] for PostgreSQL."""
    database = Database(engine_of(url))
    try:
        return IntegrityQueries(database).damage() if database.sqlite else []
    except PostludeError as error:
        return [str(error)]
    except DatabaseError as error:
        return [str(error.orig)]
    finally:
        database.close()


def open_store(url: str, forgotten_key: KeySource | None = None) -> Store:
    """Open `sqlite:////absolute/path` or `postgresql://...`, and migrate its tables to this version.

    `forgotten_key` returns the key for the hashes of forgotten addresses.

    Raises SettingError for another kind of URL, StorageError when it cannot be opened or written, InUseError when
    another process has it locked.
    """
    database = Database(engine_of(url, **{KEY_OPTION: forgotten_key}))
    try:
        with translated(database.engine):
            migrate(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


__all__ = [
    "SQLITE_FILES",
    "Activity",
    "Alias",
    "ApiKey",
    "AppPassword",
    "AttemptResult",
    "Batch",
    "Claim",
    "Confirmation",
    "Copy",
    "CopySuppression",
    "CopyTimes",
    "Corrections",
    "CountedStatement",
    "DataRequest",
    "FeedEntry",
    "HitCount",
    "Incident",
    "Link",
    "LinkActivity",
    "LinkChange",
    "Message",
    "MessageContent",
    "MessageTotals",
    "Notice",
    "OpenRequest",
    "PausedMail",
    "PreferenceChoice",
    "QuarantinedRecord",
    "Rebuilt",
    "Reservation",
    "Resolution",
    "Revocations",
    "SendingPause",
    "Store",
    "Submission",
    "Suppression",
    "Unmatched",
    "User",
    "Withdrawal",
    "damage_of",
    "is_behind",
    "open_store",
    "refused_files",
    "sqlite_file",
]
