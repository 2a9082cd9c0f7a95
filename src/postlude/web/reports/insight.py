"""Which topics and kinds of content people respond to; the topics of messages, and the rules that give them."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.kit.data_table import TableFormat
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError
from postlude.model.words import TopicPart
from postlude.services.reports.insight import (
    ContentInsight,
    ResponseKind,
    certainty_words,
    content_insight,
    insight_table,
    trait_words,
)
from postlude.services.reports.topics import change_topics, end_rule, read_topics, start_rule
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.downloads import table_response
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.report_cache import report_cache_of
from postlude.web.session import Posted, SignedIn, Viewer

router = APIRouter()


@router.get("/insight", dependencies=[READS])
def insight_page(
    request: Request, deps: Deps, viewer: SignedIn, response: ResponseKind = ResponseKind.CLICKED
) -> Response:
    """The effect of every trait, the topics that are in use, and the rules."""
    return pages_of(request).render(
        request,
        "reports/insight.html",
        insight=_asked(request, deps, viewer, response),
        kinds=list(ResponseKind),
        words=trait_words,
        certainty=certainty_words,
        topics=deps.store.content.topics(viewer.user.id),
        rules=deps.store.content.rules(viewer.user.id),
        parts=list(TopicPart),
    )


@router.get("/insight/effects.{form}", dependencies=[READS])
def insight_file(
    request: Request,
    deps: Deps,
    viewer: SignedIn,
    form: TableFormat,
    response: ResponseKind = ResponseKind.CLICKED,
) -> Response:
    """The same as a file."""
    table = insight_table(_asked(request, deps, viewer, response))
    return table_response([table], form, f"insight-{response.value}")


@router.post("/insight/rules", dependencies=[WRITES, does("insight add-rule", "topic", "part", "holds")])
def add_topic_rule(
    deps: Deps,
    viewer: Posted,
    topic: Annotated[str, Form()] = "",
    part: Annotated[TopicPart, Form()] = TopicPart.SUBJECT,
    holds: Annotated[str, Form()] = "",
) -> Response:
    """Give a topic to what holds a text, from now on and to what was sent."""
    start_rule(deps.store, viewer.user.id, topic, part, holds)
    return RedirectResponse("/insight#rules", status_code=HTTPStatus.SEE_OTHER)


@router.post("/insight/rules/{rule}/remove", dependencies=[WRITES, does("insight remove-rule")])
def remove_topic_rule(deps: Deps, viewer: Posted, rule: str) -> Response:
    """End a rule and what it gave."""
    end_rule(deps.store, viewer.user.id, parse_id(rule) or 0)
    return RedirectResponse("/insight#rules", status_code=HTTPStatus.SEE_OTHER)


@router.post("/messages/{message}/topics", dependencies=[WRITES, does("insight topics", "topics")])
def set_message_topics(deps: Deps, viewer: Posted, message: str, topics: Annotated[str, Form()] = "") -> Response:
    """What a message is about, by hand; of a campaign all variants."""
    wanted = parse_id(message) or 0
    if deps.store.messages.get(wanted).user != viewer.user.id:
        raise NotFoundError(f"no message of yours has the id {message}")
    campaign = deps.store.campaigns.of_message(wanted)
    of = [wanted] if campaign is None else deps.store.campaigns.messages_of([campaign])[campaign]
    change_topics(deps.store, of, read_topics(topics))
    back = f"/messages/{message}" if campaign is None else f"/campaigns/{id_text(campaign)}"
    return RedirectResponse(back, status_code=HTTPStatus.SEE_OTHER)


def _asked(request: Request, deps: Deps, viewer: Viewer, response: ResponseKind) -> ContentInsight:
    def ask() -> ContentInsight:
        return content_insight(deps.store, viewer.user.id, response, deps.clock.now())

    return report_cache_of(request).get(("insight", viewer.user.id, response), ask)
