"""Compares the simulated world with the numbers that the sources name: the table of claims.

Each claim has a target, a tolerance, the figure found, and a reason where the target is not met.
Figures are computed on a sample of applicants, from their raw tables and their truth. Claims about
decisions use the figures of the portfolio (domain 7.4, 7.7, 7.9). This world cannot answer every
claim. Such a claim has no figure, but it is listed with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from creditloom.models.evaluation import claim_figures as view
from creditloom.models.evaluation.claim_figures import ClaimFigure, ClaimSample

ClaimMeasure = Callable[[ClaimSample], ClaimFigure | None]
TWO_HORIZONS = "needs the book run forward: `creditloom review`"


@dataclass(frozen=True)
class Claim:
    """A number that a source names.

    what: what it counts. source: rules and sections.
    target, tolerance: where it should lie. measure: None where this world cannot answer.
    why: the reason why the claim may not hold; empty where it should hold.
    """

    id: str
    what: str
    source: str
    target: float
    tolerance: float
    measure: ClaimMeasure | None
    why: str = ""


# table: claims, each with id and what it counts; source, target, tolerance and measure; why
CLAIMS = (
    Claim("payments_5_a_day", "five payments a day or more (90 days, full activity)",
          "S3-R15, 7.4", 0.34, 0.05, view.payments_5_a_day),
    Claim("payments_at_night", "payments between 23 and 5 h",
          "7.4", 0.10, 0.03, view.payments_at_night),
    Claim("gambling_like", "gambling-like payments",
          "7.4", 0.003, 0.0015, view.gambling_like),
    Claim("red_packet_gap", "red-packet gap over 0.3 in 6 months",
          "S5-R22, 7.4", 0.15, 0.03, view.red_packet_gap),
    Claim("bills_on_time", "bills paid by the due date",
          "7.4", 0.90, 0.04, view.bills_on_time,
          "a record that is clean for nine in ten shows too little of punctuality "
          "for R2 .90 of payment flow"),
    Claim("degree_200", "200 contacts or more (a tenth of whom apply here)",
          "S3-R08, 7.4", 0.26, 0.04, view.degree_200),
    Claim("friends_disc", "correlation of discipline between contacts",
          "7.4", 0.20, 0.05, view.friends_disc),
    Claim("friends_luck", "correlation of the unseen shock between contacts",
          "7.4", 0.20, 0.05, view.friends_luck),
    Claim("devices_2", "two devices or more in 180 days",
          "7.4", 0.31, 0.05, view.devices_2),
    Claim("devices_3", "three devices or more in 180 days",
          "7.4", 0.07, 0.04, view.devices_3),
    Claim("emulators_honest", "emulator logins of honest people",
          "7.4", 0.002, 0.001, view.emulators_honest),
    Claim("emulators_fraud", "emulator logins of frauds",
          "7.4", 0.25, 0.05, view.emulators_fraud),
    Claim("enquiries_over_4", "more than four hard enquiries in 90 days",
          "S3-R10, 7.4", 0.07, 0.02, view.enquiries_over_4),
    Claim("no_overdue", "no instalment 30 days late within a year",
          "7.4", 0.80, 0.06, view.no_overdue),
    Claim("utilisation", "mean use of card lines",
          "7.4", 0.40, 0.05, view.utilisation),
    Claim("bureau_score", "mean bureau score",
          "7.4", 650.0, 10.0, view.bureau_score),
    Claim("face_retry", "face check repeated at least once",
          "S5-R14", 0.783, 0.05, view.face_retry),
    Claim("thin_blue_collar", "blue collar with a usable file",
          "S5-R36, S4-R29, C23, 7.2", 0.61, 0.03, view.covered_blue_collar),
    Claim("life_shocks", "life shocks a month",
          "7.5", 0.0048, 0.0005, view.life_shocks),
    Claim("bad_rate", "default within twelve months, neutral macro",
          "7.7", 0.0235, 0.0020, view.bad_rate),
    Claim("default_first_payment", "frauds' defaults that are first-payment defaults",
          "7.4", 0.85, 0.15, view.first_payment_default),
    Claim("pay_score_600", "payment score 600 or more among the invited",
          "S5-R02, C14, 7.9", 0.85, 0.03, view.pay_score_600),
    Claim("opens_3", "three opens a day or more among the invited",
          "S5-R04, C14, 7.9", 0.78, 0.04, view.opens_3),
    Claim("contributions_uplift", "pass rate with a year of housing fund over less",
          "S5-R06, 7.9", 1.40, 0.15, view.contributions_uplift),
    Claim("red_packet_risk", "relative risk with a gap over 0.3",
          "S5-R22, 7.9", 0.88, 0.08, view.red_packet_risk),
    Claim("device_changes", "log-odds that three devices or more in 90 days add",
          "S5-R24, 7.9", 0.40, 0.15, view.device_changes),
    Claim("merchant_uplift", "merchants' pass rate over white collar's at 68 %",
          "S5-R37, C29, 7.7", 0.18, 0.03, view.merchant_uplift),
    Claim("approval", "approval rate, out-of-time",
          "S5-R07, 7.7", 0.685, 0.065, view.approval),
    Claim("bad_rate_approved", "true bad rate of the approved (at most)",
          "S5-R55, 7.7", 0.010, 0.003, view.bad_rate_approved),
    Claim("mean_rate", "mean yearly rate of offers",
          "S4-R42, 7.9", 0.156, 0.010, view.mean_rate,
          "a book with a PD near 1 % needs 6-8 % to cover its costs; the tiers' prices of "
          "the house are below the source's mean"),
    Claim("cash_increase", "limit raised in 3 months, cash and wealth accounts",
          "S5-R29, 7.9", 0.87, 0.05, None, TWO_HORIZONS),
    Claim("two_proofs", "limit raised with two asset proofs",
          "S5-R43, 7.9", 0.92, 0.04, None, TWO_HORIZONS),
    Claim("impersonation_stop", "impersonations stopped at the gate",
          "S3-R49, 7.9", 0.987, 0.005, None,
          "a rate of the gate in front of this world: what passes it is the 0.6 % of "
          "frauds that apply"),
    Claim("transaction_block", "suspicious transactions blocked",
          "S3-R50, 7.9", 0.92, 0.05, None,
          "monitoring after booking lies outside this world"),
)  # fmt: skip


def table(world: ClaimSample) -> pd.DataFrame:
    """Return one row per claim.

    Columns: id, what, source, target, tolerance, found, n, holds, why_not. found, n and holds are
    null without a figure.
    """
    rows = [_row(claim, claim.measure(world) if claim.measure else None) for claim in CLAIMS]
    # Types that can hold a null.
    return pd.DataFrame(rows).astype({"n": "Int64", "holds": "boolean", "found": "float64"})


def _row(claim: Claim, figure: ClaimFigure | None) -> dict[str, object]:
    """Return the row of one claim."""
    row: dict[str, object] = {
        "id": claim.id,
        "what": claim.what,
        "source": claim.source,
        "target": claim.target,
        "tolerance": claim.tolerance,
    }
    if figure is None:
        return {**row, "found": None, "n": None, "holds": None, "why_not": claim.why}
    holds = abs(figure.value - claim.target) <= claim.tolerance
    return {
        **row,
        "found": figure.value,
        "n": figure.n,
        "holds": holds,
        "why_not": "" if holds else claim.why,
    }
