"""Who a proxy has signed in, by a header that counts from listed proxies alone."""

from ipaddress import ip_address

from fastapi import Request

from postlude.model.domain_name import address_key
from postlude.web.deps import WebDeps


def named_by_proxy(request: Request, deps: WebDeps) -> str:
    """The address, as accounts have it; empty without such a header, and from anyone else who sends one.

    The one who is connected counts, not who is behind it. Several such headers name no one.
    """
    trusted = deps.accounts.trusted
    if trusted is None:
        return ""
    given = request.headers.getlist(trusted.name)
    peer = request.scope.get("state", {}).get("peer", request.client.host if request.client else "")
    try:
        address = ip_address(str(peer))
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if len(given) != 1 or not any(address in one for one in trusted.proxies):
        return ""
    return address_key(given[0].strip())
