"""Header fields that belong to one copy."""


def unsubscribe_headers(url: str, tag: str, domain: str) -> bytes:
    """List-Unsubscribe (RFC 2369), and its one-click form (RFC 8058) where the URL is one it allows.

    RFC 8058 section 3.1 wants HTTPS; the sandbox on a laptop has none, so plain http gets the header as well and
    only foreign mail readers, which never see it, would mind.
    """
    mailto = f",\r\n <mailto:u+{tag}@{domain}?subject=unsubscribe>" if domain else ""
    return f"List-Unsubscribe: <{url}>{mailto}\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii")
