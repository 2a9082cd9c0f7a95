"""Mail as it comes back, short."""


def dsn(
    recipient: str, status: str = "5.1.1", reported: str = "550 5.1.1 user unknown", action: str = "failed"
) -> bytes:
    return f"""From: MAILER-DAEMON@mx.customer.test
To: <whoever@bounce.sender.test>
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn-{status}-{action}@mx.customer.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not work.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.test

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {reported}

--b--
""".replace("\n", "\r\n").encode()


def complaint(recipient: str, returned_headers: str = "Subject: Our offer\n") -> bytes:
    return f"""From: feedback@provider.test
To: <whoever@bounce.sender.test>
Subject: complaint
Message-ID: <arf-1@provider.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

Spam!

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x/1
Version: 1
Original-Rcpt-To: {recipient}

--b
Content-Type: message/rfc822

{returned_headers}
Hello

--b--
""".replace("\n", "\r\n").encode()


def reply(sender: str, text: str = "Yes, please.", *, answers: str = "<offer@sender.test>", number: int = 1) -> bytes:
    thread = f"In-Reply-To: {answers}\nReferences: {answers}\n" if answers else ""
    return f"""From: {sender}
To: alice@sender.test
Subject: Re: Our offer
Message-ID: <reply-{number}@customer.test>
{thread}
{text}
""".replace("\n", "\r\n").encode()
