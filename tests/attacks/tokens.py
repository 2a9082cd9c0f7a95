"""Tokens of every kind, changed and used for what they are not for, at every endpoint of the edge."""

from urllib.parse import quote, unquote

from attacks.attempts import attempt
from attacks.target import PREFIXES, Target
from postlude.tokens import TagPurpose

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ACTS = (b"List-Unsubscribe=One-Click", b"erase=1", b"preferences=1", b"")
_REFUSED = {400, 403, 404, 405, 410}


def tokens_of(target: Target) -> dict[str, str]:
    """A real token of every kind, by the endpoint it is for."""
    codec = target.codec
    own = dict.fromkeys(("unsubscribe", "preferences", "view"), target.tokens.act)
    own |= dict.fromkeys(("pixel", "link"), target.tokens.read)
    return own | {"confirm": codec.mint_confirm(1, 1), "hook": codec.mint_hook("sendgrid"), "file": "0" * 16}


def paths(target: Target, endpoint: str, token: str) -> list[str]:
    """Where a token stands in the addresses of an endpoint."""
    prefix = PREFIXES[endpoint]
    if endpoint == "link":
        return [f"/{prefix}/{token}/{target.link.split('/', 3)[3]}"]
    if endpoint == "hook":
        return [f"/{prefix}/sendgrid/{token}"]
    return [f"/{prefix}/{token}", *([f"/{prefix}/{token}.gif"] if endpoint == "pixel" else [])]


def mutations(target: Target, token: str, count: int) -> set[str]:
    """The token with something else in it, behind it or missing."""
    made = {token[:-1], token + "A", token.swapcase(), token[::-1], "", f"{token} ", f"{token}%00", "A" * len(token)}
    while len(made) < count:
        at = target.random.randrange(len(token))
        made.add(token[:at] + target.random.choice(_ALPHABET) + token[at + 1 :])
    return made - {token}


def check(target: Target, endpoint: str, path: str) -> int:
    """Nothing is led anywhere, shown or done; how many requests that were."""
    quiet = path.replace(" ", "%20")
    for method, body in (("GET", b""), *(("POST", act) for act in _ACTS)):
        if endpoint in {"pixel", "link"} and method == "POST":
            continue
        answer = target.ask("edge", method, quiet, body)
        picture = endpoint == "pixel" and answer.headers.get("content-type") == "image/gif"
        assert answer.status in _REFUSED or picture, (endpoint, method, path, answer.status)
        assert "location" not in answer.headers, (endpoint, path)
    return 1 + (len(_ACTS) if endpoint not in {"pixel", "link"} else 0)


@attempt("stranger", "changed tokens")
def changed(target: Target) -> str:
    before = hits_of(target)
    tried = 0
    for endpoint, token in tokens_of(target).items():
        for wrong in sorted(mutations(target, token, 60 if target.full else 12)):
            for path in paths(target, endpoint, wrong):
                tried += check(target, endpoint, path)
    assert hits_of(target) == before
    return f"{tried} requests at {len(PREFIXES)} endpoints; none did or counted anything"


@attempt("stranger", "a token used for what it is not for")
def misused(target: Target) -> str:
    """Of a read token nothing acts; what acts, confirms or calls opens nothing else."""
    tried = 0
    own = tokens_of(target)
    tags = [target.codec.mint_tag(purpose, target.ref.copy) for purpose in TagPurpose]
    before = hits_of(target)
    for endpoint in PREFIXES:
        for token in {*own.values(), *tags} - {own[endpoint]}:
            if endpoint in {"pixel", "link"} and token == target.tokens.act:
                continue  # its holder may do more than open and click
            for path in paths(target, endpoint, token):
                tried += check(target, endpoint, path)
    assert hits_of(target) == before
    return f"{tried} requests: no token of one endpoint opens another"


@attempt("stranger", "links that lead to the recipient's own pages")
def leading_links(target: Target) -> str:
    """A link of mail sent while it was tracked: signed as it was then, followed by whoever it was passed on to."""
    ref, act = target.ref, target.tokens.act
    tails = [
        f"{target.postlude.edge_url}/{prefix}/{act}{end}"
        for prefix in (PREFIXES["view"], PREFIXES["unsubscribe"], PREFIXES["preferences"])
        for end in ("", "?x=1", "#x", "/x", "x")
    ]
    tails += [f"https://shop.example/?back={quote(tail, safe='')}" for tail in tails]
    for position, destination in enumerate(tails, start=100):
        signed = target.codec.link_tail(ref.kind, ref.scope, position, destination)
        answer = target.ask("edge", "GET", f"/{PREFIXES['link']}/{target.tokens.read}/{signed}")
        assert answer.status == 302, destination
        assert act not in unquote(answer.headers["location"]), destination
    return f"{len(tails)} links: each leads on without the token"


def hits_of(target: Target) -> int:
    """Events of the first mail, when all that was asked so far is digested."""
    target.wait_until_digested()
    story = target.postlude.timeline("bob1@example.com")
    return len(str(story).split("'kind'"))


@attempt("stranger", "changed tags of returned mail")
def changed_tags(target: Target) -> str:
    tried = 0
    client = target.mail_client("inbound")
    real = target.return_path("bob1@").partition("@")[0]
    for wrong in sorted(mutations(target, real, 60 if target.full else 20)):
        if not wrong.strip() or "%" in wrong or " " in wrong or wrong.lower() == real.lower():
            continue
        client.docmd("RSET")
        client.docmd("MAIL FROM:<>")
        code, _ = client.docmd(f"RCPT TO:<{wrong}@r.example.org>")
        assert 500 <= code < 600, (wrong, code)
        tried += 1
    client.close()
    return f"{tried} changed addresses refused"
