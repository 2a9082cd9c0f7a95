"""What once succeeded, and what never did: each is tried again by the attempts it names.

S: a stranger stops the server. P: promises to recipients. A: a user who is more than
himself. M: a signed-in user stops everything. L: small ones. H: held from the beginning, and has to go on holding.
"""

from typing import Final, NamedTuple


class Finding(NamedTuple):
    """One kind of attempt."""

    name: str
    tried_by: tuple[str, ...]
    """Names of attempts."""


FINDINGS: Final[dict[str, Finding]] = {
    "S1": Finding(
        "a form without a session fills the memory",
        ("a body without a session", "bodies that are nearly whole", "chunked bodies without an end", "huge head"),
    ),
    "S2": Finding("an upload without a session fills the disk", ("a body without a session",)),
    "S3": Finding(
        "connections that are held stop a listener, or another one",
        (
            "half-open connections",
            "connection flood from many addresses",
            "slow head",
            "slow body",
            "many requests at once whose answers nobody reads",
            "parts of a mail to nobody",
            "commands without mail",
        ),
    ),
    "S6": Finding(
        "a command costs more each time it comes", ("a mail in parts of nothing, and talk behind a named recipient",)
    ),
    "S7": Finding("one report stops the digest", ("a report about 200,000 recipients",)),
    "S4": Finding("one mail with a long head stops relay and inbound", ("a mail with a head of 22 MB",)),
    "S5": Finding("one page for browsers stops an edge", ("a page for browsers that is slow to make",)),
    "P1": Finding("consent that was taken back does not end tracking", ("tracking after consent was taken back",)),
    "P2": Finding(
        "hits before an edge knows of a withdrawal count",
        ("what is recorded after a withdrawal: hits of the same moment, and pages",),
    ),
    "P3": Finding(
        "pages record who looks after a withdrawal",
        ("what is recorded after a withdrawal: hits of the same moment, and pages",),
    ),
    "P4": Finding(
        "the token of a link acts for the recipient",
        ("a token used for what it is not for", "changed tokens", "links that lead to the recipient's own pages"),
    ),
    "P5": Finding(
        "what is forgotten stays on the disk",
        ("what is stored, told and forgotten", "what is forgotten, in files that do not show it"),
    ),
    "P8": Finding(
        "a wish in a file becomes a field that nothing heeds",
        ("a wish in a file of contacts, by every way a file comes in",),
    ),
    "P9": Finding(
        "an answer to one person quotes another", ("an answer about oneself that holds what another person wrote",)
    ),
    "P6": Finding(
        "erased hits keep an address", ("what is recorded after a withdrawal: hits of the same moment, and pages",)
    ),
    "P7": Finding("the answer to a recipient leaves something out", ("what is stored, told and forgotten",)),
    "A1": Finding("a list sends as somebody else", ("senders that are somebody else's, in every form that names one",)),
    "A2": Finding(
        "a second address of From is not looked at",
        (
            "writing as somebody else",
            "senders that are somebody else's, in every form that names one",
            "header fields in a form (header injection)",
        ),
    ),
    "A3": Finding("a session goes on after its sign-out", ("a session after its sign-out",)),
    "A6": Finding("a right that was taken away goes on", ("rights that end while a connection or a campaign goes on",)),
    "A4": Finding("a quota holds at the relay alone", ("more than a quota allows, in a burst and by every way in",)),
    "A5": Finding("other accounts read the data folder", ("what other accounts of this machine can read",)),
    "M1": Finding(
        "a spreadsheet fills the memory",
        ("a spreadsheet bomb", "spreadsheets and tables that unfold (zip bombs, CSV bombs)"),
    ),
    "M2": Finding("a template computes for ever", ("templates that want too much or more than they may",)),
    "M3": Finding(
        "steps that are quadratic in a mail", ("mail that is slow to read", "a mail whose parts have endless headers")
    ),
    "M4": Finding("the sandbox's mailbox reads a head for ever", ("mail that the sandbox's mailbox cannot list",)),
    "M5": Finding(
        "one user holds every connection of the web app", ("every connection of the web app held by one user",)
    ),
    "L1": Finding(
        "formulas in exports",
        ("formulas in exports (CSV injection)", "formulas in exports that a visitor's program put there"),
    ),
    "L2": Finding(
        "a wrong setting of an import is answered with 500",
        ("settings of a CSV import that are none", "spreadsheets and tables that unfold (zip bombs, CSV bombs)"),
    ),
    "L3": Finding(
        "the link check reaches this machine", ("links of a campaign that lead the check into the network (SSRF)",)
    ),
    "L4": Finding(
        "a redirect to the host a request names",
        ("a redirect to the host a request names", "redirects to where a request says"),
    ),
    "L5": Finding("Resent-From and Resent-Sender are not looked at", ("writing as somebody else",)),
    "L6": Finding("wrong passwords lock out everybody behind an address", ("wrong passwords",)),
    "L7": Finding("a style sheet times a page", ("a style sheet of 20,000 rules for 5,000 elements",)),
    "L8": Finding("a number that is none is taken for a fault of ours", ("numbers that are none",)),
    "H1": Finding("open redirects", ("open redirects", "changed tokens")),
    "H2": Finding("changed tokens", ("changed tokens", "changed tags of returned mail")),
    "H3": Finding(
        "request smuggling and other protocols",
        (
            "request smuggling",
            "other protocols than HTTP/1 at its ports",
            "bodies that ask first (Expect: 100-continue)",
            "thousands of small header fields",
        ),
    ),
    "H4": Finding(
        "scripts in mail and in what is typed",
        (
            "mail that runs in the reader's browser (hostile HTML in Chromium)",
            "scripts in what is stored (stored XSS)",
            "scripts in addresses (reflected XSS)",
        ),
    ),
    "H5": Finding(
        "forged calls of providers", ("forged provider calls", "calls that name a certificate of their own (SNS)")
    ),
    "H6": Finding("sign-in races", ("one sign-in link taken by many at once",)),
    "H7": Finding("cookies", ("forged sessions", "a session that was there before the sign-in (session fixation)")),
    "H8": Finding(
        "forged forms (CSRF)",
        ("every form without a session, every form without its token", "every form with the token of another session"),
    ),
    "H9": Finding("what belongs to somebody else", ("what belongs to somebody else",)),
    "H10": Finding("templates that escape", ("templates that reach for the server (sandbox escapes)",)),
    "H11": Finding("MJML that reads files", ("MJML that reads files",)),
    "H12": Finding(
        "names and paths of files",
        (
            "names of files that lead elsewhere",
            "paths that leave their folder",
            "many ranges of one file at once",
            "a file downloaded under many names at once",
        ),
    ),
    "H13": Finding("forms of From and Sender", ("writing as somebody else",)),
    "H14": Finding(
        "a second mail behind the first",
        ("a second mail behind the first (end-of-data tricks)", "open relay, pipelining and end-of-data tricks"),
    ),
    "H15": Finding("logins that are tried", ("wrong passwords",)),
    "H16": Finding("commands before STARTTLS", ("commands before STARTTLS",)),
    "H17": Finding("switches that leave with a mail", ("switches for Postlude that leave with the mail",)),
    "H18": Finding(
        "forged bounces, complaints and stops; answers to strangers (backscatter)",
        ("forged bounces and stops by mail", "changed tags of returned mail"),
    ),
    "H19": Finding(
        "visitors' addresses on the disk",
        ("visitors' addresses on the disk", "visitors' addresses on the disk where none may be kept"),
    ),
    "H20": Finding("lines in the log", ("lines and colours in the log (log injection)",)),
    "H21": Finding(
        "where the server can be made to go",
        ("mail that makes the server fetch (pictures, style sheets, external bodies)",),
    ),
    "H22": Finding("files that are attached and unfold", ("pictures, calendars and documents that unfold",)),
}
