"""The fixed words of letters and explanations, in English and Chinese; no digit stands in them."""

from __future__ import annotations

from creditloom.decision.reasons.text import Language

# table: key -> words in English and in Chinese; fields are numbers and texts with their marks
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Your application for {product}", "您的{product}申请结果"),
    "dear": ("Dear applicant,", "尊敬的申请人："),
    "numbers": (
        "Application {application}, decision {decision}, {date}",
        "申请编号{application}，审批编号{decision}，{date}",
    ),
    "numbers_undated": (
        "Application {application}, decision {decision}",
        "申请编号{application}，审批编号{decision}",
    ),
    # the first sentence, by outcome
    "approve": (
        "On {date} you applied for {product}. Yes: you can have a loan of up to {limit}.",
        "您于{date}申请{product}，审批通过：您可借款的最高额度为{limit}。",
    ),
    "cut": (
        (
            "On {date} you applied for {product}. Yes: you can have a loan of up to {limit}. "
            "That is less than the product allows, and this letter says why."
        ),
        (
            "您于{date}申请{product}，审批通过：您可借款的最高额度为{limit}。"
            "该额度低于产品可提供的额度，原因见下文。"
        ),
    ),
    "refer": (
        (
            "On {date} you applied for {product}. We have not decided yet: a person is looking "
            "at your application. You get our answer within {review} days."
        ),
        "您于{date}申请{product}，目前尚未作出决定，正由工作人员审核；我们将在{review}天内答复。",
    ),
    "decline": (
        (
            "On {date} you applied for {product}. We looked at your application and cannot offer "
            "you this loan at present. This letter says why, what you can do, and how to have a "
            "person look at it."
        ),
        (
            "您于{date}申请{product}。经审核，目前暂不能向您提供该贷款。"
            "本函说明原因、您可以采取的措施，以及如何申请人工复核。"
        ),
    ),
    "refuse": (
        (
            "On {date} you applied for {product}. A rule does not let us lend in this case, "
            "whatever your credit is. This letter says which rule, and what you can do."
        ),
        (
            "您于{date}申请{product}。根据规则，本次无法向您放款，这与您的信用好坏无关。"
            "本函说明是哪条规则以及您可以采取的措施。"
        ),
    ),
    # the same of a table of one's own, which has no product, and no day unless it says one
    "own_asked": ("On {date} you applied for a loan.", "您于{date}申请贷款。"),
    "own_approve": (
        (
            "Yes: our score approves your application. This letter names no amount, no term and "
            "no cost: they stand in the offer that you get before you sign anything."
        ),
        "审批通过。本函不涉及金额、期限和费用：相关内容见您签约前收到的报价。",
    ),
    "own_refer": (
        (
            "We have not decided yet: a person is looking at your application. You get our answer "
            "within {review} days."
        ),
        "目前尚未作出决定，正由工作人员审核；我们将在{review}天内答复。",
    ),
    "own_decline": (
        (
            "We looked at your application and cannot offer you a loan at present. This letter "
            "says why, what would change it, and how to have a person look at it."
        ),
        "经审核，目前暂不能向您提供贷款。本函说明原因、如何改变结果，以及如何申请人工复核。",
    ),
    "own_refuse": (
        (
            "A rule does not let us decide this application by the score. This letter says which "
            "rule, and what you can do."
        ),
        "根据规则，本次申请不能由评分决定。本函说明是哪条规则以及您可以采取的措施。",
    ),
    "offer": ("What the loan costs", "贷款费用"),
    "offer_lead": (
        (
            "Figures for the whole limit, paid out on {start}. If you take less, you pay less in "
            "proportion."
        ),
        "以下按{start}借入全部额度计算；借款较少时，费用相应减少。",
    ),
    "amount": ("Loan", "借款金额"),
    "received": ("You receive", "实际到账"),
    "term": ("Term", "期限"),
    "method": ("Repayment", "还款方式"),
    "rate_day": ("Interest a day", "日利率"),
    "rate_year": ("Cost a year, all charges included", "年化综合成本（含全部费用）"),
    "rate_simple": ("Simple rate a year, by days", "按日计算的单利年利率"),
    "rate_effective": ("Cost a year, with interest on interest", "复利年化利率"),
    "interest": ("Interest in all", "利息总额"),
    "charges_total": ("Other charges in all", "其他费用总额"),
    "cost": ("Total cost", "总费用"),
    "schedule": ("Your payments", "还款计划"),
    "schedule_lead_line": (
        (
            "You may use the line as you like and pay interest only for the days on which you owe. "
            "This is the most that it can cost: the whole limit, kept to the last day."
        ),
        "额度可循环使用，仅按实际使用天数计息。以下为最高费用：全部额度使用至最后一天。",
    ),
    "number": ("No.", "期数"),
    "due": ("Due", "应还日期"),
    "principal": ("Principal", "本金"),
    "interest_column": ("Interest", "利息"),
    "charges_column": ("Charges", "费用"),
    "total": ("To pay (CNY)", "应还（元）"),
    "balance": ("Left", "剩余本金"),
    "charges": ("Every charge", "全部收费项目"),
    "charges_end": (
        "There is no other charge, but for what paying late costs (below).",
        "除下文所述逾期费用外，不收取任何其他费用。",
    ),
    "item": ("Charge", "项目"),
    "taken": ("When", "收取时间"),
    "receiver": ("Paid to", "收取方"),
    "charge_amount": ("Amount (CNY)", "金额（元）"),
    "late": ("If you pay late", "逾期的后果"),
    "late_rate": (
        "Principal that is overdue costs {rate} a day{instead}.",
        "逾期本金按日加收{rate}{instead}。",
    ),
    "late_instead": (" in place of the usual interest", "（代替正常利息）"),
    "late_beside": (" beside the usual interest", "（正常利息之外）"),
    "late_once": (
        "Principal that is overdue costs {rate} of it, once.",
        "逾期本金一次性收取其{rate}。",
    ),
    "late_grace": (
        "In the first {days} days after the due day nothing of this is taken.",
        "到期日后{days}天内不收取上述费用。",
    ),
    "late_example": (
        (
            "An example: {principal} that is {days} days late costs {interest} of interest and "
            "{penalty} of penalty, {total} in all."
        ),
        "示例：{principal}逾期{days}天，利息{interest}、罚息{penalty}，合计{total}。",
    ),
    "late_report": (
        "From day {days} after the due day on we must tell the credit bureau.",
        "自逾期第{days}天起，我们须上报征信。",
    ),
    "later": ("What you may do later", "您之后的选择"),
    "withdraw": (
        (
            "Withdraw: within {hours} hours after the payout you may give the money back. You "
            "then pay {total} in all, and no fee."
        ),
        "撤销借款：放款后{hours}小时内可退回借款，共需支付{total}，不收手续费。",
    ),
    "early": (
        (
            "Pay back early: on any day you may repay all that is left, with the interest up to "
            "that day. There is no fee."
        ),
        "提前还款：您可随时还清剩余本金及截至当日的利息，不收手续费。",
    ),
    "early_fee": (
        (
            "Pay back early: on any day you may repay all that is left, with the interest up to "
            "that day and a fee of {share} of what is left."
        ),
        "提前还款：您可随时还清剩余本金及截至当日的利息，并支付剩余本金{share}的手续费。",
    ),
    "extend": ("Extend: {text}", "展期：{text}"),
    "actions": ("Before money is paid out", "放款之前"),
    "why_limit": ("Why the limit is not higher", "额度未更高的原因"),
    "why_decline": ("Why we cannot offer it", "未通过的原因"),
    "why_refuse": ("Which rule", "适用的规则"),
    "why_refer": ("Why a person looks at it", "转人工审核的原因"),
    "why_score": ("What weighed most against you in our score", "评分中对您影响最大的因素"),
    "open_refer": ("What would hold the limit", "影响额度的因素"),
    "open_decline": ("What is open besides", "其他待确认事项"),
    "by_weight": ("In the order of their weight:", "按影响大小排列："),
    "no_single": (
        "No single thing stood out. All in all the risk lies in the band that a person decides.",
        "没有单一的突出因素；综合来看，风险处于须由人工决定的区间。",
    ),
    "band": (
        "All in all the risk lies in the band that a person decides.",
        "综合来看，风险处于须由人工决定的区间。",
    ),
    "band_decline": (
        "All in all the risk that the loan is not repaid is higher than this product accepts.",
        "综合来看，贷款不能偿还的风险高于本产品的接受范围。",
    ),
    "own_band_decline": (
        "All in all the risk that the loan is not repaid is higher than we accept.",
        "综合来看，贷款不能偿还的风险高于我们的接受范围。",
    ),
    "reason": ("{text}.", "{text}。"),
    # what would change it
    "change": ("What would change this", "如何改变结果"),
    "change_of_limit": ("How the limit can grow", "如何提高额度"),
    "change_of_refer": ("What you can do", "您可以做什么"),
    "change_one": ("The nearest way, as our records stand today:", "按目前记录，最近的途径是："),
    "change_result": (
        "With all of this, and all else as it is, the answer would be yes.",
        "假如申请时已做到以上各项、其他情况不变，审批会通过。",
    ),
    "change_time": (
        "This takes about {months} months.",
        "约需{months}个月。",
    ),
    "change_at_once": ("This can be done at once.", "可立即办理。"),
    "change_to_limit": (
        "With all of this, and all else as it is, the limit would be {limit}.",
        "假如申请时已做到以上各项、其他情况不变，额度会是{limit}。",
    ),
    "change_none": (
        "We found no change in your own hands that would lead to another answer at present.",
        "目前没有找到您可以自行改变、并使结果不同的途径。",
    ),
    "change_none_limit": (
        "We found no change in your own hands that would raise the limit at present.",
        "目前没有找到您可以自行改变、并使额度提高的途径。",
    ),
    "change_rules": (
        "While these rules stand, no other change would lead to another answer:",
        "在以下规则解除之前，其他改变不会使结果不同：",
    ),
    "change_rules_limit": (
        "While these rules stand, no other change would raise the limit:",
        "在以下规则解除之前，其他改变不会使额度提高：",
    ),
    "rule_next": ("{rule} {next}", "{rule}{next}"),
    "change_absent": (
        (
            "What would have changed this for you was not worked out for this letter. Ask us for "
            "it, with the number of this decision. These steps help in general, and promise "
            "nothing:"
        ),
        (
            "本函未计算哪些改变可使您的结果不同；您可凭本次审批编号向我们索取。"
            "以下做法通常会有帮助，但不构成承诺："
        ),
    ),
    "change_person": (
        (
            "What would have changed this for you was not worked out for this letter. Ask us for "
            "it, or ask a person to look at it, with the number of this decision."
        ),
        "本函未计算哪些改变可使您的结果不同；您可凭本次审批编号向我们索取，或申请人工复核。",
    ),
    # what usual values would change, of a table of one's own
    "usual_one": (
        (
            "With this one value, and all else as it is, our score would have approved the "
            "application:"
        ),
        "若以下一项取值不同、其他情况不变，评分即会通过：",
    ),
    "usual_all": (
        (
            "With these values together, and all else as it is, our score would have approved "
            "the application:"
        ),
        "若以下各项取值同时不同、其他情况不变，评分即会通过：",
    ),
    "usual_change": ("{name}: {instead} (yours: {yours})", "{name}：{instead}（您的：{yours}）"),
    "usual_end": (
        (
            "This is arithmetic on our score. We do not know which of these facts you can change, "
            "and nothing of it is a promise."
        ),
        "以上仅为评分的计算结果。我们不了解其中哪些情况您可以改变，也不构成承诺。",
    ),
    "usual_none": (
        (
            "We tried the usual number of those whom we approve, or the best level, in place of "
            "the facts named above: our score would not have approved the application."
        ),
        "我们以获批客户的常见数值或最有利的类别代替上述各项，评分仍不会通过。",
    ),
    "change_limit": ("These steps can raise the limit:", "以下做法可以提高额度："),
    "change_refer": ("What helps the person who looks at it:", "有助于人工审核的材料："),
    "change_refer_none": (
        "You need do nothing. If you want to add something, reply to this letter.",
        "您无需操作；如需补充材料，请回复本函。",
    ),
    # what was not used, and rights
    "unused": ("What our score does not look at", "评分不使用的信息"),
    "unused_list": (
        (
            "The score knows nothing of your {names}. A legal rule may ask for a minimum age, or "
            "whether you study; then this letter says so."
        ),
        "评分不使用您的{names}。法律规则可能要求最低年龄或询问是否在校，如适用，本函会予以说明。",
    ),
    "unused_head_refuse": ("Your score", "关于您的评分"),
    "unused_refuse": (
        "Your score had no part in this decision.",
        "本次决定与您的评分无关。",
    ),
    "rights": ("Your rights", "您的权利"),
    "right": ("{text} ({basis})", "{text}（{basis}）"),
    "right_of_referral": (
        (
            "A person. A person looks at your application already. You may ask what the machine "
            "has found so far, and say what you think of it."
        ),
        "人工审核：您的申请已由人工审核。您可以了解系统目前的判断，并表达您的意见。",
    ),
    "rights_how": (
        (
            "To use any of these rights, reply to this letter and name decision {decision}. It "
            "costs you nothing, and nothing is held against you."
        ),
        "行使上述权利，请回复本函并注明审批编号{decision}；不收取任何费用，也不会对您产生不利影响。",
    ),
    "notices": ("Good to know", "温馨提示"),
}
# table: names of things that letters speak of, in English and in Chinese
NAMES: dict[str, tuple[str, str]] = {
    "own_product": ("a loan", "贷款"),
    "own_lender": ("The lender", "贷款机构"),
    "bank": ("The bank that lends {product}", "提供{product}的银行"),
    "micro_loan_company": ("The loan company that lends {product}", "提供{product}的小额贷款公司"),
    "licensed_institution": (
        "The licensed institution that lends {product}",
        "提供{product}的持牌机构",
    ),
    "equal_instalment": ("equal instalments every month", "等额本息，每月还款"),
    "equal_principal": ("equal principal every month, and interest", "等额本金，每月还款"),
    "interest_first": ("interest every month, principal at the end", "先息后本"),
    "bullet": ("all in one payment at the end", "到期一次还本付息"),
    "revolving_daily": ("a line, interest by the day", "循环额度，按日计息"),
    "months": ("months", "个月"),
    "days": ("days", "天"),
    "interest": ("interest", "利息"),
    "service fee": ("service fee", "服务费"),
    "early settlement fee": ("early settlement fee", "提前结清手续费"),
    "extension fee": ("extension fee", "展期费"),
    "with every payment": ("with every payment", "随每期还款"),
    "upfront": ("kept back at the payout", "放款时扣收"),
    "per_period": ("with every payment", "随每期还款"),
    "at_end": ("with the last payment", "随最后一期"),
    "early_settlement": ("only if you pay back early", "仅在提前结清时"),
    "extension": ("only if you extend", "仅在展期时"),
    "lender": ("the lender", "贷款机构"),
    "platform": ("the platform", "平台"),
    # attributes that a law protects
    "age_years": ("age", "年龄"),
    "gender": ("sex", "性别"),
    "sex": ("sex", "性别"),
    "ethnicity": ("ethnic origin", "民族"),
    "nationality": ("nationality", "国籍"),
    "marital_status": ("marriage", "婚姻状况"),
    "occupation": ("occupation", "职业"),
    "region_tier": ("region", "地区"),
    "is_student": ("studies", "是否在校"),
}


def words(key: str, language: Language) -> str:
    """Return the words of a key with their fields still open."""
    return WORDS[key][1 if language == "zh" else 0]


def name_of(key: str, language: Language) -> str:
    """Return the name of a thing; a name that is not known, as of a user's charge, stays."""
    if key not in NAMES:
        return key.replace("_", " ")
    return NAMES[key][1 if language == "zh" else 0]


def listed(texts: list[str], language: Language) -> str:
    """Return texts as one list in words.

    >>> listed(["age", "sex", "region"], "en")
    'age, sex or region'
    """
    if language == "zh":
        return "、".join(texts)
    return f"{', '.join(texts[:-1])} or {texts[-1]}" if len(texts) > 1 else "".join(texts)
