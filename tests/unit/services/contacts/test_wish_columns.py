"""Which columns state a wish, and what their cells mean, as other products write them."""

import pytest

from postlude.model.stated_wish import NO_WISH, StatedWish
from postlude.model.words import Consent, Purpose
from postlude.services.contacts.wish_columns import (
    clear_wish,
    is_doubtful,
    perhaps,
    read_wish,
    states_a_wish,
    wish_of_heading,
)

WITHDRAWN = Consent.WITHDRAWN

HEADINGS = {
    "consent": "consent email_consent email_marketing_consent accepts_marketing accepts_email_marketing opt_in optin "
    "double_opt_in einwilligung subscribed is_subscribed permission consentement_email 同意 agreed",
    "unsubscribed": "unsubscribed unsub_time unsubscribed_at unsubscribed_from_all_email hasoptedoutofemail "
    "email_opt_out opt_out opted_out_of_email_newsletter do_not_email donotmail do_not_contact no_mail "
    "emailblacklisted "
    "email_blacklisted suppressed consent_withdrawn consent_withdrawn_at abgemeldet_am désinscrit baja not_subscribed "
    "no_consent 退订 werbesperre",
    "complained": "complained marked_spam_complaint spam_report",
    "bounced": "clean_time cleaned hard_bounced bounced",
    "mailings": "mailings email_status subscription_status subscriber_status newsletter_status marketing_state",
    "opens_consent": "opens_consent consent_opens track_opens open_tracking",
    "clicks_consent": "clicks_consent consent_to_clicks track_clicks click_tracking",
    "tracking_consent": "tracking_consent allow_tracking tracking_opt_in may_be_tracked",
    "no_opens": "no_opens opens_opt_out opens_withdrawn",
    "no_clicks": "no_clicks clicks_unsubscribed",
    "do_not_track": "do_not_track donottrack dnt no_tracking tracking_opt_out tracking_disabled opens_clicks_opt_out",
    "": "name city opens clicks last_opened opened_at unsub_reason unsub_campaign_title unsubscribe_url "
    "unsubscribe_link "
    "tracking_number sms_opt_out smsblacklisted do_not_call consent_date optin_time consent_ip consent_text bounces "
    "birthday source status state newsletter member_rating complaint_count",
}


@pytest.mark.parametrize(("wish", "heading"), [(w, one) for w, text in HEADINGS.items() for one in text.split()])
def test_a_heading_tells_what_its_column_states(wish: str, heading: str) -> None:
    assert wish_of_heading(heading) == wish


@pytest.mark.parametrize(
    "cell", ["withdrawn", "Withdrawn ", "no", "NO", "0", "false", "nein", "нет", "Opt-Out", "\uff4e\uff4f"]
)
def test_consent_is_withdrawn(cell: str) -> None:
    assert read_wish("consent", cell) == StatedWish(mail=WITHDRAWN)


@pytest.mark.parametrize("cell", ["given", "yes", "TRUE", "1", "subscribed", "Ja", "2026-05-03", "opt_in"])
def test_consent_is_given(cell: str) -> None:
    assert read_wish("consent", cell) == StatedWish(mail=Consent.GIVEN)


@pytest.mark.parametrize(
    "cell", ["yes", "1", "x", "2026-05-03 12:00:00", "03.05.2026", "1714737600", "unsubscribed", "opted out"]
)
def test_who_unsubscribed_left(cell: str) -> None:
    assert read_wish("unsubscribed", cell) == StatedWish(ended="unsubscribed")


@pytest.mark.parametrize("cell", ["", " ", "no", "0", "false", "subscribed", "active", "0000-00-00 00:00:00", "never"])
def test_who_did_not_unsubscribe_states_nothing(cell: str) -> None:
    assert read_wish("unsubscribed", cell) == NO_WISH


@pytest.mark.parametrize(
    ("cell", "stated"),
    [
        ("unsubscribed", StatedWish(ended="unsubscribed")),
        ("Subscribed", NO_WISH),
        ("no", StatedWish(mail=WITHDRAWN)),
        ("left", StatedWish(ended="left")),
        ("cleaned", StatedWish(ended="bounced")),
        ("Spam complaint", StatedWish(ended="complained")),
    ],
)
def test_a_status(cell: str, stated: StatedWish) -> None:
    assert read_wish("mailings", cell) == stated


def test_tracking() -> None:
    assert read_wish("do_not_track", "true") == StatedWish(opens=WITHDRAWN, clicks=WITHDRAWN)
    assert read_wish("do_not_track", "false") == NO_WISH
    assert read_wish("opens_consent", "withdrawn") == StatedWish(opens=WITHDRAWN)
    assert read_wish("no_clicks", "yes") == StatedWish(clicks=WITHDRAWN)


@pytest.mark.parametrize("cell", ["pending", "unknown", "NEVER_SUBSCRIBED", "-", "?", "n/a"])
def test_what_is_not_known_is_a_question_of_its_own(cell: str) -> None:
    assert read_wish("consent", cell) == StatedWish(open_question=frozenset({Purpose.MAIL}))


@pytest.mark.parametrize("wish", ["consent", "unsubscribed", "mailings", "opens_consent", "do_not_track"])
@pytest.mark.parametrize("cell", ["maybe", "2", "only in summer", "yes, but no calls", "withdrawn on Friday"])
def test_what_is_not_understood_is_refused_with_the_remedy(wish: str, cell: str) -> None:
    with pytest.raises(ValueError, match=r"not clear what the person wants; write `given` or `withdrawn`"):
        read_wish(wish, cell)


@pytest.mark.parametrize(
    ("heading", "cells", "wish"),
    [
        ("status", ["subscribed", "", "unsubscribed"], "mailings"),
        ("status", ["active", "inactive"], ""),
        ("status", ["paid", "unsubscribed"], ""),
        ("newsletter", ["yes", "no"], "mailings"),
        ("newsletter", ["weekly", "no"], ""),
        ("tracking", ["no", "yes"], "tracking_consent"),
        ("tracking", ["1Z999AA10123456784"], ""),
        ("column_2", ["subscribed", "unsubscribed"], "mailings"),
        ("column_2", ["yes", "no"], ""),
        ("city", ["unsubscribed"], ""),
        ("status", [""], ""),
    ],
)
def test_some_headings_state_a_wish_by_their_cells(heading: str, cells: list[str], wish: str) -> None:
    assert perhaps(heading, cells) == wish


def test_a_clear_cell_counts_where_the_heading_is_doubtful() -> None:
    assert is_doubtful("status")
    assert not is_doubtful("city")
    assert clear_wish("Unsubscribed") == StatedWish(ended="unsubscribed")
    assert clear_wish("paid") is NO_WISH


def test_a_custom_field_that_states_a_wish_is_named() -> None:
    assert states_a_wish({"city": "Ulm", "E-Mail consent": "withdrawn"}) == "E-Mail consent"
    assert states_a_wish({"consent": " ", "opens": "3"}) == ""
