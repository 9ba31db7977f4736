"""Declares every raw table that features read: columns, types, bounds and checks.

There is one `Table` per raw table and one `Column` per column. The same declaration documents a
table, types it (`arrow_schema`), and gives the rules for rows that
`creditloom.storage.contract.contract` compiles to one SQL pass.
Money is int64 fen; times are naive UTC microseconds. An event has `event_time` (it happened) and
`known_time` (it could first be known). People, devices and lenders are pseudonymous ids (S2-R41).

A new raw table is declared here and listed in EVENT_TABLES; the families follow from the tables.
"""

from __future__ import annotations

from .column import BOOL, FLOAT64, INT16, INT32, INT64, STRING, TIME, Check, Column, Table


def _event(*own: Column) -> tuple[Column, ...]:
    """Return the columns of an event: those that all events have, then its own."""
    return (
        Column("event_id", INT64, "unique within the table; breaks ties in time", low=0),
        Column("applicant_id", INT64, "whose event it is", low=0),
        Column("event_time", TIME, "when it happened", "UTC"),
        Column(
            "known_time",
            TIME,
            "when it could first be known: event_time plus the reporting lag",
            "UTC",
        ),
        *own,
    )


SPEND_CATEGORIES = (
    "food",
    "shopping",
    "transport",
    "utilities",
    "rent",
    "health",
    "education",
    "entertainment",
    "games",
    "gambling_like",
    "transfer",
    "withdrawal",
)
INFLOW_CATEGORIES = ("salary", "merchant_receipt", "transfer", "refund")
PAYMENT_CATEGORIES = tuple(dict.fromkeys(SPEND_CATEGORIES + INFLOW_CATEGORIES))

# table: columns of payments
PAYMENTS = Table(
    name="payments",
    family="payment_flow",
    doc="one row per payment, in or out",
    key=("event_id",),
    columns=_event(
        Column("direction", STRING, "out of or into the wallet", among=("in", "out")),
        Column("category", STRING, "what it was for", among=PAYMENT_CATEGORIES),
        Column(
            "amount_fen", INT64, "amount, at most 10 million yuan", "fen", low=1, high=1_000_000_000
        ),
        Column("is_offline", BOOL, "paid at a counter by code rather than online"),
        Column(
            "counterparty_id",
            INT64,
            "applicant_id of a transfer's other side; null where it is no applicant",
            nullable=True,
            low=0,
        ),
    ),
    checks=(
        Check(
            "amount_fen.unit",
            "a salary or rent below 50 yuan: an amount in yuan where fen are asked for",
            "category IN ('salary', 'rent') AND amount_fen BETWEEN 1 AND 4999",
        ),
    ),
)
# table: columns of wallet_snapshots
WALLET_SNAPSHOTS = Table(
    name="wallet_snapshots",
    family="payment_flow",
    doc="state of the wallet seven days after an inflow (about twice a month)",
    key=("event_id",),
    columns=_event(
        Column("inflow_fen", INT64, "inflow of the seven days", "fen", low=0),
        Column("retained_fen", INT64, "what of it is still there", "fen", low=0),
    ),
    checks=(
        Check(
            "retained_fen.unit",
            "more is kept than came in: the two amounts have different units",
            "retained_fen > inflow_fen",
        ),
    ),
)
# table: columns of bills
BILLS = Table(
    name="bills",
    family="payment_flow",
    doc="one row per paid utility or phone bill; event_time is the payment",
    key=("event_id",),
    columns=_event(
        Column("kind", STRING, "which bill", among=("electricity", "water", "gas", "phone")),
        Column("amount_fen", INT64, "amount", "fen", low=1),
        Column(
            "days_late", INT16, "days after the due date, 0 when on time", "days", low=0, high=365
        ),
    ),
)
# table: columns of red_packets
RED_PACKETS = Table(
    name="red_packets",
    family="social_graph",
    doc="one row per red packet",
    key=("event_id",),
    columns=_event(
        Column("direction", STRING, "sent or received", among=("sent", "received")),
        Column("amount_fen", INT64, "amount, at most 200 yuan", "fen", low=1, high=20_000),
    ),
    consent="consent_social",
)
# table: columns of contacts
CONTACTS = Table(
    name="contacts",
    family="social_graph",
    doc="one row per directed contact edge, the strongest 30 of a person; "
    "event_time is when the edge was made",
    key=("event_id",),
    columns=_event(Column("contact_id", INT64, "the other person's applicant_id", low=0)),
    consent="consent_social",
)
# table: columns of interactions
INTERACTIONS = Table(
    name="interactions",
    family="social_graph",
    doc="counts of contact per day, metadata only, never content (S2-R24, S5-R23)",
    key=("event_id",),
    columns=_event(
        Column("kind", STRING, "what kind of contact", among=("chat", "call", "moments", "group")),
        Column("contact_id", INT64, "with whom; null for a group", nullable=True, low=0),
        Column("n_messages", INT32, "how many on that day", "count", low=1),
    ),
    consent="consent_social",
)
# table: columns of asset_balances
ASSET_BALANCES = Table(
    name="asset_balances",
    family="assets",
    doc="balance of a money-market (lqt) or wealth (lct) account, about twice a month",
    key=("event_id",),
    columns=_event(
        Column(
            "account", STRING, "lqt = cash account, lct = wealth products", among=("lqt", "lct")
        ),
        Column("balance_fen", INT64, "closing balance", "fen", low=0),
    ),
    consent="consent_assets",
)
# table: columns of contributions
CONTRIBUTIONS = Table(
    name="contributions",
    family="assets",
    doc="one row per month paid into social insurance or the housing fund",
    key=("event_id",),
    columns=_event(
        Column("kind", STRING, "which scheme", among=("social_insurance", "housing_fund")),
        Column("amount_fen", INT64, "amount", "fen", low=1),
    ),
    consent="consent_assets",
    checks=(
        Check(
            "amount_fen.unit",
            "a month's contribution below 20 yuan: yuan where fen are asked for",
            "amount_fen BETWEEN 1 AND 1999",
        ),
    ),
)
# table: columns of asset_proofs
ASSET_PROOFS = Table(
    name="asset_proofs",
    family="assets",
    doc="a document that proves an asset; event_time is when it was filed",
    key=("event_id",),
    columns=_event(
        Column("kind", STRING, "what it proves", among=("property", "car", "deposit", "pay_slip")),
        Column("value_fen", INT64, "stated value", "fen", nullable=True, low=0),
    ),
    consent="consent_assets",
    checks=(
        Check(
            "value_fen.unit",
            "a home or car worth less than 1,000 yuan: an amount in yuan where fen are asked for",
            "kind IN ('property', 'car') AND value_fen BETWEEN 1 AND 99999",
        ),
    ),
)
# table: columns of logins
LOGINS = Table(
    name="logins",
    family="device_stability",
    doc="one row per login",
    key=("event_id",),
    columns=_event(
        Column(
            "device_id",
            INT64,
            "pseudonymous device; null when the identifier is not available",
            nullable=True,
            low=0,
        ),
        Column(
            "ip_id",
            INT64,
            "pseudonymous address; null without location consent",
            nullable=True,
            low=0,
            consent="consent_location",
        ),
        Column(
            "ip_region",
            INT16,
            "province index of the address; null without location consent",
            nullable=True,
            low=0,
            high=33,
            consent="consent_location",
        ),
        Column(
            "network",
            STRING,
            "kind of the address: a carrier's (mobile) is shared by thousands; null where unknown",
            nullable=True,
            optional=True,
            among=("wifi", "mobile"),
            consent="consent_location",
        ),
        Column("is_fingerprint_match", BOOL, "device fingerprint equals the bound one"),
        Column("is_emulator", BOOL, "emulator or rooted device"),
    ),
)
# table: columns of enquiries
ENQUIRIES = Table(
    name="enquiries",
    family="bureau",
    doc="one row per credit enquiry at the bureau",
    key=("event_id",),
    columns=_event(
        Column("lender_id", INT32, "pseudonymous lender", low=0),
        Column(
            "kind",
            STRING,
            "hard = for an application, soft = account management",
            among=("hard", "soft"),
        ),
    ),
    consent="consent_bureau",
)
# table: columns of bureau_snapshots
BUREAU_SNAPSHOTS = Table(
    name="bureau_snapshots",
    family="bureau",
    doc="monthly bureau statement",
    key=("event_id",),
    columns=_event(
        Column("active_lenders", INT16, "lenders with an open account", "count", low=0),
        Column(
            "utilisation",
            FLOAT64,
            "used share of all card lines; null without a card",
            "share",
            nullable=True,
            low=0.0,
            high=2.0,
        ),
        Column("debt_fen", INT64, "total debt", "fen", low=0),
        Column(
            "bureau_score",
            INT16,
            "bureau score; null when too thin",
            "points",
            nullable=True,
            low=300,
            high=850,
        ),
    ),
    consent="consent_bureau",
)
# table: columns of repayments
REPAYMENTS = Table(
    name="repayments",
    family="bureau",
    doc="one row per instalment due on an earlier loan at any lender; "
    "event_time is when it was settled or reported",
    key=("event_id",),
    columns=_event(
        Column("lender_id", INT32, "pseudonymous lender, 0 = our own house", low=0),
        Column("amount_fen", INT64, "instalment", "fen", low=1),
        Column(
            "days_late",
            INT16,
            "days past due when settled, 0 on time or early",
            "days",
            low=0,
            high=720,
        ),
    ),
    consent="consent_bureau",
)
# table: columns of identity_checks
IDENTITY_CHECKS = Table(
    name="identity_checks",
    family="identity",
    doc="one row per attempt at an identity proof",
    key=("event_id",),
    columns=_event(
        Column(
            "kind",
            STRING,
            "which proof",
            among=("real_name", "face", "phone", "police", "bank_card", "address"),
        ),
        Column("is_pass", BOOL, "passed"),
        Column(
            "score",
            FLOAT64,
            "match score of the check; null where the check gives none",
            "share",
            nullable=True,
            low=0.0,
            high=1.0,
        ),
    ),
)

# table: columns of applications
APPLICATIONS = Table(
    name="applications",
    family=None,
    doc="one row per application: who, as of when, and what policy must know "
    "(never a model feature)",
    key=("application_id",),
    columns=(
        Column("application_id", INT64, "application", low=0),
        Column("applicant_id", INT64, "applicant", low=0),
        Column(
            "as_of",
            TIME,
            "moment of the decision; features see only what was known strictly before",
            "UTC",
        ),
        Column("age_years", INT16, "age", "years", nullable=True, low=0, high=120),
        Column("occupation", STRING, "declared; audit only", nullable=True),
        Column("region_tier", INT16, "region tier 1-6; audit only", nullable=True, low=1, high=6),
        Column(
            "verified_income_fen", INT64, "verified monthly income", "fen", nullable=True, low=0
        ),
        Column(
            "declared_income_fen",
            INT64,
            "monthly income as declared, proved or not",
            "fen",
            nullable=True,
            optional=True,
            low=0,
        ),
        Column("debt_service_fen", INT64, "monthly debt service", "fen", nullable=True, low=0),
        Column(
            "card_limits_fen", INT64, "sum of other banks' card limits", "fen", nullable=True, low=0
        ),
        Column(
            "wealth_fen",
            INT64,
            "proved wealth; null without assets consent",
            "fen",
            nullable=True,
            low=0,
            consent="consent_assets",
        ),
        Column(
            "annual_volume_fen",
            INT64,
            "payment volume of twelve months",
            "fen",
            nullable=True,
            low=0,
        ),
        Column(
            "exposure_fen", INT64, "open principal over all products", "fen", nullable=True, low=0
        ),
        Column(
            "months_on_book",
            INT16,
            "months since the first loan here, 0 for a new customer",
            "months",
            nullable=True,
            low=0,
        ),
        Column("is_student", BOOL, "student", nullable=True),
        Column("has_second_source", BOOL, "second repayment source confirmed", nullable=True),
        Column("is_repeat", BOOL, "repeat customer", nullable=True),
        Column("purpose", STRING, "declared use of the money", nullable=True),
        Column("is_invited", BOOL, "on the whitelist", nullable=True),
        Column(
            "pay_score",
            INT16,
            "payment score, a scale of its own (C08)",
            "points",
            nullable=True,
            low=300,
            high=850,
        ),
        Column(
            "opens_per_day",
            INT16,
            "times a day the app is opened, over six months",
            "count_per_day",
            nullable=True,
            low=0,
        ),
        Column("is_real_name", BOOL, "registered under the real name", nullable=True),
        Column(
            "own_card_count",
            INT16,
            "bank cards in the person's own name",
            "count",
            nullable=True,
            low=0,
        ),
        Column(
            "local_wage_fen",
            INT64,
            "average monthly wage where the person lives",
            "fen",
            nullable=True,
            low=0,
        ),
        Column(
            "least_monthly_flow_fen",
            INT64,
            "smallest outflow of the last three months of 30 days by the wallet's ledger; "
            "without the column it is taken from the payments",
            "fen",
            nullable=True,
            optional=True,
            is_computed=True,
            low=0,
        ),
        Column(
            "monthly_spend_fen",
            INT64,
            "mean purchases a month of the last three by the wallet's ledger; "
            "without the column it is taken from the payments",
            "fen",
            nullable=True,
            optional=True,
            is_computed=True,
            low=0,
        ),
        Column(
            "spend_cv_6m",
            FLOAT64,
            "variation of monthly purchases over six months by the wallet's ledger; null where "
            "nothing was bought; without the column it is taken from the payments",
            "ratio",
            nullable=True,
            optional=True,
            is_computed=True,
            low=0.0,
        ),
        Column(
            "is_payee_match",
            BOOL,
            "payout to an account of the own name",
            nullable=True,
            optional=True,
        ),
        Column(
            "is_risky_merchant",
            BOOL,
            "payout to a merchant on the risk list",
            nullable=True,
            optional=True,
        ),
        Column(
            "pulled_bureau_score",
            INT16,
            "bureau score as pulled on the day; audit only",
            "points",
            nullable=True,
            optional=True,
            low=300,
            high=850,
        ),
        Column(
            "incumbent_score",
            INT16,
            "points of the lender's earlier scorecard; audit only",
            "points",
            nullable=True,
            optional=True,
        ),
        Column(
            "is_override",
            BOOL,
            "a person decided against the earlier scorecard",
            nullable=True,
            optional=True,
        ),
        Column(
            "arm",
            STRING,
            "which policy decides, drawn at random; audit only",
            nullable=True,
            optional=True,
            among=("champion", "challenger"),
        ),
        Column(
            "arm_chance",
            FLOAT64,
            "chance with which that arm was drawn; audit only",
            "share",
            nullable=True,
            optional=True,
            low=0.0,
            high=1.0,
        ),
        Column("sex", STRING, "as stated; audit only", nullable=True, optional=True),
        Column(
            "area_arrears_index",
            FLOAT64,
            "index of arrears where the person lives, bought; never modelled by default",
            "index",
            nullable=True,
            optional=True,
        ),
        Column("consent_bureau", BOOL, "bureau query authorised"),
        Column("consent_social", BOOL, "social metadata authorised"),
        Column("consent_assets", BOOL, "assets authorised in writing"),
        Column("consent_location", BOOL, "location authorised"),
    ),
)
# table: columns of loans
LOANS = Table(
    name="loans",
    family=None,
    doc="one row per booked loan; application_id names the loan",
    key=("application_id",),
    columns=(
        Column(
            "application_id",
            INT64,
            "the application that was booked; an earlier loan's is older than all applications",
            low=0,
        ),
        Column("applicant_id", INT64, "borrower", low=0),
        Column("booked_time", TIME, "when it was booked", "UTC"),
        Column("principal_fen", INT64, "principal", "fen", low=1),
        Column("daily_rate", FLOAT64, "contract rate a day", "share", low=0.0),
        Column("tenor_months", INT16, "instalments", "months", low=1),
        Column("is_control", BOOL, "booked by the random control band, not by the old policy"),
        Column(
            "booking_propensity",
            FLOAT64,
            "probability with which this application was booked",
            "share",
            low=0.0,
            high=1.0,
        ),
    ),
)
# table: columns of loan_performance
LOAN_PERFORMANCE = Table(
    name="loan_performance",
    family=None,
    doc="month-end state of a booked loan; the label is made of it",
    key=("event_id",),
    columns=_event(
        Column("application_id", INT64, "the loan", low=0),
        Column("month_on_book", INT16, "months since booking", "months", low=1),
        Column(
            "dpd_days",
            INT16,
            "days past due at month end, counted from the contractual due date",
            "days",
            low=0,
        ),
        Column(
            "is_restructured",
            BOOL,
            "restructured because of arrears: in default as unlikely to pay, until probation ends",
            nullable=True,
            optional=True,
        ),
    ),
)
# table: columns of short_loans
SHORT_LOANS = Table(
    name="short_loans",
    family=None,
    doc="one row per booked loan of 7 or 14 days, repaid at once; application_id names the loan",
    key=("application_id",),
    columns=(
        Column("application_id", INT64, "the application that was booked", low=0),
        Column("applicant_id", INT64, "borrower", low=0),
        Column("booked_time", TIME, "when it was booked", "UTC"),
        Column("principal_fen", INT64, "principal", "fen", low=1),
        Column("daily_rate", FLOAT64, "contract rate a day", "share", low=0.0),
        Column("tenor_days", INT16, "days to the one repayment", "days", low=1),
        Column("is_control", BOOL, "booked by the random control band, not by the old policy"),
        Column(
            "booking_propensity",
            FLOAT64,
            "probability with which this application was booked",
            "share",
            low=0.0,
            high=1.0,
        ),
    ),
)
# table: columns of short_loan_performance
SHORT_LOAN_PERFORMANCE = Table(
    name="short_loan_performance",
    family=None,
    doc="state of a short loan some days after booking; its label is made of it",
    key=("event_id",),
    columns=_event(
        Column("application_id", INT64, "the loan", low=0),
        Column("day_on_book", INT16, "days since booking", "days", low=1),
        Column(
            "dpd_days",
            INT16,
            "days past due on that day, counted from the contractual due date",
            "days",
            low=0,
        ),
    ),
)

# The tables that features are made of, family by family.
EVENT_TABLES = (
    PAYMENTS,
    WALLET_SNAPSHOTS,
    BILLS,
    RED_PACKETS,
    CONTACTS,
    INTERACTIONS,
    ASSET_BALANCES,
    CONTRIBUTIONS,
    ASSET_PROOFS,
    LOGINS,
    ENQUIRIES,
    BUREAU_SNAPSHOTS,
    REPAYMENTS,
    IDENTITY_CHECKS,
)
TABLES = {
    table.name: table
    for table in (
        *EVENT_TABLES,
        APPLICATIONS,
        LOANS,
        LOAN_PERFORMANCE,
        SHORT_LOANS,
        SHORT_LOAN_PERFORMANCE,
    )
}
# The families in the order of their tables, which is the order of their features in the matrix.
FAMILIES = tuple(dict.fromkeys(table.family for table in EVENT_TABLES if table.family))
