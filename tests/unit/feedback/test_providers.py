"""Samples after the providers' own documentation; signed here with keys made here, as the provider signs."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from postlude.feedback import FindingKind, Persistence, Reason
from postlude.feedback.providers import PROVIDERS, CallOutcome, receive, ses
from support.provider_signing import DOCUMENTED, Signed, signing_of

NOW = 1_700_000_000
BASIC = {"Authorization": "Basic " + base64.b64encode(b"hook:secret").decode()}
SES_MAIL = {"messageId": "0102", "destination": ["bob@example.org"], "commonHeaders": {"messageId": "<1@s.example>"}}
K, R = FindingKind, Reason
UNKNOWN = "550 5.1.1 user unknown"

# provider, payload, kind, recipient, an id, time, reason
SAMPLES: list[tuple[str, Any, FindingKind, str, str, str, Reason]] = [
    (
        "ses",
        {
            "notificationType": "Bounce",
            "mail": SES_MAIL,
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "timestamp": "2016-01-27T14:59:38.237Z",
                "feedbackId": "f1",
                "bouncedRecipients": [
                    {
                        "emailAddress": "Bob@example.org",
                        "action": "failed",
                        "status": "5.1.1",
                        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                    }
                ],
            },
        },
        K.BOUNCED,
        "bob@example.org",
        "0102",
        "2016-01-27T14:59:38.237Z",
        R.UNKNOWN_USER,
    ),
    (
        "ses",
        {
            "notificationType": "Complaint",
            "mail": SES_MAIL,
            "complaint": {
                "complainedRecipients": [{"emailAddress": "bob@example.org"}],
                "timestamp": "2016-01-27T14:59:38.237Z",
                "feedbackId": "f2",
                "complaintFeedbackType": "abuse",
            },
        },
        K.COMPLAINED,
        "bob@example.org",
        "1@s.example",
        "2016-01-27T14:59:38.237Z",
        R.NONE,
    ),
    (
        "ses",
        {
            "notificationType": "Delivery",
            "mail": SES_MAIL,
            "delivery": {
                "timestamp": "2016-01-27T14:59:38.237Z",
                "recipients": ["bob@example.org"],
                "smtpResponse": "250 ok",
            },
        },
        K.DELIVERED,
        "bob@example.org",
        "0102",
        "2016-01-27T14:59:38.237Z",
        R.NONE,
    ),
    (
        "ses",
        {
            "eventType": "DeliveryDelay",
            "mail": SES_MAIL,
            "deliveryDelay": {
                "timestamp": "2020-06-16T00:25:40.095Z",
                "delayType": "MailboxFull",
                "delayedRecipients": [
                    {
                        "emailAddress": "bob@example.org",
                        "status": "4.2.2",
                        "diagnosticCode": "smtp; 452 4.2.2 over quota",
                    }
                ],
            },
        },
        K.DEFERRED,
        "bob@example.org",
        "0102",
        "2020-06-16T00:25:40.095Z",
        R.MAILBOX_FULL,
    ),
    (
        "sendgrid",
        [
            {
                "email": "bob@example.org",
                "timestamp": 1513299569,
                "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
                "event": "bounce",
                "type": "bounce",
                "sg_event_id": "6g4ZI7SA-xmRDv57GoPIPw==",
                "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
                "reason": "500 unknown recipient",
                "status": "5.0.0",
                "bounce_classification": "Invalid Address",
            }
        ],
        K.BOUNCED,
        "bob@example.org",
        "14c5d75ce93.dfd.64b469@ismtpd-555",
        "2017-12-15T00:59:29.000Z",
        R.UNKNOWN_USER,
    ),
    (
        "sendgrid",
        [
            {"email": "bob@example.org", "timestamp": 1513299569, "event": "open"},
            {
                "email": "bob@example.org",
                "timestamp": 1513299569,
                "event": "spamreport",
                "sg_event_id": "e2",
                "sg_message_id": "14c5d75ce93.filter0001",
            },
        ],
        K.COMPLAINED,
        "bob@example.org",
        "14c5d75ce93",
        "2017-12-15T00:59:29.000Z",
        R.NONE,
    ),
    (
        "sendgrid",
        [
            {
                "email": "bob@example.org",
                "timestamp": 1513299569,
                "event": "deferred",
                "response": "400 try again later",
                "sg_message_id": "a.b",
                "attempt": "5",
            }
        ],
        K.DEFERRED,
        "bob@example.org",
        "a",
        "2017-12-15T00:59:29.000Z",
        R.SYSTEM,
    ),
    (
        "mailgun",
        {
            "event-data": {
                "event": "failed",
                "severity": "permanent",
                "timestamp": 1521233195.37,
                "id": "G9Bn5sl1TC6nu79C8C0bwg",
                "recipient": "bob@example.org",
                "message": {"headers": {"message-id": "20130503@s.example"}},
                "delivery-status": {"code": 550, "message": "5.1.1 user unknown"},
                "reason": "bounce",
            }
        },
        K.BOUNCED,
        "bob@example.org",
        "20130503@s.example",
        "2018-03-16T20:46:35.370Z",
        R.UNKNOWN_USER,
    ),
    (
        "mailgun",
        {
            "event-data": {
                "event": "failed",
                "severity": "temporary",
                "timestamp": 1521233195.37,
                "id": "x",
                "recipient": "bob@example.org",
                "message": {"headers": {"message-id": "m@s.example"}},
                "delivery-status": {"code": 452, "message": "mailbox full"},
            }
        },
        K.DEFERRED,
        "bob@example.org",
        "m@s.example",
        "2018-03-16T20:46:35.370Z",
        R.MAILBOX_FULL,
    ),
    (
        "postmark",
        {
            "RecordType": "Bounce",
            "ID": 42,
            "Type": "HardBounce",
            "TypeCode": 1,
            "MessageID": "883953f4-6105",
            "Details": "Test bounce details",
            "Email": "john@example.com",
            "BouncedAt": "2014-08-01T13:28:10Z",
        },
        K.BOUNCED,
        "john@example.com",
        "883953f4-6105",
        "2014-08-01T13:28:10.000Z",
        R.UNKNOWN_USER,
    ),
    (
        "postmark",
        {
            "RecordType": "SpamComplaint",
            "ID": 43,
            "Type": "SpamComplaint",
            "MessageID": "m",
            "Email": "john@example.com",
            "BouncedAt": "2014-08-01T13:28:10Z",
        },
        K.COMPLAINED,
        "john@example.com",
        "m",
        "2014-08-01T13:28:10.000Z",
        R.NONE,
    ),
    (
        "postmark",
        {
            "RecordType": "SubscriptionChange",
            "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
            "Origin": "Recipient",
            "SuppressionReason": "ManualSuppression",
            "SuppressSending": True,
            "Recipient": "john@example.com",
            "ChangedAt": "2020-02-01T10:53:34.416071Z",
        },
        K.UNSUBSCRIBED,
        "john@example.com",
        "883953f4-6105-42a2-a16a-77a8eac79483",
        "2020-02-01T10:53:34.416Z",
        R.NONE,
    ),
    (
        "sparkpost",
        [
            {
                "msys": {
                    "message_event": {
                        "type": "bounce",
                        "bounce_class": "1",
                        "event_id": "92356927693813856",
                        "message_id": "000443ee14578172be22",
                        "raw_rcpt_to": "Bob@example.org",
                        "rcpt_to": "bob@example.org",
                        "timestamp": "1454442600",
                        "raw_reason": "MAIL REFUSED - IP (17.99.99.99) is in black list",
                        "reason": "MAIL REFUSED - IP (a.b.c.d) is in black list",
                        "transmission_id": "65832150921904138",
                        "msg_from": "sender@example.com",
                        "error_code": "554",
                    }
                }
            }
        ],
        K.BOUNCED,
        "bob@example.org",
        "000443ee14578172be22",
        "2016-02-02T19:50:00.000Z",
        R.REPUTATION,
    ),
    (
        "sparkpost",
        [
            {
                "msys": {
                    "unsubscribe_event": {
                        "type": "list_unsubscribe",
                        "message_id": "m",
                        "rcpt_to": "bob@example.org",
                        "timestamp": "1454442600",
                        "event_id": "9",
                    }
                }
            }
        ],
        K.UNSUBSCRIBED,
        "bob@example.org",
        "m",
        "2016-02-02T19:50:00.000Z",
        R.NONE,
    ),
    (
        "brevo",
        {
            "event": "hard_bounce",
            "email": "bob@example.org",
            "id": 26224,
            "date": "2020-10-09 00:00:00",
            "ts": 1604933619,
            "message-id": "<xxxx@relay.example>",
            "ts_event": 1604933654,
            "ts_epoch": 1604933654,
            "reason": "server is down",
        },
        K.BOUNCED,
        "bob@example.org",
        "xxxx@relay.example",
        "2020-11-09T14:54:14.000Z",
        R.NETWORK,
    ),
    (
        "brevo",
        {
            "event": "spam",
            "email": "bob@example.org",
            "id": 26224,
            "message-id": "<y@relay.example>",
            "ts_event": 1604933654,
        },
        K.COMPLAINED,
        "bob@example.org",
        "y@relay.example",
        "2020-11-09T14:54:14.000Z",
        R.NONE,
    ),
    (
        "mailjet",
        {
            "event": "bounce",
            "time": 1430812195,
            "MessageID": 13792286917004336,
            "Message_GUID": "1ab23cd4",
            "email": "bob@example.org",
            "mj_campaign_id": 0,
            "mj_contact_id": 0,
            "customcampaign": "",
            "CustomID": "helloworld",
            "Payload": "",
            "blocked": True,
            "hard_bounce": True,
            "error_related_to": "recipient",
            "error": "user unknown",
        },
        K.BOUNCED,
        "bob@example.org",
        "13792286917004336",
        "2015-05-05T07:49:55.000Z",
        R.UNKNOWN_USER,
    ),
    (
        "mailjet",
        {
            "event": "sent",
            "time": 1433333949,
            "MessageID": 19421777835146490,
            "email": "api@mailjet.com",
            "mj_message_id": "19421777835146490",
            "smtp_reply": "sent (250 2.0.0 OK 1433333948 fa5si855896wjc.199 - gsmtp)",
        },
        K.DELIVERED,
        "api@mailjet.com",
        "19421777835146490",
        "2015-06-03T12:19:09.000Z",
        R.NONE,
    ),
    (
        "mailjet",
        [{"event": "unsub", "time": 1433334941, "MessageID": 20547674933128000, "email": "bob@example.org"}],
        K.UNSUBSCRIBED,
        "bob@example.org",
        "20547674933128000",
        "2015-06-03T12:35:41.000Z",
        R.NONE,
    ),
    (
        "resend",
        {
            "type": "email.bounced",
            "created_at": "2024-11-22T23:41:12.126Z",
            "data": {
                "email_id": "56761188-7520",
                "to": ["bob@example.org"],
                "bounce": {"type": "Permanent", "subType": "Suppressed", "message": "on the suppression list"},
            },
        },
        K.BOUNCED,
        "bob@example.org",
        "56761188-7520",
        "2024-11-22T23:41:12.126Z",
        R.RECIPIENT_REFUSED,
    ),
    (
        "resend",
        {
            "type": "email.suppressed",
            "created_at": "2024-11-22T23:41:12.126Z",
            "data": {
                "email_id": "e",
                "message_id": "<m@s.example>",
                "to": ["bob@example.org"],
                "suppressed": {"message": "It is on the list.", "type": "OnAccountSuppressionList"},
            },
        },
        K.BOUNCED,
        "bob@example.org",
        "m@s.example",
        "2024-11-22T23:41:12.126Z",
        R.RECIPIENT_REFUSED,
    ),
    (
        "resend",
        {
            "type": "email.complained",
            "created_at": "2024-11-22T23:41:12.126Z",
            "data": {"email_id": "e", "to": ["bob@example.org"]},
        },
        K.COMPLAINED,
        "bob@example.org",
        "e",
        "2024-11-22T23:41:12.126Z",
        R.NONE,
    ),
    (
        "mailersend",
        {
            "type": "activity.hard_bounced",
            "data": {
                "id": "a1",
                "created_at": "2020-11-27T10:08:06.258000Z",
                "email": {
                    "id": "5fc0d003e7",
                    "message": {"id": "5fc0d003f7"},
                    "recipient": {"email": "bob@example.org"},
                },
                "morph": {"reason": "Host or domain name not found"},
            },
        },
        K.BOUNCED,
        "bob@example.org",
        "5fc0d003f7",
        "2020-11-27T10:08:06.258Z",
        R.DEAD_DOMAIN,
    ),
    (
        "mailersend",
        {
            "type": "activity.deferred",
            "data": {
                "id": "a3",
                "created_at": "2020-11-27T10:08:06.258000Z",
                "email": {"id": "x", "message": {"id": "m"}, "recipient": {"email": "bob@example.org"}},
            },
        },
        K.DEFERRED,
        "bob@example.org",
        "m",
        "2020-11-27T10:08:06.258Z",
        R.EXPIRED,
    ),
    (
        "mailersend",
        {
            "type": "activity.spam_complaint",
            "data": {
                "id": "a2",
                "created_at": "2020-11-27T10:08:06.258000Z",
                "email": {"id": "x", "message": {"id": "m"}, "recipient": {"email": "bob@example.org"}},
            },
        },
        K.COMPLAINED,
        "bob@example.org",
        "m",
        "2020-11-27T10:08:06.258Z",
        R.NONE,
    ),
]

# What the providers' pages show or really send, as far as it holds a trap: provider, payload, kind, reason, GONE.
TRAPS: list[tuple[str, Any, FindingKind, Reason, bool]] = [
    (
        "resend",  # the boilerplate speaks of reputation and is no reason
        {
            "type": "email.bounced",
            "created_at": "2023-10-02T18:11:26.101Z",
            "data": {
                "email_id": "e",
                "to": ["Bob <bob@example.org>"],
                "bounce": {
                    "message": "The recipient's email provider sent a hard bounce message, but didn't specify the "
                    "reason for the hard bounce. We recommend removing the recipient's email address from your "
                    "mailing list. "
                    "Sending messages to addresses that produce hard bounces can have a negative impact on your "
                    "reputation as a sender."
                },
            },
        },
        K.BOUNCED,
        R.UNDEFINED,
        False,
    ),
    (
        "brevo",  # the stock text of any 550
        {
            "event": "hard_bounce",
            "email": "bob@example.org",
            "ts_epoch": 1520363423000,
            "message-id": "<201803011158@relay.example>",
            "reason": " RecipientError: 550 5.5.0 Requested action not taken: mailbox unavailable.",
        },
        K.BOUNCED,
        R.UNKNOWN_USER,
        False,
    ),
    (
        "brevo",  # as received: still trying, whatever it quotes
        {
            "event": "deferred",
            "email": "bob@example.org",
            "ts_epoch": 1520363423000,
            "message-id": "<1@relay.example>",
            "reason": "550 RecipientError: 550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown",
        },
        K.DEFERRED,
        R.UNKNOWN_USER,
        True,
    ),
    (
        "brevo",
        {"event": "complaint", "email": "bob@example.org", "ts_event": 1604933654, "message-id": "2@relay.example"},
        K.COMPLAINED,
        R.NONE,
        False,
    ),
    (
        "sendgrid",
        [{"email": "bob@example.org", "event": "dropped", "reason": "Unsubscribed Address", "sg_event_id": "o"}],
        K.BOUNCED,
        R.POLICY,
        False,
    ),
    (
        "sendgrid",
        [{"email": "bob@example.org", "event": "dropped", "reason": "Bounced Address", "sg_event_id": "p"}],
        K.BOUNCED,
        R.RECIPIENT_REFUSED,
        False,
    ),
    (
        "ses",  # its list recalls an older bounce in so many words
        {
            "eventType": "Bounce",
            "mail": SES_MAIL,
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "OnAccountSuppressionList",
                "feedbackId": "f",
                "bouncedRecipients": [
                    {
                        "emailAddress": "bob@example.org",
                        "action": "failed",
                        "status": "5.1.1",
                        "diagnosticCode": "Amazon SES did not send the message to this address because it is on the "
                        "suppression list: 550 5.1.1 user unknown",
                    }
                ],
            },
        },
        K.BOUNCED,
        R.RECIPIENT_REFUSED,
        False,
    ),
    (
        "ses",  # an out-of-office
        {
            "notificationType": "Bounce",
            "mail": SES_MAIL,
            "bounce": {
                "bounceType": "Transient",
                "bounceSubType": "General",
                "feedbackId": "f",
                "bouncedRecipients": [{"emailAddress": "bob@example.org"}],
            },
        },
        K.AUTORESPONDED,
        R.NONE,
        False,
    ),
    (
        "ses",  # a server that refuses for now says so
        {
            "notificationType": "Bounce",
            "mail": SES_MAIL,
            "bounce": {
                "bounceType": "Transient",
                "bounceSubType": "General",
                "feedbackId": "f",
                "bouncedRecipients": [
                    {"emailAddress": "bob@example.org", "status": "4.3.0", "diagnosticCode": "smtp; 451 try later"}
                ],
            },
        },
        K.BOUNCED,
        R.SYSTEM,
        False,
    ),
    (
        "mailgun",
        {
            "event-data": {
                "event": "failed",
                "severity": "permanent",
                "reason": "bounce",
                "recipient": "bob@example.org",
                "delivery-status": {
                    "code": 550,
                    "message": "5.1.1 The email account that you tried to reach does not exist. Please try\n"
                    "5.1.1 double-checking the recipient's email address for typos",
                },
            }
        },
        K.BOUNCED,
        R.UNKNOWN_USER,
        True,
    ),
    (
        "mailgun",
        {
            "event-data": {
                "event": "failed",
                "severity": "temporary",
                "reason": "generic",
                "recipient": "bob@nomx.example.org",
                "delivery-status": {"code": 498, "message": "No MX for nomx.example.org"},
            }
        },
        K.DEFERRED,
        R.DEAD_DOMAIN,
        False,
    ),
    (
        "mailjet",  # "bounce" that will be tried again
        [
            {
                "event": "bounce",
                "time": 1498093527,
                "MessageID": 1,
                "email": "bob@example.org",
                "blocked": True,
                "hard_bounce": False,
                "error_related_to": "domain",
                "error": "greylisted",
            }
        ],
        K.DEFERRED,
        R.RATE_LIMITED,
        False,
    ),
    (
        "mailjet",
        {"event": "blocked", "time": 1498093527, "MessageID": 1, "email": "b@example.org", "error": "preblocked"},
        K.BOUNCED,
        R.RECIPIENT_REFUSED,
        False,
    ),
    (
        "sparkpost",
        [
            {
                "msys": {
                    "gen_event": {
                        "type": "generation_rejection",
                        "error_code": "554",
                        "raw_rcpt_to": "bob@example.org",
                        "raw_reason": "554 5.7.1 recipient address suppressed due to customer policy",
                    }
                }
            }
        ],
        K.BOUNCED,
        R.POLICY,
        False,
    ),
    (
        "sparkpost",
        [{"msys": {"message_event": {"type": "bounce", "bounce_class": "60", "rcpt_to": "bob@example.org"}}}],
        K.AUTORESPONDED,
        R.NONE,
        False,
    ),
    (
        "mailersend",  # "Unknown reason" is no unknown user
        {
            "type": "activity.soft_bounced",
            "data": {
                "id": "62f1",
                "email": {"message": {"id": "m"}, "recipient": {"email": "bob@example.org"}},
                "morph": {"object": "recipient_bounce", "reason": "Unknown reason"},
            },
        },
        K.BOUNCED,
        R.UNDEFINED,
        False,
    ),
    (
        "postmark",
        {
            "RecordType": "Bounce",
            "ID": 901542550,
            "Type": "HardBounce",
            "MessageID": "2706ee8a",
            "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
            "Email": "bob@example.org",
            "BouncedAt": "2016-04-27T16:28:50.3963933-04:00",
        },
        K.BOUNCED,
        R.UNKNOWN_USER,
        True,
    ),
    (
        "ses",
        {
            "notificationType": "Bounce",
            "mail": SES_MAIL,
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "OnAccountSuppressionList",
                "feedbackId": "f",
                "bouncedRecipients": [{"emailAddress": "bob@example.org"}],
            },
        },
        K.BOUNCED,
        R.RECIPIENT_REFUSED,
        False,
    ),
    (
        "ses",
        {
            "eventType": "Subscription",
            "mail": SES_MAIL,
            "subscription": {"timestamp": "2024-01-01T00:00:00Z", "newTopicPreferences": {"unsubscribeAll": True}},
        },
        K.UNSUBSCRIBED,
        R.NONE,
        False,
    ),
    (
        "ses",
        {
            "eventType": "DeliveryDelay",
            "mail": SES_MAIL,
            "deliveryDelay": {"delayType": "IPFailure", "delayedRecipients": [{"emailAddress": "bob@example.org"}]},
        },
        K.DEFERRED,
        R.REPUTATION,
        False,
    ),
    (
        "ses",  # the second recipient of the documented bounce: the next server still tries
        {
            "notificationType": "Bounce",
            "mail": SES_MAIL,
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "feedbackId": "f",
                "bouncedRecipients": [{"status": "4.0.0", "action": "delayed", "emailAddress": "bob@example.org"}],
            },
        },
        K.DEFERRED,
        R.EXPIRED,
        False,
    ),
    (
        "ses",
        {
            "eventType": "Rendering Failure",
            "mail": SES_MAIL,
            "failure": {"templateName": "MyTemplate", "errorMessage": "Attribute 'attributeName' is not present."},
        },
        K.BOUNCED,
        R.PROTOCOL,
        False,
    ),
    *(
        (name, payload, K.BOUNCED, R.UNKNOWN_USER, False)  # called temporary: not gone, whatever is quoted
        for name, payload in (
            (
                "sendgrid",
                [
                    {
                        "email": "bob@example.org",
                        "event": "bounce",
                        "type": "blocked",
                        "reason": "500 unknown recipient",
                        "status": "5.0.0",
                    }
                ],
            ),
            ("brevo", {"event": "soft_bounce", "email": "bob@example.org", "reason": "550 5.1.1 user unknown"}),
            ("mailjet", {"event": "bounce", "email": "b@example.org", "hard_bounce": False, "error": "user unknown"}),
            ("postmark", {"RecordType": "Bounce", "Type": "SoftBounce", "Email": "b@example.org", "Details": UNKNOWN}),
            (
                "sparkpost",
                [{"msys": {"m": {"type": "bounce", "bounce_class": "20", "rcpt_to": "b@x.org", "reason": UNKNOWN}}}],
            ),
            (
                "resend",
                {
                    "type": "email.bounced",
                    "data": {"to": ["b@example.org"], "bounce": {"type": "Transient", "message": UNKNOWN}},
                },
            ),
            (
                "mailersend",
                {
                    "type": "activity.soft_bounced",
                    "data": {"email": {"recipient": {"email": "b@example.org"}}, "morph": {"reason": UNKNOWN}},
                },
            ),
            (
                "ses",
                {
                    "notificationType": "Bounce",
                    "bounce": {
                        "bounceType": "Transient",
                        "bouncedRecipients": [{"emailAddress": "b@example.org", "diagnosticCode": UNKNOWN}],
                    },
                },
            ),
        )
    ),
    *(
        ("mailjet", {"event": "bounce", "email": "b@example.org", "hard_bounce": True, "error": error}, K.BOUNCED, *is_)
        for error, is_ in (  # the table of errors
            ("mailbox inactive", (R.DISABLED_USER, True)),
            ("quota exceeded", (R.MAILBOX_FULL, False)),
            ("invalid domain", (R.DEAD_DOMAIN, True)),
            ("no mail host", (R.NETWORK, False)),
            ("relay/access denied", (R.RELAYING_DENIED, False)),
            ("sender blocked", (R.SENDER_REFUSED, False)),
            ("content blocked", (R.CONTENT, False)),
            ("policy issue", (R.POLICY, False)),
            ("system issue", (R.SYSTEM, False)),
            ("protocol issue", (R.PROTOCOL, False)),
            ("connection issue", (R.NETWORK, False)),
            ("duplicate in campaign", (R.POLICY, False)),
        )
    ),
    *(
        (
            "sparkpost",
            [{"msys": {"message_event": {"type": "bounce", "bounce_class": number, "rcpt_to": "bob@example.org"}}}],
            kind,
            reason,
            gone,
        )
        for number, kind, reason, gone in (  # the table of classes
            ("1", K.BOUNCED, R.UNDEFINED, False),
            ("10", K.BOUNCED, R.UNKNOWN_USER, True),
            ("21", K.BOUNCED, R.NETWORK, False),
            ("22", K.BOUNCED, R.MAILBOX_FULL, False),
            ("30", K.BOUNCED, R.UNKNOWN_USER, True),
            ("51", K.BOUNCED, R.REPUTATION, False),
            ("52", K.BOUNCED, R.SPAM, False),
            ("90", K.UNSUBSCRIBED, R.NONE, False),
            ("100", K.AUTORESPONDED, R.NONE, False),
        )
    ),
    *(
        ("postmark", {"RecordType": "Bounce", "Type": name, "Email": "b@example.org"}, K.BOUNCED, reason, False)
        for name, reason in (
            ("DnsError", R.NETWORK),
            ("ManuallyDeactivated", R.POLICY),
            ("TemplateRenderingFailed", R.PROTOCOL),
        )
    ),
]

# Documented calls that say nothing about a mail of ours.
SILENT: list[tuple[str, Any]] = [
    *(
        ("postmark", {"RecordType": "Bounce", "Type": name, "Email": "b@example.org"})
        for name in ("Subscribe", "Unconfirmed", "OpenRelayTest", "InboundError")
    ),
    ("sparkpost", [{"msys": {}}]),
    ("sparkpost", [{"msys": {"message_event": {"type": "bounce", "bounce_class": "80", "rcpt_to": "b@example.org"}}}]),
    ("sendgrid", [{"event": "group_resubscribe", "email": "b@example.org"}]),
    ("resend", {"type": "suppression.added", "data": {"email": "b@example.org", "origin": "bounce"}}),
    ("mailersend", {"type": "activity.opened_unique", "data": {"email": {"recipient": {"email": "b@example.org"}}}}),
    ("brevo", {"event": "unique_proxy_open", "email": "b@example.org"}),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{sample[0]}-{sample[2]}" for sample in SAMPLES])
def test_documented_payloads(sample: Any, signed: Callable[[str, Any], Signed]) -> None:
    name, payload, kind, recipient, known_id, at, reason = sample
    headers, body, secret = signed(name, payload)
    call = receive(name, headers=headers, body=body, secret=secret, now=NOW)
    assert call.outcome is CallOutcome.READ, call.problem
    (found,) = call.findings
    assert found.kind == kind
    assert found.recipient == recipient
    assert found.at == at
    assert found.reason == reason
    assert known_id in found.message_ids


@pytest.mark.parametrize(("name", "payload", "kind", "reason", "gone"), TRAPS)
def test_traps(name: str, payload: Any, kind: FindingKind, reason: Reason, *, gone: bool) -> None:
    (found,) = PROVIDERS[name].parse(json.dumps(payload).encode())
    assert found.kind == kind
    assert found.reason == reason
    assert (found.persistence is Persistence.GONE) == gone
    assert "@" in found.recipient
    assert " " not in found.recipient


@pytest.mark.parametrize(("name", "payload"), SILENT)
def test_what_is_no_news_gives_none(name: str, payload: Any) -> None:
    assert PROVIDERS[name].parse(json.dumps(payload).encode()) == []


def test_a_subaccounts_call_is_proven_by_the_primary_accounts_key() -> None:
    payload = next(sample[1] for sample in SAMPLES if sample[0] == "mailgun")
    by = {key: hmac.new(key, f"{NOW}token".encode(), hashlib.sha256).hexdigest() for key in (b"child", b"parent")}
    signature = {"timestamp": str(NOW), "token": "token", "signature": by[b"child"], "parent-signature": by[b"parent"]}
    body = json.dumps({"signature": signature, **payload}).encode()
    outcomes = [
        receive("mailgun", headers={}, body=body, secret=secret, now=NOW).outcome
        for secret in ("parent", "child", "other")
    ]
    assert outcomes == [CallOutcome.READ, CallOutcome.READ, CallOutcome.BAD_SIGNATURE]


def test_the_vector_twilio_publishes_with_its_library() -> None:
    body = (
        b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
        b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
        b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
        b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
    )
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglS"
        "I8eNEc6wEA3F+g=="
    )
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0J"
        "uG+luQAbPIqHh89M15TluLtEZtM=",
        "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
    }
    call = receive("sendgrid", headers=headers, body=body, secret=key, now=1_600_112_510)
    assert call.outcome == CallOutcome.READ
    assert call.findings[0].recipient == "hello@world.com"
    changed = body.replace(b"hello", b"jello")
    assert receive("sendgrid", headers=headers, body=changed, secret=key, now=1_600_112_510).findings == ()


def test_the_vector_standard_webhooks_publishes() -> None:
    headers = {
        "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "svix-timestamp": "1614265330",
        "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    outcomes = [
        receive("resend", headers=headers, body=body, secret=secret, now=now).outcome
        for now in (1_614_265_330, 1_614_265_330 + 299, 1_614_265_330 + 301, 1_614_265_330 - 301)
    ]
    assert outcomes == [CallOutcome.READ, CallOutcome.READ, CallOutcome.BAD_SIGNATURE, CallOutcome.BAD_SIGNATURE]


def test_what_has_no_key_yet_is_told_where_to_find_it() -> None:
    call = receive("sendgrid", headers={}, body=b"[]", secret="", now=NOW)
    assert call.outcome is CallOutcome.NO_KEY
    assert "Event Webhook" in call.problem


def test_who_signs_nothing_is_proven_by_the_secret_address_alone() -> None:
    payload = next(sample[1] for sample in SAMPLES if sample[0] == "postmark")
    assert receive("postmark", headers={}, body=json.dumps(payload).encode(), secret="", now=NOW).findings


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_bad_signature_is_refused(name: str, signed: Callable[[str, Any], Signed]) -> None:
    payload = json.loads((DOCUMENTED / f"{name}.json").read_text())[0]["payload"]
    headers, body, secret = signed(name, payload)
    forged = {key: value.replace("A", "B").replace("0", "1").replace("c", "d") for key, value in headers.items()}
    changed = signing_of(name).tampered(body)
    unsigned = receive(name, headers={}, body=b"{}", secret=secret, now=NOW)
    assert unsigned.outcome is CallOutcome.BAD_SIGNATURE
    tampered = receive(name, headers=forged, body=changed, secret=secret, now=NOW)
    assert tampered.outcome == CallOutcome.BAD_SIGNATURE
    assert tampered.findings == ()


@pytest.mark.parametrize("name", [name for name in PROVIDERS if signing_of(name).expires])
def test_old_calls_are_not_believed(name: str, signed: Callable[[str, Any], Signed]) -> None:
    payload = json.loads((DOCUMENTED / f"{name}.json").read_text())[0]["payload"]
    headers, body, secret = signed(name, payload)
    late = NOW + 2 * 86_400
    assert receive(name, headers=headers, body=body, secret=secret, now=late).outcome is CallOutcome.BAD_SIGNATURE


@pytest.mark.parametrize("name", sorted(PROVIDERS))
@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"null", b"[[[1]]]", b'{"data": 1, "msys": [2], "event": {}}', b"\xff"]
)
def test_nonsense_has_an_outcome(name: str, body: bytes) -> None:
    assert receive(name, headers=BASIC, body=body, secret="hook:secret", now=NOW).findings == ()


def test_an_unknown_provider() -> None:
    assert receive("nobody", headers={}, body=b"", secret="", now=NOW).outcome is CallOutcome.UNKNOWN_PROVIDER


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-abc.pem",
        "https://evil.example/SimpleNotificationService-abc.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-abc.pem",
    ],
)
def test_only_certificates_of_sns_are_fetched(url: str) -> None:
    assert ses.certificate_url(json.dumps({"SigningCertURL": url}).encode()) == ""


def test_a_subscription_is_confirmed_at_sns_only() -> None:
    good = (
        "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-west-2:1:T&Token=2336"
    )
    call = {"Type": "SubscriptionConfirmation", "SubscribeURL": good}
    assert ses.subscribe_url(json.dumps(call).encode()) == good
    assert ses.subscribe_url(json.dumps({**call, "SubscribeURL": "https://evil.example/"}).encode()) == ""
