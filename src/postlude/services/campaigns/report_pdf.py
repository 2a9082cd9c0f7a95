"""A campaign's report as PDF, for those who do not sign in: the same numbers, readable in black and white."""

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from postlude.analytics import Rate
from postlude.kit.clock import to_datetime
from postlude.services.campaigns.breakdown import Comparison, PeriodCounts
from postlude.services.campaigns.pdf_text import FONT, FONT_BOLD, fitting_text, register_fonts
from postlude.services.campaigns.report import CampaignReport, hidden_words
from postlude.store.campaigns.rows import Campaign

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

RATE_NAMES: Final = {
    "delivered": "Delivered",
    "opened": "Opened",
    "clicked": "Clicked",
    "replied": "Answered",
    "unsubscribed": "Unsubscribed",
    "complained": "Marked as spam",
    "bounced": "Bounced",
}
_STANDS: Final = {"above": "▲ above usual", "below": "▼ below usual", "": ""}
_LINES: Final = 40
"""Of a table; a PDF is for reading, and the files have all of it."""
_MM: Final = 72 / 25.4
_WIDTH: Final = 174 * _MM


def report_pdf(campaign: Campaign, report: CampaignReport, at: int) -> bytes:
    """The report as it is at `at`. The same report gives the same bytes."""
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - reportlab costs 150 ms and 20 MB, and is rarely needed
    from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415 - as above

    register_fonts()
    out = io.BytesIO()
    margin = 18 * _MM
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        title=campaign.name,
        author="Postlude",
        invariant=1,
    )
    document.build(_Parts(campaign, report, at).all(), onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _foot(canvas: Any, document: Any) -> None:  # noqa: ANN401 - reportlab has no types
    canvas.setFont(FONT, 8)
    canvas.drawRightString(document.pagesize[0] - document.rightMargin, 10 * _MM, f"{canvas.getPageNumber()}")


class _Parts:
    """What stands in the document, in its order."""

    def __init__(self, campaign: Campaign, report: CampaignReport, at: int) -> None:
        from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415 - as above

        self._campaign, self._report, self._at = campaign, report, at
        self._plain = ParagraphStyle("plain", fontName=FONT, fontSize=9, leading=12)
        self._right = ParagraphStyle("right", parent=self._plain, alignment=2)
        self._bold = ParagraphStyle("bold", parent=self._plain, fontName=FONT_BOLD)
        self._bold_right = ParagraphStyle("bold right", parent=self._bold, alignment=2)
        self._title = ParagraphStyle("title", parent=self._bold, fontSize=16, leading=20, spaceAfter=4)
        self._head = ParagraphStyle(
            "head", parent=self._bold, fontSize=11, leading=14, spaceBefore=12, spaceAfter=4, keepWithNext=1
        )

    def all(self) -> "list[Flowable]":
        report = self._report
        found = [*self._top(), self._rates(report.parts.comparisons), *self._hidden(), *self._who()]
        found += [*self._over_time(), *self._variants(), *self._links(), *self._providers()]
        return [*found, *self._programs(), *self._bounces()]

    def _top(self) -> "list[Flowable]":
        campaign = self._campaign
        sent = f"sent {_moment(campaign.started_at)}, " if campaign.started_at else ""
        subjects = "; ".join(dict.fromkeys(variant.subject for variant in self._report.variants))
        state = f"{sent}{self._report.all.copies:,} copies. As of {_moment(self._at)}."
        return [
            self._text(campaign.name, self._title),
            self._text(f"{subjects}. From {campaign.sender}."),
            self._text(state),
            self._text("Rates", self._head),
        ]

    def _rates(self, comparisons: Iterable[Comparison]) -> "Flowable":
        rows = []
        for one in sorted(comparisons, key=lambda each: list(RATE_NAMES).index(each.name)):
            usual = "" if one.normal is None else f"{_percent(one.normal.median)} ({_band(one.normal)})"
            rows.append([RATE_NAMES[one.name], *_rate(one.rate), usual, _STANDS[one.standing]])
        head = ["", "Rate", "Count", "95 % certain", "Usual for you", ""]
        return self._table(head, rows, [30, 16, 26, 30, 44, 28])

    def _hidden(self) -> "list[Flowable]":
        words = hidden_words(self._report.hidden)
        return [self._space(), self._text(words)] if words else []

    def _who(self) -> "list[Flowable]":
        one = self._report.all
        rows = [
            ["Opened", f"{one.opened:,}", f"{one.opened_unknown:,}", f"{one.opened_machine:,}"],
            ["Clicked", f"{one.clicked:,}", "", f"{one.clicked_machine:,}"],
        ]
        head = ["Copies, by whom", "People", "Cannot be told", "Only machines"]
        return [self._text("People and machines", self._head), self._table(head, rows, [60, 38, 38, 38])]

    def _over_time(self) -> "list[Flowable]":
        parts = self._report.parts
        found: list[Flowable] = []
        for periods, words in ((parts.hours, "hour"), (parts.days, "day")):
            if periods and (words == "hour" or len(periods) > 1):
                most = max(one.opens + one.clicks for one in periods)
                ends = f"{_moment(periods[0].at)} to {_moment(periods[-1].at)}; the highest bar is {most:,}"
                found += [self._text(f"By the {words}", self._head), _chart(periods)]
                found += [self._text(f"Opens light, clicks dark, by people: {ends}.")]
        return found

    def _variants(self) -> "list[Flowable]":
        verdict, report = self._report.parts.verdict, self._report
        if verdict is None:
            return []
        rows = []
        for one in report.variants:
            marks = "best" if verdict.decided and verdict.best == one.name else "sent" if one.winner else ""
            chance = f"{100 * verdict.probabilities[one.name]:.0f} %"
            rows.append([one.name, one.subject, f"{one.funnel.delivered:,}", f"{one.funnel.opened:,}",
                         f"{one.funnel.clicked:,}", chance, marks])  # fmt: skip
        head = ["", "Subject", "Delivered", "Opened", "Clicked", "Best, probably", ""]
        sent = next((one.name for one in report.variants if one.winner), "")
        words = (
            f"{verdict.best} is the best." if verdict.decided else "Undecided" + (f", sent {sent}." if sent else ".")
        )
        return [
            self._text("Variants", self._head),
            self._table(head, rows, [10, 72, 20, 18, 18, 24, 12]),
            self._text(words),
        ]

    def _links(self) -> "list[Flowable]":
        found = sorted((one for one in self._report.links if one.tracked), key=lambda one: -one.clicks)
        rows = [[f"{one.label}\n{one.url}".strip(), one.variant, f"{one.clicks:,}", f"{one.clicks_unknown:,}",
                 f"{one.clicks_machine:,}"] for one in found]  # fmt: skip
        return self._part("Links", ["Link", "Variant", "Clicks", "Not known", "Machines"], rows, [98, 16, 20, 20, 20])

    def _providers(self) -> "list[Flowable]":
        rows = []
        for one in self._report.parts.providers:
            rates = (one.opened, one.clicked, one.bounced, one.complained)
            rows.append([one.provider, f"{one.copies:,}", f"{one.delivered:,}", *map(_short, rates)])
        head = ["Provider", "Copies", "Delivered", "Opened", "Clicked", "Bounced", "Spam"]
        return self._part("Mailbox providers", head, rows, [40, 20, 22, 23, 23, 23, 23])

    def _programs(self) -> "list[Flowable]":
        used = [one for one in self._report.parts.clients if one.opens or one.clicks]
        rows = [[one.client or "Not known", f"{one.opens:,}", f"{one.clicks:,}"] for one in used]
        return self._part("Programs", ["Program", "Opens", "Clicks"], rows, [114, 30, 30])

    def _bounces(self) -> "list[Flowable]":
        rows = [[one.reason.replace("_", " "), f"{one.copies:,}"] for one in self._report.parts.bounces]
        return self._part("Bounces", ["Reason", "Copies"], rows, [144, 30])

    def _part(self, title: str, head: list[str], rows: list[list[str]], widths: Sequence[int]) -> "list[Flowable]":
        if not rows:
            return []
        more = [self._text(f"and {len(rows) - _LINES:,} more")] if len(rows) > _LINES else []
        return [self._text(title, self._head), self._table(head, rows[:_LINES], widths), *more]

    def _table(self, head: list[str], rows: list[list[str]], widths: Sequence[int]) -> "Flowable":
        from reportlab.platypus import Table, TableStyle  # noqa: PLC0415 - as above

        numeric = [place > 0 and all(_is_number(row[place]) for row in rows) for place in range(len(head))]
        heads = zip(head, numeric, strict=True)
        cells = [[self._text(text, self._bold_right if right else self._bold) for text, right in heads]]
        for row in rows:
            places = zip(row, numeric, strict=True)
            cells.append([self._text(text, self._right if right else self._plain) for text, right in places])
        style = TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, "#000000"),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, "#999999"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
        return Table(cells, [width * _MM for width in widths], style=style, repeatRows=1, hAlign="LEFT")

    def _text(self, text: str, style: Any = None) -> "Flowable":  # noqa: ANN401 - as above
        from reportlab.platypus import Paragraph  # noqa: PLC0415 - as above

        lines = "<br/>".join(fitting_text(line) for line in text.split("\n"))
        return Paragraph(lines, style or self._plain)

    def _space(self) -> "Flowable":
        from reportlab.platypus import Spacer  # noqa: PLC0415 - as above

        return Spacer(1, 4)


def _chart(periods: Sequence[PeriodCounts]) -> "Flowable":
    from reportlab.graphics.shapes import Drawing, Line, Rect  # noqa: PLC0415 - as above

    high, most = 28 * _MM, max(1, *(one.opens + one.clicks for one in periods))
    wide = min(_WIDTH / len(periods), 12 * _MM)
    drawing = Drawing(_WIDTH, high + 2)
    for place, one in enumerate(periods):
        clicks, opens = high * one.clicks / most, high * one.opens / most
        left, each = place * wide + 0.1 * wide, 0.8 * wide
        if opens:
            drawing.add(Rect(left, clicks, each, opens, fillColor="#c9c9c9", strokeColor="#555555", strokeWidth=0.4))
        if clicks:
            drawing.add(Rect(left, 0, each, clicks, fillColor="#222222", strokeColor="#222222", strokeWidth=0.4))
    drawing.add(Line(0, 0, wide * len(periods), 0, strokeColor="#000000", strokeWidth=0.6))
    return drawing


def _is_number(text: str) -> bool:
    """Whether it stands right: a count, a rate, or nothing."""
    return not text or text == "none" or (text[0].isdigit() and "(" not in text and " to " not in text)


def _rate(rate: Rate) -> list[str]:
    if not rate.of:
        return ["none", "", ""]
    return [_percent(rate.value), f"{rate.count:,} of {rate.of:,}", _band(rate)]


def _short(rate: Rate) -> str:
    return _percent(rate.value) if rate.of else "none"


def _band(one: Any) -> str:  # noqa: ANN401 - a rate or a normal range: both have `low` and `high`
    return f"{100 * one.low:.1f} to {_percent(one.high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _moment(at: int) -> str:
    return to_datetime(at).strftime("%-d %B %Y, %H:%M UTC")
