"""`creditloom quote`: what one loan costs to the cent, and whether the law of its day allows it.

The request comes as options, as JSON, or as both; the answer is a table or JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.base.strict_json import parse
from creditloom.decision.quote.quote import quote as quotation_of
from creditloom.decision.quote.request import Request
from creditloom.decision.rulebook.law import Law, in_order
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.products.product_folder import ProductFolder

REFUSED_BY_LAW = 2  # exit code
# The money columns of a schedule, as the JSON names them without `_cny`.
MONEY_COLUMNS = ("principal", "interest", "charges", "total", "balance")
_out = Console(soft_wrap=True, highlight=False)

# The options of the command, each with its help.
ProductOption = Annotated[str | None, typer.Option(help="a product of products/, as weilidai@S5")]
AmountOption = Annotated[float | None, typer.Option(help="CNY")]
RateOption = Annotated[float | None, typer.Option(help="per cent a day, as 0.05")]
TierOption = Annotated[str | None, typer.Option(help="the price of this tier, instead of --rate")]
TenorOption = Annotated[
    int | None, typer.Option(help="in the product's unit; default: what a decision offers")
]
MethodOption = Annotated[
    str | None,
    typer.Option(
        help="equal_instalment, equal_principal, interest_first, bullet or revolving_daily"
    ),
]
LawOption = Annotated[
    str | None,
    typer.Option(help="a profile of products/law/; default: the one in force on the start"),
]
StartOption = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="value date; default: today")
]
SettleOption = Annotated[
    dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="a day to settle early")
]
OverdueOption = Annotated[
    int, typer.Option(min=1, help="days late, for the example of the overdue cost")
]
ShownOption = Annotated[
    float | None, typer.Option(help="yearly rate that is advertised, per cent: is it right?")
]
InputOption = Annotated[
    Path | None,
    typer.Option("--input", help="the request as a JSON file, or - for standard input"),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="the quotation as JSON on standard output")
]


def quote(
    product: ProductOption = None,
    amount: AmountOption = None,
    rate: RateOption = None,
    tier: TierOption = None,
    tenor: TenorOption = None,
    method: MethodOption = None,
    law: LawOption = None,
    start: StartOption = None,
    settle_on: SettleOption = None,
    overdue_days: OverdueOption = 10,
    shown_rate: ShownOption = None,
    source: InputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Quote a loan: schedule, annual rates, charges and receivers, overdue cost, early settlement.

    Exit code 2 where the law refuses.
    """
    options = {
        "product": product,
        "amount": amount,
        "daily_rate": rate,
        "tier": tier,
        "tenor": tenor,
        "method": method,
        "law": law,
        "start": _day(start),
        "settle_on": _day(settle_on),
        "overdue_days": overdue_days,
    }
    asked = {**options, "shown_rate": shown_rate}
    quotation = quotation_of_request(_request(asked, source))
    if as_json:
        # Do not print with rich: it would break the lines.
        sys.stdout.write(json.dumps(quotation, indent=1, ensure_ascii=False) + "\n")
    else:
        _show(quotation)
    if quotation["refusals"]:
        raise typer.Exit(REFUSED_BY_LAW)


def quotation_of_request(request: dict[str, Any]) -> dict[str, Any]:
    """Return the quotation of a request with the fields of `Request`; the start is today if absent.

    Raises DecisionError for an unknown product or law and for what the product does not offer.
    """
    parsed = parse(Request, {"start": _today(), **request}, "request")
    folder = ProductFolder.of()
    product = _product(folder, parsed.product)
    return quotation_of(product, _law(folder, parsed), _tiers(), parsed)


def _request(options: dict[str, Any], source: Path | None) -> dict[str, Any]:
    """Return the fields of the request: options override the JSON, the JSON overrides defaults."""
    try:
        written = json.loads(_text(source))
    except json.JSONDecodeError as error:
        raise _refusal("the request is not JSON", str(source), "one object", str(error)) from error
    if not isinstance(written, dict):
        got = type(written).__name__
        raise _refusal("the request is not JSON of one loan", str(source), "one object", got)
    defaults = {"overdue_days": Request.overdue_days, "start": _today()}
    # An option at its default was not given. It must not override the JSON.
    entered = {
        key: value
        for key, value in options.items()
        if value is not None and value != defaults.get(key)
    }
    return {**defaults, **written, **entered}


def _text(source: Path | None) -> str:
    if source is None:
        return "{}"
    return sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8")


def _today() -> str:
    # Today in UTC. The law profile is chosen by this day.
    return dt.datetime.now(dt.UTC).date().isoformat()


def _product(folder: ProductFolder, name: str) -> Product:
    ids = folder.ids("product")
    if name not in ids and name not in {id_.replace("@", "_") for id_ in ids}:
        raise _refusal("there is no such product", "product", f"one of {', '.join(ids)}", name)
    return folder.product(name)


def _law(folder: ProductFolder, request: Request) -> Law:
    """Return the law profile named, else the one of params.yaml that is in force on the start."""
    if request.law is not None:
        ids = folder.ids("law")
        if request.law not in ids:
            expected = f"one of {', '.join(ids)}"
            raise _refusal("there is no such law profile", "law", expected, request.law)
        return folder.law(request.law)
    # Only the profiles listed in params.yaml are chosen by date. All others (no law, other places)
    # must be named.
    names = section("policy", PolicyParams, paths.params_file()).law_profiles
    laws = in_order(tuple(folder.law(name) for name in names))
    for law in laws:
        if law.effective_from <= request.start <= (law.effective_to or dt.date.max):
            return law
    expected = f"a day of {', '.join(law.id for law in laws)}"
    got = request.start.isoformat()
    raise _refusal("no law profile is in force", "start", expected, got)


def _tiers() -> Tiers:
    return Tiers.from_edges(section("policy", PolicyParams, paths.params_file()).edges)


def _day(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.date().isoformat()


def _show(quotation: dict[str, Any]) -> None:
    summary = Table("quotation", quotation["product"], title=quotation["decision"])
    for name, text in _summary(quotation).items():
        summary.add_row(name, text)
    _out.print(summary)
    # A refused loan has no schedule.
    rows = quotation.get("schedule", [])
    if rows:
        _out.print(_schedule_table(rows))
    for notice in quotation.get("notices", ()):
        _out.print(f"- {notice['en']}")


def _summary(quotation: dict[str, Any]) -> dict[str, str]:
    """Return the lines of the first table: name -> text."""
    annual = {name: rate for name, rate in quotation["annual"].items() if rate is not None}
    terms = (
        f"{quotation['amount_cny']} CNY",
        quotation["tenor"],
        quotation["repayment_method"],
        f"{quotation['daily_rate_percent']} % a day",
    )
    lines = {
        "amount": ", ".join(terms),
        "law": quotation["law_profile"],
        "a year": ", ".join(f"{name} {100 * rate:.4f} %" for name, rate in annual.items()),
        "overdue": quotation["overdue_cost"],
    }
    if shown := quotation.get("shown_rate"):
        lines["advertised"] = shown["en"]
    for refusal in quotation["refusals"]:
        lines[refusal["code"]] = refusal["reason"]
    if allowed := quotation["most_allowed"]:
        lines["allowed"] = allowed["en"]
    for charge in quotation.get("charges", ()):
        taken = f"to {charge['receiver']} ({charge['taken']})"
        lines[charge["item"]] = f"{charge['amount_cny']} CNY {taken}"
    if "total_cost_cny" in quotation:
        lines["total cost"] = f"{quotation['total_cost_cny']} CNY"
    if settled := quotation.get("early_settlement"):
        lines["settled"] = f"{settled['total_cny']} CNY on {settled['on']}"
    for name, label in (("extension", "extended"), ("month_of_use", "a month of use")):
        if choice := quotation.get(name):
            lines[label] = choice["en"]
    return lines


def _schedule_table(rows: list[dict[str, str]]) -> Table:
    table = Table("due", *MONEY_COLUMNS)
    for row in rows:
        table.add_row(row["due"], *(row[f"{name}_cny"] for name in MONEY_COLUMNS))
    return table


def _refusal(what: str, where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what, where=where, expected=expected, got=got, next_step="correct the request"
    )
