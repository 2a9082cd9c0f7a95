"""The state: messages, copies, users, settings and the projections, in SQLite or PostgreSQL."""

from postlude.model.errors import PostludeError
from postlude.store.accounts.queries import People
from postlude.store.accounts.rows import AppPassword, User
from postlude.store.campaigns.queries import Campaigns
from postlude.store.campaigns.report import CampaignReports
from postlude.store.campaigns.sending import CampaignSending
from postlude.store.contacts.audience import Audiences
from postlude.store.contacts.bulk_import import Importing
from postlude.store.contacts.lists import Lists
from postlude.store.contacts.queries import Contacts
from postlude.store.contacts.rows import Confirmation, CopySuppression, Suppression
from postlude.store.contacts.suppressions import Suppressions
from postlude.store.digest.apply_batch import Digesting
from postlude.store.digest.rows import Batch, Rebuilt, Seen
from postlude.store.engine import Database, connect, translated
from postlude.store.feedback.queries import Feedback
from postlude.store.feedback.rows import Resolution, SetAside, Unmatched
from postlude.store.jobs.queries import Jobs
from postlude.store.messages.claims import Sending
from postlude.store.messages.queries import Lookups
from postlude.store.messages.rows import (
    Activity,
    Alias,
    AttemptResult,
    Claim,
    Copy,
    Link,
    LinkActivity,
    Message,
    MessageTotals,
    Submission,
)
from postlude.store.messages.server_usage import Usage
from postlude.store.messages.workers import Workers
from postlude.store.migrate import HEAD, current, migrate
from postlude.store.privacy.rows import Choice, DataRequest, LinkChange, OpenRequest, Revocations, Withdrawal
from postlude.store.settings import Values


class Store(  # one topic a part
    People,
    Values,
    Suppressions,
    Sending,
    Workers,
    Usage,
    Lookups,
    Feedback,
    Digesting,
    Contacts,
    Lists,
    Audiences,
    Importing,
    Jobs,
    Campaigns,
    CampaignSending,
    CampaignReports,
):
    """The whole state behind one object. Safe to share between threads; several processes may open the same."""

    def close(self) -> None:
        """Close every connection."""
        self._database.close()


def is_behind(url: str) -> bool:
    """Whether opening it would migrate it; False also when it cannot be looked at, which `open_store` will name."""
    database = Database(connect(url))
    try:
        with translated(database.engine):
            return current(database) != HEAD
    except PostludeError:
        return False
    finally:
        database.close()


def open_store(url: str) -> Store:
    """Open `sqlite:////absolute/path` or `postgresql://...`, its tables brought forward to this version.

    Raises SettingError for another kind of URL, StorageError when it cannot be opened or written, InUseError when
    another process keeps it locked.
    """
    database = Database(connect(url))
    try:
        with translated(database.engine):
            migrate(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


__all__ = [
    "Activity",
    "Alias",
    "AppPassword",
    "AttemptResult",
    "Batch",
    "Choice",
    "Claim",
    "Confirmation",
    "Copy",
    "CopySuppression",
    "DataRequest",
    "Link",
    "LinkActivity",
    "LinkChange",
    "Message",
    "MessageTotals",
    "OpenRequest",
    "Rebuilt",
    "Resolution",
    "Revocations",
    "Seen",
    "SetAside",
    "Store",
    "Submission",
    "Suppression",
    "Unmatched",
    "User",
    "Withdrawal",
    "is_behind",
    "open_store",
]
