"""The digest, composed: what each kind of observation is read with."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from postlude.app.background.provider_calls import certificates, provider_keys
from postlude.app.build.common import LARGE_JOURNAL, Parts
from postlude.app.build.sending import build_policies
from postlude.classify import WindowSettings
from postlude.config import Settings
from postlude.feedback import Finding
from postlude.history import History
from postlude.journal import PARTS, JournalReader, Spool
from postlude.model.observation import Submitted
from postlude.services.change_feed import Changes
from postlude.services.digest.attempts import Submissions
from postlude.services.digest.attribution import Attribution, attribute, tag_reader
from postlude.services.digest.decisions import Resolutions
from postlude.services.digest.findings import Repeats
from postlude.services.digest.hits import Hits
from postlude.services.digest.loop import Digest
from postlude.services.digest.own_visits import OwnVisits, sender_in
from postlude.services.digest.ports import MaintenanceStep
from postlude.services.digest.provider_calls import ProviderCalls
from postlude.services.digest.reconsider import Windows
from postlude.services.digest.returned_mail import ReturnedMail, parse_returned
from postlude.services.digest.steps import RecordSteps
from postlude.services.digest.withdrawal_removal import WithdrawalRemoval
from postlude.services.digest.withdrawn import Withdrawn
from postlude.services.feedback.mail_retention import ReturnedKeeping
from postlude.services.messages.submission import ReadSubmission, read_submission
from postlude.services.messages.tracker import Tracker
from postlude.services.notices import Notices
from postlude.services.ports import PolicyOf, Wake
from postlude.services.privacy.forgetting import Folders, Forgetter
from postlude.services.privacy.retention import Keep, MailFolders, Retention
from postlude.store import Store
from postlude.tokens import TagPurpose

MAIL_FIRST: Final = ("relay", LARGE_JOURNAL, "app")
"""Journals of who hands mail in and of its sender: what is in them does not wait for hits."""


def build_digest(
    parts: Parts,
    store: Store,
    history: History,
    changes: Changes,
    *,
    tracker: Tracker,
    spool_out: Spool,
    spool_in: Spool,
    chosen: Wake = lambda: None,
    maintenance: MaintenanceStep = lambda: False,
) -> Digest:
    """Return the digest over this data folder's journals."""
    withdrawn = Withdrawn(store.privacy)
    classifier = own_visits(parts.settings, store)
    tags, repeats = tag_reader(parts.codec), Repeats(store.digest.seen)
    submissions = _submissions(parts, store, tracker, spool_out, classifier)
    record_steps = RecordSteps(
        submissions=submissions,
        returned=ReturnedMail(spool_in, partial(parse_returned, tags), partial(_attribute, store), repeats),
        hits=Hits(store.messages, classifier, withdrawn=withdrawn),
        webhooks=ProviderCalls(
            provider_keys(parts.settings),
            certificates(parts).get,
            partial(parts.codec.read_tag, TagPurpose.BOUNCE),
            partial(_attribute, store),
            repeats,
        ),
        resolved=Resolutions(store),
    )
    return Digest(
        journal=JournalReader(parts.folder.journal, parts.clock, parts.settings.journal_max_bytes, first=MAIL_FIRST),
        store=store,
        history=history,
        record_steps=record_steps,
        changes=changes,
        clock=parts.clock,
        windows=Windows(store.messages, history, window_settings(parts.settings), classifier=classifier),
        notices=Notices(store, parts.clock, parts.settings.hold_seconds),
        chosen=chosen,
        maintenance=maintenance,
        large=submissions.large,
        removal=WithdrawalRemoval(store, history, withdrawn, parts.clock),
        forgetter=Forgetter(store, history, _folders(parts, spool_out, spool_in), parts.clock),
        housekeeping=partial(
            _all,
            [
                ReturnedKeeping(spool_in, PARTS, store.feedback.asked_about, parts.clock),
                Retention(store, history, MailFolders(spool_out, parts.folder.views), parts.clock, _keep(parts)),
            ],
        ),
    )


def _submissions(parts: Parts, store: Store, tracker: Tracker, spool: Spool, visits: OwnVisits) -> Submissions:
    take = partial(_take, build_policies(parts, store), tracker, parts.settings.sandbox)
    return Submissions(take, spool.get, visits.know, spool.size)


def own_visits(settings: Settings, store: Store) -> OwnVisits:
    """The classifier that knows senders' and colleagues' own visits."""
    return OwnVisits(sender_in(store), colleagues_count=settings.colleagues == "count")


def window_settings(settings: Settings) -> WindowSettings:
    """The thresholds of rules over several hits."""
    names = msgspec.structs.fields(WindowSettings)
    return WindowSettings(**{field.name: getattr(settings, f"verdict_{field.name}") for field in names})


def _all(steps: Iterable[Callable[[], None]]) -> None:
    for step in steps:
        step()


def _keep(parts: Parts) -> Keep:
    settings = parts.settings
    return Keep(
        settings.keep_events_days, settings.keep_mail_days, settings.keep_replies_days, settings.keep_audit_days
    )


def _folders(parts: Parts, spool_out: Spool, spool_in: Spool) -> Folders:
    folder = parts.folder
    return Folders(spool_out, spool_in, folder.spool_in, folder.mailbox, folder.views, folder.uploads)


def _take(policies: PolicyOf, tracker: Tracker, sandbox: bool, submitted: Submitted, raw: bytes) -> ReadSubmission:
    # The sandbox offers to unsubscribe in everything, so that it can be tried: that makes no mailing.
    return read_submission(submitted, raw, policies(submitted.user), tracker, offers_count=not sandbox)


def _attribute(store: Store, finding: Finding, at: int, *, verified: bool = False) -> Attribution:
    return attribute(finding, store.messages, at=at, verified=verified)
