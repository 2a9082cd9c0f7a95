"""The workers: they hand copies over to the next mail server, single mails and campaigns."""

from postlude.worker.campaigns import CampaignDeps, run_campaigns
from postlude.worker.single_mails import Worker

__all__ = ["CampaignDeps", "Worker", "run_campaigns"]
