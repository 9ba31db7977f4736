"""The parts of a letter that make an offer: cost, payments, charges, being late, later choices."""

from __future__ import annotations

from collections.abc import Iterator

from creditloom.serving.applicant.letters.letter_types import Block, Grid, Lines, Part
from creditloom.serving.applicant.letters.marks import Sourced, singular
from creditloom.serving.applicant.letters.words import name_of, words

MONEY_COLUMNS = ("principal", "interest", "charges", "total", "balance")
HEADS = ("principal", "interest_column", "charges_column", "total", "balance")


def offer_parts(ink: Sourced) -> Iterator[Part]:
    """Yield cost, payments, charges, the cost of being late, and what may be done later."""
    yield _cost(ink)
    yield _payments(ink)
    yield _charges(ink)
    yield Part(_word(ink, "late"), (Lines(tuple(_late(ink))),))
    yield Part(_word(ink, "later"), (Lines(tuple(_later(ink)), is_list=True),))


def _word(ink: Sourced, key: str, **fields: str) -> str:
    return singular(words(key, ink.language).format(**fields))


def _cost(ink: Sourced) -> Part:
    unit = name_of(ink.at("row.tenor_unit"), ink.language)
    term = singular(f"{ink.number('whole', 'row.tenor')} {unit}")
    yearly = "row.apr_irr12" if ink.has("row.apr_irr12") else "row.apr_simple365"
    # table: what the loan costs, line by line
    rows = [
        ("amount", ink.money("quote.amount_cny", "cents")),
        ("received", ink.money("quote.received_cny", "cents")),
        ("term", term if ink.language == "en" else term.replace(" ", "")),
        ("method", name_of(ink.at("row.method"), ink.language)),
        ("rate_day", ink.percent("row.daily_rate", "daily")),
        ("rate_year", ink.percent(yearly)),
        ("rate_simple", ink.percent("row.apr_simple365")),
        ("rate_effective", ink.percent("row.eff_annual")),
        ("interest", ink.money("quote.interest_cny", "cents")),
        ("charges_total", ink.money("quote.charges_cny", "cents")),
        ("cost", ink.money("quote.total_cost_cny", "cents")),
    ]
    lead = _word(ink, "offer_lead", start=ink.number("date", "quote.start"))
    table = Grid(("", ""), tuple((_word(ink, key), value) for key, value in rows))
    return Part(_word(ink, "offer"), (Lines((lead,)), table))


def _payments(ink: Sourced) -> Part:
    blocks: list[Block] = []
    if ink.at("row.method") == "revolving_daily":
        blocks.append(Lines((_word(ink, "schedule_lead_line"),)))
    header = ("number", "due", *HEADS)
    rows = []
    for k in range(len(ink.at("quote.schedule"))):
        at = f"quote.schedule.{k}"
        figures = [ink.number("cents", f"{at}.{name}_cny") for name in MONEY_COLUMNS]
        rows.append((ink.number("whole", f"{at}.number"), ink.number("day", f"{at}.due"), *figures))
    heads = tuple(_word(ink, name) for name in header)
    blocks.append(Grid(heads, tuple(rows), is_money=True))
    return Part(_word(ink, "schedule"), tuple(blocks))


def _charges(ink: Sourced) -> Part:
    rows = []
    for k, charge in enumerate(ink.at("quote.charges")):
        names = [name_of(charge[key], ink.language) for key in ("item", "taken", "receiver")]
        rows.append((*names, ink.number("cents", f"quote.charges.{k}.amount_cny")))
    header = tuple(_word(ink, key) for key in ("item", "taken", "receiver", "charge_amount"))
    end = Lines((_word(ink, "charges_end"),))
    return Part(_word(ink, "charges"), (Grid(header, tuple(rows)), end))


def _late(ink: Sourced) -> Iterator[str]:
    if ink.has("row.penalty_rate"):
        replaces = ink.at("product.repayment.penalty.replaces")
        instead = _word(ink, "late_instead" if replaces else "late_beside")
        rate = ink.percent("row.penalty_rate", "daily")
        yield _word(ink, "late_rate", rate=rate, instead=instead)
    else:
        share = ink.percent("product.repayment.penalty.rate.value", "daily")
        yield _word(ink, "late_once", rate=share)
    if ink.at("product.repayment.grace.value"):
        days = ink.number("whole", "product.repayment.grace.value")
        yield _word(ink, "late_grace", days=days)
    amounts = {
        name: ink.money(f"quote.overdue.{name}_cny", "cents")
        for name in ("principal", "interest", "penalty", "total")
    }
    yield _word(ink, "late_example", days=ink.number("whole", "quote.overdue.days"), **amounts)
    reported = ink.number("whole", "quote.overdue.reported_from_days")
    yield _word(ink, "late_report", days=reported)


def _later(ink: Sourced) -> Iterator[str]:
    fees = [
        k
        for k, charge in enumerate(ink.at("product.charges"))
        if charge["taken"] == "early_settlement"
    ]
    if fees:
        share = ink.percent(f"product.charges.{fees[0]}.rate.value", "daily")
        yield _word(ink, "early_fee", share=share)
    else:
        yield _word(ink, "early")
    if ink.has("quote.cooling_off.total_cny"):
        hours = ink.number("whole", "quote.cooling_off.within_hours")
        total = ink.money("quote.cooling_off.total_cny", "cents")
        yield _word(ink, "withdraw", hours=hours, total=total)
    if ink.has("quote.extension.fee_cny"):
        yield _word(ink, "extend", text=ink.text(f"quote.extension.{ink.language}"))
