"""Contacts: search, view, change, delete. They belong to the instance: all signed-in users see them."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from postlude.kit.data_table import TableFormat
from postlude.kit.ids import id_text, parse_id
from postlude.model.contact_fields import CONTACT_FIELDS, FIELD_NAMES
from postlude.model.errors import InputError
from postlude.model.words import Consent, Purpose, Via
from postlude.services.contacts import contacts as service
from postlude.services.contacts.engagement import engagement_parts, engagement_words
from postlude.services.contacts.membership import leave_lists
from postlude.services.contacts.subscriptions import ConfirmationMail, subscribe
from postlude.services.feedback.review_queue import may_decide
from postlude.services.messages.accept import NewMessage
from postlude.store.contacts.rows import Contact
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.downloads import rows_response
from postlude.web.pages import pages_of
from postlude.web.permissions import MANAGES, READS, WRITES
from postlude.web.session import Posted, SignedIn, Viewer

router = APIRouter()
_PAGE: Final = 50
_LATEST: Final = 20
_COUNTED: Final = 10_000
"""Of a search that finds more, the page says so: counting them all would cost more than showing them."""


@router.get("/contacts", dependencies=[READS])
def contacts_page(  # noqa: PLR0917 - one parameter a field
    request: Request, deps: Deps, viewer: SignedIn, q: str = "", in_list: str = "", tag: str = "", before: str = ""
) -> Response:
    """Contacts newest first, searched by address and name, of one list or tag."""
    del viewer
    store = deps.store
    list_id, tag_id = parse_id(in_list) or 0, parse_id(tag) or 0
    page = store.contacts.page(q, list_id=list_id, tag=tag_id, before=parse_id(before) or 0, limit=_PAGE)
    return pages_of(request).render(
        request,
        "contacts/contacts.html",
        found=page,
        total=store.contacts.count(q, list_id=list_id, tag=tag_id, most=_COUNTED),
        counted=_COUNTED,
        tags_of=store.contacts.tags_of(one.id for one in page),
        suppressed=store.suppressions.contains(one.address for one in page),
        lists=store.lists.every(),
        tags=store.contacts.tag_names(),
        chosen={"q": q, "in_list": in_list, "tag": tag},
        older=id_text(page[-1].id) if len(page) == _PAGE else "",
        first=not before,
    )


@router.get("/contacts/export.{form}", dependencies=[READS, does("export contacts")])
def export(  # noqa: PLR0917 - one parameter a field
    deps: Deps, viewer: SignedIn, form: TableFormat, q: str = "", in_list: str = "", tag: str = ""
) -> Response:
    """All matching contacts, as a file."""
    del viewer
    rows = service.contact_rows(deps.store, search=q, list_id=parse_id(in_list) or 0, tag=parse_id(tag) or 0)
    return rows_response(rows, form, "contacts")


async def _own_fields(request: Request) -> dict[str, str]:
    """CONTACT_FIELDS as the form gives them."""
    form = await request.form()
    return {name: str(form[name]) for name in FIELD_NAMES if name in form}


OwnFields = Annotated[dict[str, str], Depends(_own_fields)]


@router.post("/contacts", dependencies=[WRITES, does("contacts add", "address")])
def add(
    deps: Deps, viewer: Posted, address: Annotated[str, Form()] = "", name: Annotated[str, Form()] = ""
) -> Response:
    """Add a contact and show it."""
    contact = service.add_contact(
        deps.store, deps.clock, address, name=name.strip(), source=f"by {viewer.user.address}"
    )
    return _to(contact)


@router.get("/contacts/{contact}", dependencies=[READS])
def contact_page(request: Request, deps: Deps, viewer: SignedIn, contact: str, notice: str = "") -> Response:
    """Everything stored about one contact."""
    return _page(request, deps, viewer, contact, notice=notice)


@router.post("/contacts/{contact}", dependencies=[WRITES, does("contacts edit")])
def change(  # noqa: PLR0917 - one parameter a field
    request: Request,
    deps: Deps,
    viewer: Posted,
    contact: str,
    own: OwnFields,
    address: Annotated[str, Form()] = "",
    tags: Annotated[str, Form()] = "",
    field: Annotated[list[str] | None, Form()] = None,
    value: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Save the form; shown again with what is wrong with it."""
    store, kept = deps.store, _find(deps, contact)
    fields = {n.strip(): v.strip() for n, v in zip(field or (), value or (), strict=False) if n.strip()}
    wanted = [one.strip() for one in tags.split(",") if one.strip()]
    have = store.contacts.tags_of([kept.id]).get(kept.id, [])
    gone = [one for one in have if one.lower() not in {tag.lower() for tag in wanted}]
    try:
        changed = service.edit_contact(store, deps.clock, kept, address=address, fields=fields, **own)
        service.set_tags(store, changed, wanted, gone)
    except InputError as error:
        return _page(request, deps, viewer, contact, error=str(error))
    return _to(kept, "saved")


@router.post("/contacts/{contact}/lists", dependencies=[WRITES, does("contacts subscribe")])
async def lists_of(
    deps: Deps,
    viewer: Posted,
    contact: str,
    list_id: Annotated[str, Form(alias="list")] = "",
    do: Annotated[str, Form()] = "",
) -> Response:
    """Subscribe (by confirmation mail where the list wants it) or unsubscribe."""
    kept, confirmation = await run_in_threadpool(_member, deps, viewer, contact, list_id, do)
    if confirmation is not None:
        await deps.submit(
            NewMessage(
                user=confirmation.user,
                via=Via.WEB,
                mail_from=confirmation.mail_from,
                recipients=[confirmation.recipient],
                raw=confirmation.raw,
            )
        )
    return _to(kept, "asked" if confirmation is not None else "saved")


@router.post("/contacts/{contact}/consent", dependencies=[WRITES, does("contacts consent")])
def consent(  # noqa: PLR0917 - one parameter a field
    deps: Deps,
    viewer: Posted,
    contact: str,
    purpose: Annotated[Purpose, Form()],
    state: Annotated[Consent, Form()],
    source: Annotated[str, Form()] = "",
) -> Response:
    """Record consent given outside of Postlude."""
    kept = _find(deps, contact)
    service.set_consent(deps.store, deps.clock, kept, {purpose: state}, source=source, by=viewer.user.address)
    return _to(kept, "saved")


@router.post("/contacts/{contact}/erase", dependencies=[MANAGES, does("contacts erase")])
def erase(deps: Deps, viewer: Posted, contact: str, sure: Annotated[str, Form()] = "") -> Response:
    """Forget one for good; a suppression stays. Members take a person off lists."""
    del viewer
    kept = _find(deps, contact)
    if not sure:
        raise InputError("Tick the box that says you are sure.")
    service.erase_contact(deps.store, deps.clock, kept)
    return RedirectResponse("/contacts", status_code=HTTPStatus.SEE_OTHER)


def _member(
    deps: WebDeps, viewer: Viewer, contact: str, list_id: str, do: str
) -> tuple[Contact, ConfirmationMail | None]:
    kept, wanted = _find(deps, contact), deps.store.lists.get(parse_id(list_id) or 0)
    if do == "leave":
        leave_lists(deps.store, deps.clock, kept, [wanted.id], by=viewer.user.address)
        return kept, None
    assert deps.contacts is not None  # the router is only there with them
    asked = subscribe(deps.store, deps.clock, kept.spelled, wanted, deps.contacts.confirm_url)
    return kept, asked.confirmation


def _find(deps: WebDeps, contact: str) -> Contact:
    return deps.store.contacts.get(parse_id(contact) or 0)


def _to(contact: Contact, notice: str = "") -> Response:
    where = f"/contacts/{id_text(contact.id)}" + (f"?notice={notice}" if notice else "")
    return RedirectResponse(where, status_code=HTTPStatus.SEE_OTHER)


def _page(
    request: Request, deps: WebDeps, viewer: Viewer, contact: str, *, error: str = "", notice: str = ""
) -> Response:
    store, kept = deps.store, _find(deps, contact)
    engagement = store.engagement.of_address(kept.address, deps.clock.now())
    members = {one.list: one for one in store.lists.memberships(kept.id)}
    return pages_of(request).render(
        request,
        "contacts/contact.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        contact=kept,
        contact_fields=CONTACT_FIELDS,
        tags=store.contacts.tags_of([kept.id]).get(kept.id, []),
        lists=store.lists.every(),
        members=members,
        consents=store.contacts.consent_log(kept.id),
        suppression=store.suppressions.get(kept.address),
        wishes=[one for one in store.feedback.wishes_to_leave(kept.address) if may_decide(store, viewer.user, one)],
        sent=deps.reports.received(kept.address, viewer.user.id, _LATEST),
        engagement=engagement,
        engagement_words=engagement_words(engagement),
        engagement_parts=engagement_parts(engagement),
        error=error,
        notice=notice,
    )
