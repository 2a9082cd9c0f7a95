"""The report as PDF, read by a reader that has nothing to do with its writer."""

import pypdfium2
import pytest

from postlude.services.campaigns.report import report_of
from postlude.services.campaigns.report_pdf import report_pdf
from postlude.store.campaigns.rows import Campaign
from support.past_campaigns import HOUR_US, past_campaign

from .conftest import World

AT = 1_764_594_000_000_000


def _pages(world: World, campaign: Campaign) -> list[str]:
    document = pypdfium2.PdfDocument(report_pdf(campaign, report_of(world.store, campaign), AT))
    texts = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return texts


@pytest.fixture
def campaign(world: World) -> Campaign:
    done = {"opened": 30, "clicked": 5, "bounced": 2}
    return past_campaign(world.store, 7, "Größe, Привет <b>&amp;", 1000 * HOUR_US, 60, done)


def test_it_has_the_numbers_of_the_report(world: World, campaign: Campaign) -> None:
    [page] = _pages(world, campaign)
    assert "Opened 51.7 % 30 of 58" in page
    assert "Thunderbird 30 5" in page
    assert "unknown user 2" in page
    assert "As of 1 December 2025, 13:00 UTC." in page


def test_names_are_text_and_never_markup(world: World, campaign: Campaign) -> None:
    assert _pages(world, campaign)[0].startswith("1 Größe, Привет <b>&amp; Subject of")


def test_what_is_usual_and_what_is_not_stands_in_it(world: World) -> None:
    for number in range(5):
        past_campaign(world.store, 7, f"News {number}", (1000 + number) * HOUR_US, 60, {"opened": 10 + number})
    prize = past_campaign(world.store, 7, "Prize", 2000 * HOUR_US, 60, {"opened": 50})
    assert "▲ above usual" in _pages(world, prize)[0]


def test_the_same_report_gives_the_same_bytes(world: World, campaign: Campaign) -> None:
    report = report_of(world.store, campaign)
    assert report_pdf(campaign, report, AT) == report_pdf(campaign, report, AT)


def test_a_campaign_that_nothing_happened_to_is_a_page_as_well(world: World) -> None:
    quiet = past_campaign(world.store, 7, "Quiet", 1000 * HOUR_US, 0, {})
    [page] = _pages(world, quiet)
    assert "Opened none" in page
