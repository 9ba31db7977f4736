"""Features made of other features, often of two families: ratios and marks.

A ratio (inflow to debt service) is null where its bottom is 0 or either side is null. A mark is
null where its feature is. Six marks are the indicators of S3-R13 and C19.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..families.families import FAMILY_OF_PREFIX, SOURCE_OF_CONCEPT
from .declarations import AT_3M_12M, FROM_3M, FeatureSpec, Mark, Ratio
from .sentences import Sayings, mark_sayings, plain_sayings
from .texts import LAST_EN, LAST_ZH, NO_BASE


def _spec(
    kind: str,
    unit: str,
    concept: str,
    name: str,
    window: str,
    direction: int,
    en: str,
    zh: str,
    source: str,
) -> FeatureSpec:
    """Return the spec of a feature over one window; the prefix of its name says the family."""
    prefix, _, measure = name.partition("_")
    # table: fields of one feature
    return FeatureSpec(
        name=f"{name}_{window}",
        family=FAMILY_OF_PREFIX[prefix],
        concept=concept,
        measure=measure,
        slice="",
        aggregate=kind,
        window=window,
        unit=unit,
        direction=direction,
        null_meaning=NO_BASE,
        text_en=f"{en} {LAST_EN[window]}",
        text_zh=f"{LAST_ZH[window]}{zh}",
        source=source,
        # It belongs to no raw table of its own: it is built where its features are.
        table="",
        **_said(kind, concept, f"{en} {LAST_EN[window]}", f"{LAST_ZH[window]}{zh}"),
    )


def _said(kind: str, concept: str, text_en: str, text_zh: str) -> Sayings:
    """Return the sentences of a mark; those of a ratio, which nobody is told, are its texts."""
    if kind == "mark":
        return mark_sayings(text_en, text_zh, concept=concept)
    return plain_sayings(text_en, text_zh, is_sayable=False, concept=concept, aggregate=kind)


def _ratios(
    concept: str,
    name: str,
    windows: tuple[str, ...],
    top: str,
    bottom: str,
    en: str,
    zh: str,
    source: str = "",
    direction: int = 0,
) -> Iterator[Ratio]:
    """Return one ratio per window.

    `top` and `bottom` name features; `{w}` stands for the window.
    """
    for window in windows:
        spec = _spec(
            kind="ratio",
            unit="ratio",
            concept=concept,
            name=f"{name}_ratio",
            window=window,
            direction=direction,
            en=en,
            zh=zh,
            source=source or SOURCE_OF_CONCEPT[concept],
        )
        yield Ratio(spec, top.format(w=window), bottom.format(w=window))


def _mark(
    concept: str,
    name: str,
    of: str,
    en: str,
    zh: str,
    source: str,
    low: float | None = None,
    high: float | None = None,
    direction: int = 0,
) -> Mark:
    """Return a mark of the feature `of`, over that feature's window."""
    spec = _spec(
        kind="mark",
        unit="flag",
        concept=concept,
        name=name,
        window=of.rpartition("_")[2],
        direction=direction,
        en=en,
        zh=zh,
        source=source,
    )
    return Mark(spec, of, low, high)


# Features that several ratios use.
_IN = "pay_in_amount_cny_{w}"
_OUT = "pay_out_amount_cny_{w}"
_SHOP = "pay_out_shop_amount_cny_{w}"
_DUE = "bur_instalment_amount_cny_{w}"
_DEBT = "bur_statement_debt_mean_cny_{w}"
_LQT = "ast_lqt_balance_mean_cny_{w}"
_LCT = "ast_lct_balance_mean_cny_{w}"
_MET = "soc_meet_count_{w}"
_LOGINS = "dev_login_count_{w}"

# table: ratios (concept, name, windows, top, bottom; texts, source, direction)
RATIOS: tuple[Ratio, ...] = (
    *_ratios("credit_utilisation", "bur_debt_to_inflow", AT_3M_12M, _DEBT, _IN,
        "debt against inflow", "负债与收入之比", "S3-R45"),
    *_ratios("credit_utilisation", "bur_instalments_to_inflow", FROM_3M, _DUE, _IN,
        "instalments against inflow", "还款与收入之比", "S3-R45"),
    *_ratios("credit_utilisation", "bur_instalments_to_outflow", AT_3M_12M, _DUE, _OUT,
        "instalments against outflow", "还款与支出之比", "S3-R45"),
    *_ratios("credit_utilisation", "bur_debt_to_instalments", AT_3M_12M, _DEBT, _DUE,
        "debt against instalments", "负债与还款之比"),
    *_ratios("credit_utilisation", "bur_debt_to_spending", AT_3M_12M, _DEBT, _SHOP,
        "debt against purchases", "负债与消费之比"),
    *_ratios("credit_utilisation", "bur_cash_to_instalments", FROM_3M, _LQT, _DUE,
        "cash balance against instalments", "零钱通余额与还款之比", "S5-R18"),
    *_ratios("credit_utilisation", "bur_debt_to_cash", AT_3M_12M, _DEBT, _LQT,
        "debt against cash balance", "负债与零钱通余额之比", "S5-R18"),
    *_ratios("credit_utilisation", "bur_debt_to_wealth", AT_3M_12M, _DEBT, _LCT,
        "debt against investments", "负债与理财通余额之比", "S5-R18"),
    *_ratios("credit_utilisation", "bur_debt_to_proofs", ("12m",), _DEBT,
        "ast_proof_value_cny_ever",
        "debt against proved assets", "负债与资产证明之比", "S5-R18"),
    *_ratios("credit_utilisation", "bur_debt_per_lender", AT_3M_12M, _DEBT,
        "bur_statement_lenders_mean_{w}",
        "debt for each lender with unpaid loans", "有未结清贷款的机构平均每家负债", "S1-R53"),
    *_ratios("credit_enquiries", "bur_enquiries_per_lender", FROM_3M,
        "bur_enquiry_hard_count_{w}", "bur_statement_lenders_mean_{w}",
        "credit checks for a loan application for each lender with unpaid loans",
        "有未结清贷款的机构平均每家对应的贷款审批查询数", "S1-R53",
        direction=1),
    *_ratios("credit_enquiries", "bur_enquiries_per_payment", AT_3M_12M,
        "bur_enquiry_hard_count_{w}", "pay_out_count_{w}",
        "credit checks for a loan application against payments", "贷款审批查询与支付笔数之比",
        "S1-R53",
        direction=1),
    *_ratios("repayment_record", "bur_late_instalments_per_bill", AT_3M_12M,
        "bur_instalment_late_count_{w}", "pay_bill_count_{w}",
        "loan instalments paid late against bills", "逾期还款与账单数之比", "S2-R18", direction=1),
    *_ratios("repayment_record", "bur_late_to_bill_late", AT_3M_12M,
        "bur_instalment_late_mean_days_{w}", "pay_bill_late_mean_days_{w}",
        "delay of instalments against delay of bills", "还款逾期与账单逾期天数之比", "S2-R18"),
    *_ratios("fund_retention", "pay_cash_to_inflow", AT_3M_12M, "pay_out_cash_amount_cny_{w}", _IN,
        "transfers and withdrawals against inflow", "转账提现与收入之比", "S2-R17"),
    *_ratios("fund_retention", "pay_shop_to_inflow", FROM_3M, _SHOP, _IN,
        "purchases against inflow", "消费与收入之比", "S2-R17"),
    *_ratios("fund_retention", "pay_rent_to_inflow", ("3m",), "pay_out_rent_amount_cny_{w}", _IN,
        "rent against inflow", "房租与收入之比", "domain 7.4"),
    *_ratios("fund_retention", "pay_kept_to_spending", AT_3M_12M, "pay_wallet_kept_mean_cny_{w}",
        _SHOP,
        "kept amount against purchases", "留存金额与消费之比", direction=-1),
    *_ratios("spending_pattern", "pay_leisure_to_inflow", AT_3M_12M,
        "pay_out_leisure_amount_cny_{w}", _IN,
        "leisure payments against inflow", "休闲支出与收入之比"),
    *_ratios("spending_pattern", "pay_gambling_to_inflow", AT_3M_12M,
        "pay_out_gambling_like_amount_cny_{w}", _IN,
        "payments for what looks like gambling against inflow", "类博彩支出与收入之比"),
    *_ratios("spending_pattern", "pay_games_to_shop", AT_3M_12M, "pay_out_games_amount_cny_{w}",
        _SHOP,
        "game payments against purchases", "游戏支付与消费之比"),
    *_ratios("bill_punctuality", "pay_bills_to_inflow", AT_3M_12M, "pay_bill_amount_cny_{w}", _IN,
        "bills against inflow", "账单与收入之比", "S2-R28"),
    *_ratios("payment_activity", "pay_receipts_to_shop", AT_3M_12M,
        "pay_in_merchant_amount_cny_{w}", _SHOP,
        "payments received as a merchant against purchases", "商户收款与消费之比", "S4-R52"),
    *_ratios("payment_activity", "pay_payments_per_login", FROM_3M, "pay_out_count_{w}", _LOGINS,
        "payments for each login", "每次登录的支付笔数", "S4-R26"),
    *_ratios("payment_activity", "pay_inflow_per_login", AT_3M_12M, _IN, _LOGINS,
        "inflow for each login", "每次登录的收入"),
    *_ratios("red_packet_balance", "soc_packets_to_inflow", FROM_3M,
        "soc_packet_sent_amount_cny_{w}", _IN,
        "red packets sent against inflow", "发出红包与收入之比", "S4-R26"),
    *_ratios("red_packet_balance", "soc_packets_to_shop", AT_3M_12M,
        "soc_packet_sent_amount_cny_{w}", _SHOP,
        "red packets sent against purchases", "发出红包与消费之比", "S4-R26"),
    *_ratios("red_packet_balance", "soc_received_to_inflow", AT_3M_12M,
        "soc_packet_received_amount_cny_{w}", _IN,
        "red packets received against inflow", "收到红包与收入之比", "S4-R26"),
    *_ratios("red_packet_balance", "soc_packets_per_person", AT_3M_12M,
        "soc_packet_sent_count_{w}", "soc_meet_person_distinct_{w}",
        "red packets sent for each person in touch with", "每位互动联系人的发出红包数", "S4-R26"),
    *_ratios("contact_network", "soc_people_to_contacts", AT_3M_12M,
        "soc_meet_person_distinct_{w}", "soc_contact_person_distinct_ever",
        "people in touch with against all contacts", "互动联系人占全部联系人之比", "S3-R08",
        direction=-1),
    *_ratios("contact_network", "soc_transfers_per_person", AT_3M_12M,
        "pay_out_transfer_count_{w}", "soc_meet_person_distinct_{w}",
        "transfers for each person met", "每位互动联系人的转账数", "S4-R26"),
    *_ratios("group_activity", "soc_groups_per_person", AT_3M_12M, "soc_group_messages_{w}",
        "soc_meet_person_distinct_{w}",
        "group chats for each person in touch with", "每位互动联系人的群聊数", "S2-R16"),
    *_ratios("interaction_frequency", "soc_meetings_per_login", AT_3M_12M, _MET, _LOGINS,
        "times in touch with people for each login", "每次登录的人际互动数", "S4-R26"),
    *_ratios("interaction_frequency", "soc_received_messages", ("12m",),
        "soc_graph_in_messages_count_ever", "soc_meet_messages_{w}",
        "exchanges begun by others against the person's own", "他人主动互动与主动互动之比",
        "S1-R12"),
    *_ratios("cash_balance", "ast_cash_to_inflow", FROM_3M, _LQT, _IN,
        "cash balance against inflow", "零钱通余额与收入之比", "S2-R19"),
    *_ratios("cash_balance", "ast_cash_to_outflow", FROM_3M, _LQT, _OUT,
        "cash balance against outflow", "零钱通余额与支出之比", "S2-R19"),
    *_ratios("cash_balance", "ast_lowest_cash_to_outflow", AT_3M_12M,
        "ast_lqt_balance_min_cny_{w}", _OUT,
        "lowest cash balance against outflow", "零钱通最低余额与支出之比", "S2-R19"),
    *_ratios("wealth_and_proofs", "ast_wealth_to_cash", AT_3M_12M, _LCT, _LQT,
        "investments against cash balance", "理财通与零钱通余额之比", "S4-R28"),
    *_ratios("wealth_and_proofs", "ast_wealth_to_outflow", AT_3M_12M, _LCT, _OUT,
        "investments against outflow", "理财通余额与支出之比", "S4-R28"),
    *_ratios("wealth_and_proofs", "ast_proofs_to_inflow", ("12m",), "ast_proof_value_cny_ever",
        _IN,
        "proved assets against inflow", "资产证明与收入之比", "S3-R36"),
    *_ratios("contribution_record", "ast_contributions_to_inflow", AT_3M_12M,
        "ast_paid_amount_cny_{w}", _IN,
        "payments into social insurance and the housing fund against inflow", "缴存与收入之比",
        "S3-R25"),
    *_ratios("contribution_record", "ast_contributions_to_salary", AT_3M_12M,
        "ast_paid_amount_cny_{w}", "pay_in_salary_amount_cny_{w}",
        "payments into social insurance and the housing fund against salary", "缴存与工资收入之比",
        "S3-R25"),
    *_ratios("device_constancy", "dev_devices_per_login_day", FROM_3M,
        "dev_login_device_distinct_{w}", "dev_login_active_days_{w}",
        "devices against days with logins", "设备数与登录天数之比", "S5-R24", direction=1),
    *_ratios("location_constancy", "dev_regions_per_device", AT_3M_12M,
        "dev_login_region_distinct_{w}", "dev_login_device_distinct_{w}",
        "regions for each device", "每台设备的地区数", "S5-R19"),
    *_ratios("device_integrity", "dev_mismatches_per_device", AT_3M_12M,
        "dev_login_mismatch_count_{w}", "dev_login_device_distinct_{w}",
        "logins from a device not bound to the account for each device",
        "每台设备的非绑定设备登录次数", "S1-R57"),
    *_ratios("verification_retries", "idn_checks_per_login", ("12m",), "idn_check_count_{w}",
        _LOGINS,
        "identity checks for each login", "每次登录的身份核验数", "domain 7.4"),
    *_ratios("verification_retries", "idn_failures_per_mismatch", ("12m",),
        "idn_check_fail_count_{w}", "dev_login_mismatch_count_{w}",
        "failed identity checks against logins from a device not bound to the account",
        "未通过核验与非绑定设备登录之比",
        "S5-R15"),
    *_ratios("verification_retries", "idn_checks_per_enquiry", ("12m",), "idn_check_count_{w}",
        "bur_enquiry_hard_count_{w}",
        "identity checks for each credit check for a loan application",
        "每次贷款审批查询的身份核验数", "S1-R53",
        direction=-1),
)  # fmt: skip

# table: marks (concept, name, feature; texts, source, bounds)
MARKS = (
    # 3,000 yuan a month over six months.
    _mark("payment_activity", "pay_is_spending_3000", "pay_out_shop_amount_cny_6m",
        "purchases of 3,000 CNY or more a month on average,", "月均消费不低于3000元", "S3-R07",
        low=18_000.0),
    _mark("spending_stability", "pay_is_even_spender", "pay_out_shop_monthly_amount_cv_ratio_6m",
        "purchases that vary by 15 % or less from month to month,", "月消费波动不超过15%", "S3-R11",
        high=0.15),
    _mark("red_packet_balance", "soc_is_generous",
        "soc_packet_sent_packet_received_amount_gap_ratio_6m",
        "red packets sent worth clearly more than those received (by 30 % or more of both sums "
        "together)",
        "发出红包比收到红包多出的金额不低于两者合计的30%", "S5-R22",
        low=0.3),
    _mark("contact_network", "soc_is_connected", "soc_meet_person_distinct_6m",
        "contact with five or more different people", "与五位以上联系人互动", "S3-R08", low=5.0),
    _mark("cash_balance", "ast_is_holding_5000", "ast_lqt_balance_mean_cny_6m",
        "an average balance of 5,000 CNY or more in the Lingqiantong account",
        "零钱通日均余额不低于5000元",
        "S3-R09",
        low=5_000.0),
    _mark("contribution_record", "ast_is_insured_a_year", "ast_paid_insurance_run_months_12m",
        "payments into social insurance for eleven or more months in a row",
        "社保连续缴存十一个月以上", "S5-R05",
        low=11.0),
    _mark("device_constancy", "dev_is_changing_devices", "dev_login_device_distinct_3m",
        "logins from three or more different devices", "使用三台以上设备登录", "S5-R24", low=3.0),
    _mark("repayment_record", "bur_is_punctual", "bur_instalment_late_count_12m",
        "at most one loan instalment paid late", "逾期还款不超过一次", "S3-R10", high=1.0,
        direction=-1),
    _mark("repayment_record", "bur_is_scoring_650", "bur_statement_score_last_points_3m",
        "latest credit-report score of 650 or more", "最新征信评分不低于650", "S3-R12", low=650.0,
        direction=-1),
    # More than four whole enquiries are five or more.
    _mark("credit_enquiries", "bur_is_shopping_for_credit", "bur_enquiry_hard_count_3m",
        "more than four credit checks by lenders for a loan application", "贷款审批查询超过四次",
        "S1-R59", low=5.0, direction=1),
    _mark("proof_completeness", "idn_is_fully_proved", "idn_check_pass_kind_distinct_ever",
        "five or more kinds of identity check passed", "通过五类以上身份核验", "S3-R01", low=5.0),
)  # fmt: skip
