"""`creditloom quote`: what one loan costs to the cent, and whether the law of its day allows it. JSON in, JSON out, or flags."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from creditloom.decision.base.errors import DecisionError
from creditloom.decision.base.strict_json import parse
from creditloom.decision.quote.quote import quote as answer
from creditloom.decision.quote.request import Request
from creditloom.decision.rulebook.law import Law, in_order
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section

_out = Console(soft_wrap=True, highlight=False)


def quote(
    product: Annotated[
        str | None, typer.Option(help="a product of products/, as weilidai@S5")
    ] = None,
    amount: Annotated[float | None, typer.Option(help="CNY")] = None,
    rate: Annotated[float | None, typer.Option(help="per cent a day, as 0.05")] = None,
    tier: Annotated[
        str | None, typer.Option(help="the price of this tier, instead of --rate")
    ] = None,
    tenor: Annotated[
        int | None, typer.Option(help="in the product's unit; default: what a decision offers")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="equal_instalment, equal_principal, interest_first, bullet or revolving_daily"
        ),
    ] = None,
    law: Annotated[
        str | None,
        typer.Option(help="a profile of products/law/; default: the one in force on the start"),
    ] = None,
    start: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="value date; default: today")
    ] = None,
    settle_on: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="a day to settle early")
    ] = None,
    overdue_days: Annotated[
        int, typer.Option(min=1, help="days late, for the example of the overdue cost")
    ] = 10,
    source: Annotated[
        Path | None,
        typer.Option("--input", help="the request as a JSON file, or - for standard input"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="the quotation as JSON on standard output")
    ] = False,
) -> None:
    """Quote a loan: schedule, annual rates, charges and receivers, overdue cost, early settlement. Exit code 2 where the law refuses."""
    given = {
        "product": product, "amount": amount, "daily_rate": rate, "tier": tier, "tenor": tenor, "method": method, "law": law,
        "start": _day(start), "settle_on": _day(settle_on), "overdue_days": overdue_days,
    }  # fmt: skip
    found = quoted(_request(given, source))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    else:
        _show(found)
    if found["refusals"]:
        raise typer.Exit(2)


def quoted(given: dict[str, Any]) -> dict[str, Any]:
    """The quotation of a request by the names of `Request`; one without a start starts today."""
    request = parse(Request, {"start": _today(), **given}, "request")
    return answer(_product(request.product), _law(request), _tiers(), request)


def _request(flags: dict[str, Any], source: Path | None) -> dict[str, Any]:
    """Flags over what the JSON says; a request without a start starts today."""
    text = (
        "{}"
        if source is None
        else sys.stdin.read()
        if str(source) == "-"
        else source.read_text(encoding="utf-8")
    )
    try:
        written = json.loads(text)
    except json.JSONDecodeError as error:
        raise _refusal("the request is not JSON", str(source), "one object", str(error)) from error
    if not isinstance(written, dict):
        raise _refusal(
            "the request is not JSON of one loan", str(source), "one object", type(written).__name__
        )
    defaults = {"overdue_days": Request.overdue_days, "start": _today()}
    chosen = {
        key: value
        for key, value in flags.items()
        if value is not None and value != defaults.get(key)
    }
    return {**defaults, **written, **chosen}


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


def _product(name: str) -> Product:
    known = sorted(file.stem for file in paths.PRODUCTS.glob("*_[vS]*.yaml"))
    stem = name.replace("@", "_")
    if stem not in known:
        raise _refusal("there is no such product", "product", f"one of {', '.join(known)}", name)
    return document(Product, paths.PRODUCTS / f"{stem}.yaml")


def _law(request: Request) -> Law:
    """The profile named, or of those in params.yaml the one in force on the start."""
    if request.law is not None:
        file = paths.LAW / f"{request.law}.yaml"
        if not file.is_file():
            known = ", ".join(sorted(f.stem for f in paths.LAW.glob("*.yaml")))
            raise _refusal("there is no such law profile", "law", f"one of {known}", request.law)
        return document(Law, file)
    laws = in_order(
        tuple(
            document(Law, paths.LAW / f"{name}.yaml")
            for name in section("policy", PolicyParams, paths.params_file()).law_profiles
        )
    )
    for law in laws:
        if law.effective_from <= request.start <= (law.effective_to or dt.date.max):
            return law
    raise _refusal(
        "no law profile is in force",
        "start",
        f"a day of {', '.join(law.id for law in laws)}",
        request.start.isoformat(),
    )


def _tiers() -> Tiers:
    return Tiers.from_edges(section("policy", PolicyParams, paths.params_file()).tier_edges)


def _day(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.date().isoformat()


def _show(found: dict[str, Any]) -> None:
    head = Table("quotation", found["product"], title=found["decision"])
    annual = found["annual"]
    shown = {
        "amount": f"{found['amount_cny']} CNY, {found['tenor']}, {found['repayment_method']}, {found['daily_rate_percent']} % a day",
        "law": found["law_profile"],
        "a year": ", ".join(
            f"{name} {100 * value:.4f} %" for name, value in annual.items() if value is not None
        ),
        "overdue": found["overdue_cost"],
        **{refusal["code"]: refusal["reason"] for refusal in found["refusals"]},
        **{
            c["item"]: f"{c['amount_cny']} CNY to {c['receiver']} ({c['taken']})"
            for c in found.get("charges", ())
        },
        **({"total cost": f"{found['total_cost_cny']} CNY"} if "total_cost_cny" in found else {}),
        **(
            {"settled": f"{end['total_cny']} CNY on {end['on']}"}
            if (end := found.get("early_settlement"))
            else {}
        ),
    }
    for name, text in shown.items():
        head.add_row(name, text)
    _out.print(head)
    rows = found.get("schedule", [])
    table = Table(*("due", "principal", "interest", "charges", "total", "balance"))
    for row in rows:
        table.add_row(
            row["due"],
            *(
                row[f"{name}_cny"]
                for name in ("principal", "interest", "charges", "total", "balance")
            ),
        )
    if rows:
        _out.print(table)
    for notice in found.get("notices", ()):
        _out.print(f"- {notice['en']}")


def _refusal(what: str, where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what, where=where, expected=expected, got=got, next_step="correct the request"
    )
