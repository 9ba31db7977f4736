"""The fixed words of explanations, in English and Chinese; no digit stands in them."""

from __future__ import annotations

# table: key -> words in English and in Chinese; fields are numbers and texts with their marks
EXPLAINED: dict[str, tuple[str, str]] = {
    "title": ("Decision {decision}", "审批{decision}"),
    "decision": ("Decision", "结果"),
    "application": ("Application", "申请编号"),
    "moment": ("Applied on", "申请日期"),
    "product": ("Product", "产品"),
    "law": ("Law profile", "适用法规"),
    "score": ("Score", "评分"),
    "pd": ("Risk", "风险"),
    "limit": ("Limit", "额度"),
    "yearly": ("Cost a year", "年化成本"),
    "is_approve": ("approved", "通过"),
    "is_cut": ("approved, with a reduced limit", "通过，额度有所降低"),
    "is_refer": ("waits for a person", "待人工审核"),
    "is_decline": ("declined: the risk", "未通过：风险原因"),
    "is_refuse": ("refused: a rule, whatever the score", "拒绝：规则原因，与评分无关"),
    "score_line": ("{score} (higher is better)", "{score}（越高越好）"),
    "pd_line": (
        "{pd} default within twelve months, grade {grade}",
        "十二个月内违约概率{pd}，等级{grade}",
    ),
    "why_person": ("Why a person is needed", "需要人工审核的原因"),
    "band": (
        "The grade lies in the band that a person decides. No rule asks for one.",
        "该等级处于由人工决定的区间；没有触发其他规则。",
    ),
    "rules": ("Rules that fired", "触发的规则"),
    "no_rule": ("None: the score alone decided.", "无：仅由评分决定。"),
    "caps": ("What held the limit", "限制额度的因素"),
    "actions": ("Done to the account", "对账户采取的措施"),
    "not_assessed": (
        "Not assessed, since nobody stated the facts: {codes} (`creditloom codes CODE`).",
        "因缺少事实而未评估：{codes}（`creditloom codes 代码`）。",
    ),
    "coded": ("{text}. {meaning}", "{text}。{meaning}"),
    "weights": ("What the score weighed", "评分的构成"),
    "weights_lead": (
        (
            "Points against the typical person whom we approve; what cost most stands first. The "
            "points are those of several facts together: the one that moved most is shown."
        ),
        "与获批人群的典型值相比的分数；扣分最多者在前。每项分数由多个事实合计，仅列影响最大的一个。",
    ),
    "concept": ("What", "项目"),
    "yours": ("This person", "本人"),
    "typical": ("Typical of the approved", "获批人群典型值"),
    "points": ("Points", "分数"),
    "unknown": ("not in the bundle", "模型包未记录"),
    "unsaid": ("several facts", "多项合计"),
    "rest": ("rounding, and the smallest concepts", "四舍五入及最小各项"),
    "level": ("several levels", "多种"),
    "sum": (
        "All concepts together give {own} points; the typical approved person has {typical}.",
        "各项合计{own}分；获批人群典型值为{typical}分。",
    ),
    "distance": ("Distance to the cut", "与通过线的距离"),
    "above": (
        (
            "The product approves from {cut} points on: {distance} above it. Rules and limits come "
            "beside the score."
        ),
        "该产品通过线为{cut}分，高出{distance}分；规则与额度另行判断。",
    ),
    "below": (
        (
            "The product approves from {cut} points on: {distance} points to go. Rules and "
            "limits come beside the score."
        ),
        "该产品通过线为{cut}分，相差{distance}分；规则与额度另行判断。",
    ),
    "own_above": (
        "The tiers approve from {cut} points on: {distance} above it.",
        "等级通过线为{cut}分，高出{distance}分。",
    ),
    "own_below": (
        "The tiers approve from {cut} points on: {distance} points to go.",
        "等级通过线为{cut}分，相差{distance}分。",
    ),
    "change": ("What would change it", "如何改变结果"),
    "change_absent": (
        (
            "Not worked out here. Name the raw tables with --raw FOLDER, or give the answer of "
            "`creditloom recourse --application {application} --json` with --recourse FILE."
        ),
        (
            "此处未计算。请用 --raw 文件夹 指定原始数据表，或用 "
            "`creditloom recourse --application {application} --json` 计算，"
            "并以 --recourse 文件 传入。"
        ),
    ),
    "change_own": (
        "A person decides: nothing is worked out before that.",
        "须由人工决定，此前不作计算。",
    ),
    "history": ("History", "记录"),
    "history_decided": (
        "{at}: decided by the model.",
        "{at}：由模型作出决定。",
    ),
    "history_waits": ("waits for a person since {at}.", "{at}起：等待人工审核。"),
    "history_approve": (
        "{at}: {role} approved it with a limit of {limit_cny}: {reason}",
        "{at}：{role}通过，额度{limit_cny}：{reason}",
    ),
    "history_decline": ("{at}: {role} declined it: {reason}", "{at}：{role}拒绝：{reason}"),
    "to_decide_head": ("To decide it", "如何作出决定"),
    "to_decide": (
        "creditloom refer override {decision} --outcome approve|decline --role ROLE --reason TEXT",
        "creditloom refer override {decision} --outcome approve|decline --role ROLE --reason TEXT",
    ),
    "letter_head": ("The letter", "信函"),
    "letter": (
        "creditloom letter --decision-id {decision}{place} --format text|html|pdf --lang en|zh",
        "creditloom letter --decision-id {decision}{place} --format text|html|pdf --lang en|zh",
    ),
}
