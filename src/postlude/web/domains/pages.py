"""Sending domains: their signatures and DNS records."""

from fastapi import APIRouter, Request, Response

from postlude.model.errors import NotFoundError
from postlude.services.domains.dns_records import RecordState
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS
from postlude.web.session import SignedIn

router = APIRouter()


@router.get("/domains", dependencies=[READS])
def domains_page(request: Request, deps: Deps, viewer: SignedIn) -> Response:
    """Every domain; each asks for its records when it is shown."""
    del viewer
    return pages_of(request).render(request, "domains/domains.html", domains=deps.domains.names())


@router.get("/domains/{domain}", dependencies=[READS])
def one(request: Request, deps: Deps, viewer: SignedIn, domain: str) -> Response:
    """The DNS records of one domain: a part of the page, or a page of its own."""
    del viewer
    if domain not in deps.domains.names():
        raise NotFoundError(f"{domain} has no keys here: `postlude domain add` makes them")
    found = deps.domains.check(domain)
    well = all(each.state is RecordState.OK for each in found)
    template = "domains/domain_records.html" if request.headers.get("hx-request") else "domains/domain.html"
    return pages_of(request).render(request, template, domain=domain, records=found, well=well)
