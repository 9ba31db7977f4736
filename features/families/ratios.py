"""Features made of other features, often of two families: ratios (inflow to debt service) and marks (S3-R13, C19: six indicators).

A ratio is null where its bottom is 0 or either side is null; a mark is null where its feature is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..declare.declarations import FeatureSpec, Mark, Ratio
from ..declare.texts import LAST_EN, LAST_ZH, NO_BASE

FAMILY_OF = {
    "pay": "payment_flow", "soc": "social_graph", "ast": "assets", "dev": "device_stability", "bur": "bureau", "idn": "identity",
}  # fmt: skip
_LONG, _YEAR = ("3m", "12m"), ("3m", "6m", "12m")


def _spec(
    name: str,
    concept: str,
    kind: str,
    window: str,
    unit: str,
    direction: int,
    en: str,
    zh: str,
    source: str,
) -> FeatureSpec:
    measure = name.partition("_")[2]
    return FeatureSpec(
        f"{name}_{window}", FAMILY_OF[name.partition("_")[0]], concept, measure, "", kind, window, unit, direction, NO_BASE, en, zh,
        source, "",
    )  # fmt: skip


def _ratios(
    concept: str,
    name: str,
    windows: tuple[str, ...],
    top: str,
    bottom: str,
    en: str,
    zh: str,
    source: str = "domain 7.4",
    sign: int = 0,
) -> Iterator[Ratio]:
    """One ratio per window; `top` and `bottom` name features, `{w}` stands for the window."""
    for w in windows:
        spec = _spec(
            f"{name}_ratio",
            concept,
            "ratio",
            w,
            "ratio",
            sign,
            f"{en} {LAST_EN[w]}",
            f"{LAST_ZH[w]}{zh}",
            source,
        )
        yield Ratio(spec, top.format(w=w), bottom.format(w=w))


def _mark(
    name: str,
    concept: str,
    of: str,
    low: float | None,
    high: float | None,
    en: str,
    zh: str,
    source: str,
) -> Mark:
    window = of.rpartition("_")[2]
    spec = _spec(
        name,
        concept,
        "mark",
        window,
        "flag",
        0,
        f"{en} {LAST_EN[window]}",
        f"{LAST_ZH[window]}{zh}",
        source,
    )
    return Mark(spec, of, low, high)


_IN, _OUT, _SHOP = "pay_in_amount_cny_{w}", "pay_out_amount_cny_{w}", "pay_out_shop_amount_cny_{w}"
_DUE, _DEBT = "bur_instalment_amount_cny_{w}", "bur_statement_debt_mean_cny_{w}"
_LQT, _LCT = "ast_lqt_balance_mean_cny_{w}", "ast_lct_balance_mean_cny_{w}"
_MET, _LOGINS = "soc_meet_count_{w}", "dev_login_count_{w}"

_RATIOS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "credit_utilisation": (
        ("bur_debt_to_inflow", _LONG, _DEBT, _IN, "debt against inflow", "负债与收入之比", "S1-R74"),
        ("bur_instalments_to_inflow", _YEAR, _DUE, _IN, "instalments against inflow", "还款与收入之比", "S1-R74"),
        ("bur_instalments_to_outflow", _LONG, _DUE, _OUT, "instalments against outflow", "还款与支出之比", "S1-R74"),
        ("bur_debt_to_instalments", _LONG, _DEBT, _DUE, "debt against instalments", "负债与还款之比"),
        ("bur_debt_to_spending", _LONG, _DEBT, _SHOP, "debt against purchases", "负债与消费之比"),
        ("bur_cash_to_instalments", _YEAR, _LQT, _DUE, "cash balance against instalments", "零钱通余额与还款之比", "S3-R09"),
        ("bur_debt_to_cash", _LONG, _DEBT, _LQT, "debt against cash balance", "负债与零钱通余额之比", "S3-R09"),
        ("bur_debt_to_wealth", _LONG, _DEBT, _LCT, "debt against wealth products", "负债与理财通余额之比", "S4-R28"),
        ("bur_debt_to_proofs", ("12m",), _DEBT, "ast_proof_value_cny_ever", "debt against proved assets", "负债与资产证明之比", "S3-R25"),
        ("bur_debt_per_lender", _LONG, _DEBT, "bur_statement_lenders_mean_{w}", "debt for each open lender", "每家授信机构负债", "S1-R53"),
    ),
    "credit_enquiries": (
        ("bur_enquiries_per_lender", _YEAR, "bur_enquiry_hard_count_{w}", "bur_statement_lenders_mean_{w}",
         "hard enquiries for each open lender", "每家授信机构的贷款审批查询数", "S1-R53", 1),
        ("bur_enquiries_per_payment", _LONG, "bur_enquiry_hard_count_{w}", "pay_out_count_{w}",
         "hard enquiries against payments", "贷款审批查询与支付笔数之比", "S1-R53"),
    ),
    "repayment_record": (
        ("bur_late_instalments_per_bill", _LONG, "bur_instalment_late_count_{w}", "pay_bill_count_{w}",
         "late instalments against bills", "逾期还款与账单数之比", "S2-R28"),
        ("bur_late_to_bill_late", _LONG, "bur_instalment_late_mean_days_{w}", "pay_bill_late_mean_days_{w}",
         "delay of instalments against delay of bills", "还款逾期与账单逾期天数之比", "S2-R28"),
    ),
    "fund_retention": (
        ("pay_cash_to_inflow", _LONG, "pay_out_cash_amount_cny_{w}", _IN,
         "transfers and withdrawals against inflow", "转账提现与收入之比", "S3-R03"),
        ("pay_shop_to_inflow", _YEAR, _SHOP, _IN, "purchases against inflow", "消费与收入之比", "S3-R03"),
        ("pay_rent_to_inflow", ("3m",), "pay_out_rent_amount_cny_{w}", _IN, "rent against inflow", "房租与收入之比"),
        ("pay_kept_to_spending", _LONG, "pay_wallet_kept_mean_cny_{w}", _SHOP, "kept amount against purchases", "留存金额与消费之比"),
    ),
    "spending_pattern": (
        ("pay_leisure_to_inflow", _LONG, "pay_out_leisure_amount_cny_{w}", _IN, "leisure payments against inflow", "休闲支出与收入之比"),
        ("pay_gambling_to_inflow", _LONG, "pay_out_gambling_like_amount_cny_{w}", _IN,
         "gambling-like payments against inflow", "类博彩支出与收入之比"),
        ("pay_games_to_shop", _LONG, "pay_out_games_amount_cny_{w}", _SHOP, "game payments against purchases", "游戏支付与消费之比"),
    ),
    "bill_punctuality": (
        ("pay_bills_to_inflow", _LONG, "pay_bill_amount_cny_{w}", _IN, "bills against inflow", "账单与收入之比", "S2-R28"),
    ),
    "payment_activity": (
        ("pay_receipts_to_shop", _LONG, "pay_in_merchant_amount_cny_{w}", _SHOP,
         "merchant receipts against purchases", "商户收款与消费之比", "S4-R52"),
        ("pay_payments_per_login", _YEAR, "pay_out_count_{w}", _LOGINS, "payments for each login", "每次登录的支付笔数", "S4-R26"),
        ("pay_inflow_per_login", _LONG, _IN, _LOGINS, "inflow for each login", "每次登录的收入"),
    ),
    "red_packet_balance": (
        ("soc_packets_to_inflow", _YEAR, "soc_packet_sent_amount_cny_{w}", _IN,
         "red packets sent against inflow", "发出红包与收入之比", "S5-R22"),
        ("soc_packets_to_shop", _LONG, "soc_packet_sent_amount_cny_{w}", _SHOP,
         "red packets sent against purchases", "发出红包与消费之比", "S5-R22"),
        ("soc_received_to_inflow", _LONG, "soc_packet_received_amount_cny_{w}", _IN,
         "red packets received against inflow", "收到红包与收入之比", "S5-R22"),
        ("soc_packets_per_person", _LONG, "soc_packet_sent_count_{w}", "soc_meet_person_distinct_{w}",
         "red packets sent for each person met", "每位互动联系人的发出红包数", "S5-R22"),
    ),
    "contact_network": (
        ("soc_people_to_contacts", _LONG, "soc_meet_person_distinct_{w}", "soc_contact_person_distinct_ever",
         "people met against all contacts", "互动联系人占全部联系人之比", "S3-R08", -1),
        ("soc_transfers_per_person", _LONG, "pay_out_transfer_count_{w}", "soc_meet_person_distinct_{w}",
         "transfers for each person met", "每位互动联系人的转账数", "S4-R26"),
    ),
    "group_activity": (
        ("soc_groups_per_person", _LONG, "soc_group_messages_{w}", "soc_meet_person_distinct_{w}",
         "group contacts for each person met", "每位互动联系人的群组互动数", "S2-R16"),
    ),
    "interaction_frequency": (
        ("soc_meetings_per_login", _LONG, _MET, _LOGINS, "days of contact for each login", "每次登录的人际互动数", "S4-R26"),
        ("soc_received_messages", ("12m",), "soc_graph_in_messages_count_ever", "soc_meet_messages_{w}",
         "contacts received against contacts made", "他人主动互动与主动互动之比", "S5-R17"),
    ),
    "cash_balance": (
        ("ast_cash_to_inflow", _YEAR, _LQT, _IN, "cash balance against inflow", "零钱通余额与收入之比", "S3-R09"),
        ("ast_cash_to_outflow", _YEAR, _LQT, _OUT, "cash balance against outflow", "零钱通余额与支出之比", "S3-R09"),
        ("ast_lowest_cash_to_outflow", _LONG, "ast_lqt_balance_min_cny_{w}", _OUT,
         "lowest cash balance against outflow", "零钱通最低余额与支出之比", "S3-R09"),
    ),
    "wealth_and_proofs": (
        ("ast_wealth_to_cash", _LONG, _LCT, _LQT, "wealth products against cash balance", "理财通与零钱通余额之比", "S4-R28"),
        ("ast_wealth_to_outflow", _LONG, _LCT, _OUT, "wealth products against outflow", "理财通余额与支出之比", "S4-R28"),
        ("ast_proofs_to_inflow", ("12m",), "ast_proof_value_cny_ever", _IN, "proved assets against inflow", "资产证明与收入之比", "S3-R25"),
    ),
    "contribution_record": (
        ("ast_contributions_to_inflow", _LONG, "ast_paid_amount_cny_{w}", _IN, "contributions against inflow", "缴存与收入之比", "S3-R25"),
        ("ast_contributions_to_salary", _LONG, "ast_paid_amount_cny_{w}", "pay_in_salary_amount_cny_{w}",
         "contributions against salary", "缴存与工资收入之比", "S3-R25"),
    ),
    "device_constancy": (
        ("dev_devices_per_login_day", _YEAR, "dev_login_device_distinct_{w}", "dev_login_active_days_{w}",
         "devices against days with logins", "设备数与登录天数之比", "S5-R24", 1),
    ),
    "location_constancy": (
        ("dev_regions_per_device", _LONG, "dev_login_region_distinct_{w}", "dev_login_device_distinct_{w}",
         "regions for each device", "每台设备的地区数", "S5-R19"),
    ),
    "device_integrity": (
        ("dev_mismatches_per_device", _LONG, "dev_login_mismatch_count_{w}", "dev_login_device_distinct_{w}",
         "foreign fingerprints for each device", "每台设备的指纹不一致登录数", "S1-R57"),
    ),
    "verification_retries": (
        ("idn_checks_per_login", ("12m",), "idn_check_count_{w}", _LOGINS,
         "identity checks for each login", "每次登录的身份核验数", "S5-R42"),
        ("idn_failures_per_mismatch", ("12m",), "idn_check_fail_count_{w}", "dev_login_mismatch_count_{w}",
         "failed identity checks against foreign fingerprints", "未通过核验与指纹不一致登录之比", "S1-R57"),
        ("idn_checks_per_enquiry", ("12m",), "idn_check_count_{w}", "bur_enquiry_hard_count_{w}",
         "identity checks for each hard enquiry", "每次贷款审批查询的身份核验数", "S1-R53"),
    ),
}  # fmt: skip

RATIOS = tuple(
    ratio for concept, rows in _RATIOS.items() for row in rows for ratio in _ratios(concept, *row)
)

MARKS = (
    _mark("pay_is_spending_3000", "payment_activity", "pay_out_shop_amount_cny_6m", 18_000.0,
     None, "purchases of 3,000 yuan or more a month", "月均消费不低于3000元", "S3-R07"),
    _mark("pay_is_even_spender", "spending_stability", "pay_out_shop_monthly_amount_cv_ratio_6m", None,
     0.15, "spending that varies by 15 % or less from month to month", "月消费波动不超过15%", "S3-R11"),
    _mark("soc_is_generous", "red_packet_balance", "soc_packet_sent_packet_received_amount_gap_ratio_6m", 0.3,
     None, "red packets sent exceed those received by 0.3 of both", "红包发收差额超过0.3", "S5-R22"),
    _mark("soc_is_connected", "contact_network", "soc_meet_person_distinct_6m", 5.0,
     None, "contact with five or more people", "与五位以上联系人互动", "S3-R08"),
    _mark("ast_is_holding_5000", "cash_balance", "ast_lqt_balance_mean_cny_6m", 5_000.0,
     None, "an average cash balance of 5,000 yuan or more", "零钱通日均余额不低于5000元", "S3-R09"),
    _mark("ast_is_insured_a_year", "contribution_record", "ast_paid_insurance_run_months_12m", 11.0,
     None, "eleven or more months of insurance in a row", "社保连续缴存十一个月以上", "S5-R05"),
    _mark("dev_is_changing_devices", "device_constancy", "dev_login_device_distinct_3m", 3.0,
     None, "three or more devices", "使用三台以上设备", "S5-R24"),
    _mark("bur_is_punctual", "repayment_record", "bur_instalment_late_count_12m", None,
     1.0, "at most one late instalment", "逾期还款不超过一次", "S3-R10"),
    _mark("bur_is_scoring_650", "repayment_record", "bur_statement_score_last_points_3m", 650.0,
     None, "a bureau score of 650 or more", "征信评分不低于650", "S3-R12"),
    _mark("bur_is_shopping_for_credit", "credit_enquiries", "bur_enquiry_hard_count_3m", 5.0,
     None, "more than four hard enquiries", "贷款审批查询超过四次", "S1-R59"),
    _mark("idn_is_fully_proved", "proof_completeness", "idn_check_pass_kind_distinct_ever", 5.0,
     None, "five or more kinds of proof passed", "通过五类以上身份核验", "S5-R05"),
)  # fmt: skip
