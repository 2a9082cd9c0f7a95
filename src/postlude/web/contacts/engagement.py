"""Contacts by what to make of them: how many are hot, inactive and so on, who, and a mailing to them."""

from typing import Final

from fastapi import APIRouter, Request, Response

from postlude.kit.data_table import TableFormat
from postlude.kit.ids import id_text, parse_id
from postlude.model.words import EngagementState
from postlude.services.contacts.engagement import engagement_rows, state_sentence
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.downloads import rows_response
from postlude.web.pages import pages_of
from postlude.web.permissions import READS
from postlude.web.session import SignedIn

router = APIRouter()
_PAGE: Final = 50
_ORDER: Final = (
    EngagementState.HOT,
    EngagementState.ACTIVE,
    EngagementState.NEW,
    EngagementState.LAPSING,
    EngagementState.INACTIVE,
    EngagementState.UNKNOWN,
    EngagementState.UNREACHABLE,
)


@router.get("/engagement", dependencies=[READS])
def engagement_page(request: Request, deps: Deps, viewer: SignedIn) -> Response:
    """Every state with how many contacts are in it."""
    del viewer
    counts = deps.store.engagement.counts()
    rows = [(state, counts[state], state_sentence(state)) for state in _ORDER]
    return pages_of(request).render(request, "contacts/engagement.html", rows=rows, total=sum(counts.values()))


@router.get("/engagement/{state}", dependencies=[READS])
def contacts_in_state(
    request: Request, deps: Deps, viewer: SignedIn, state: EngagementState, before: str = ""
) -> Response:
    """Who is in a state, the highest score first."""
    del viewer
    people = deps.store.engagement.page(state, before=parse_id(before) or 0, limit=_PAGE)
    return pages_of(request).render(
        request,
        "contacts/in_state.html",
        state=state,
        words=state_sentence(state),
        people=people,
        older=id_text(people[-1].contact.id) if len(people) == _PAGE else "",
        first=not before,
    )


@router.get("/engagement/{state}/contacts.{form}", dependencies=[READS, does("export contacts")])
def export_state(deps: Deps, viewer: SignedIn, state: EngagementState, form: TableFormat) -> Response:
    """Everyone in it with score and counts, as a file."""
    del viewer
    return rows_response(engagement_rows(deps.store, state), form, f"contacts-{state.value}")
