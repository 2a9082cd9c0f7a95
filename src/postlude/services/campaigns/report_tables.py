"""A campaign's report, and many campaigns, as tables for files."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from postlude.analytics import Rate
from postlude.kit.data_table import CellKind, CellValue, Column, DataTable
from postlude.services.campaigns.breakdown import RATES, PeriodCounts, ProviderLine
from postlude.services.campaigns.comparison import CampaignLine
from postlude.services.campaigns.report import CampaignReport, LinkLine
from postlude.store.campaigns.breakdown import HitCounts
from postlude.store.campaigns.rows import Funnel

_W, _S, _T = CellKind.WHOLE, CellKind.SHARE, CellKind.TIME
_COUNTS: Final = tuple(name for name in Funnel.__struct_fields__ if name != "message")
_RATE: Final = (Column("count", _W), Column("of", _W), Column("share", _S), Column("low", _S), Column("high", _S))
_PERIOD: Final = (Column("begins_at", _T), Column("opens", _W), Column("clicks", _W), Column("others", _W))
_PROVIDER_RATES: Final = ("opened", "clicked", "bounced", "complained")


def report_tables(report: CampaignReport) -> list[DataTable]:
    """Every part of the report that is a table; those without rows too."""
    parts = report.parts
    return [
        DataTable("rates", (Column("rate"), *_RATE, *_usual_columns()), _rates(report)),
        DataTable(
            "funnel", (Column("variant"), Column("subject"), *(Column(one, _W) for one in _COUNTS)), _funnels(report)
        ),
        DataTable("hours", _PERIOD, _periods(parts.hours)),
        DataTable("days", _PERIOD, _periods(parts.days)),
        DataTable("links", _LINK, map(_link, report.links)),
        DataTable(
            "variants", (Column("variant"), Column("probability_to_be_best", _S), Column("decided")), _best(report)
        ),
        DataTable("providers", _provider_columns(), map(_provider, parts.providers)),
        DataTable(
            "programs",
            (Column("program"), *(Column(name, _W) for name in HitCounts.__struct_fields__)),
            ([one.client, *(getattr(one, name) for name in HitCounts.__struct_fields__)] for one in parts.clients),
        ),
        DataTable(
            "bounces", (Column("reason"), Column("copies", _W)), ([one.reason, one.copies] for one in parts.bounces)
        ),
    ]


def results_data(lines: Iterable[CampaignLine]) -> DataTable:
    """Many campaigns: one row each, every rate with its count, base and interval."""
    columns = [Column("campaign"), Column("name"), Column("status"), Column("sent_at", _T), Column("copies", _W)]
    for name in RATES:
        columns += [Column(f"{name}_{one.name}", one.kind) for one in _RATE] + [Column(f"{name}_unusual")]
    return DataTable("campaigns", columns, map(_line, lines))


def _line(line: CampaignLine) -> list[CellValue]:
    row: list[CellValue] = [line.campaign, line.name, line.status.value, line.started_at, line.funnel.copies]
    for name in RATES:
        row += [*_rate(line.rates[name].rate), line.rates[name].standing]
    return row


def _rate(rate: Rate) -> list[CellValue]:
    return [rate.count, rate.of, rate.value, rate.low, rate.high] if rate.of else [rate.count, 0, None, None, None]


def _usual_columns() -> tuple[Column, ...]:
    return (Column("usual", _S), Column("usual_low", _S), Column("usual_high", _S), Column("unusual"))


def _rates(report: CampaignReport) -> Iterator[Sequence[CellValue]]:
    for one in report.parts.comparisons:
        usual: list[CellValue] = [None] * 3
        if one.normal is not None:
            usual = [one.normal.median, one.normal.low, one.normal.high]
        yield [one.name, *_rate(one.rate), *usual, one.standing]


def _funnels(report: CampaignReport) -> Iterator[Sequence[CellValue]]:
    for variant in report.variants:
        yield [variant.name, variant.subject, *(getattr(variant.funnel, name) for name in _COUNTS)]
    yield ["all", "", *(getattr(report.all, name) for name in _COUNTS)]


def _periods(periods: Iterable[PeriodCounts]) -> Iterator[Sequence[CellValue]]:
    for one in periods:
        yield [one.at, one.opens, one.clicks, one.others]


_LINK: Final = (
    Column("variant"), Column("position", _W), Column("label"), Column("url"), Column("clicks", _W),
    Column("clicks_unknown", _W), Column("clicks_machine", _W), Column("tracked"),
)  # fmt: skip


def _link(one: LinkLine) -> list[CellValue]:
    tracked = "yes" if one.tracked else "no"
    return [
        one.variant, one.position, one.label, one.url, one.clicks, one.clicks_unknown, one.clicks_machine, tracked
    ]  # fmt: skip


def _best(report: CampaignReport) -> Iterator[Sequence[CellValue]]:
    verdict = report.parts.verdict
    for name, probability in verdict.probabilities.items() if verdict is not None else ():
        best = verdict is not None and verdict.decided and verdict.best == name
        yield [name, probability, "best" if best else ""]


_PROVIDER_COUNTS: Final = ("copies", "delivered", "opened_unknown", "opened_machine")


def _provider_columns() -> list[Column]:
    columns = [Column("provider"), *(Column(name, _W) for name in _PROVIDER_COUNTS)]
    return columns + [Column(f"{name}_{one.name}", one.kind) for name in _PROVIDER_RATES for one in _RATE]


def _provider(one: ProviderLine) -> list[CellValue]:
    row: list[CellValue] = [one.provider, *(getattr(one, name) for name in _PROVIDER_COUNTS)]
    for name in _PROVIDER_RATES:
        row += _rate(getattr(one, name))
    return row
