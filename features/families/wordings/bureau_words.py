"""Words of credit checks by lenders, of credit reports and of loan instalments."""

from __future__ import annotations

from ...declare.declarations import FeatureWording
from .amount_words import AMOUNTS, DELAYS

# table: what lenders did at the bureau (slice; in English, in Chinese)
_CHECKS = (
    ("enquiry", "checked your credit", "checked the applicant's credit", "征信查询"),
    (
        "enquiry_hard",
        "checked your credit for a loan application",
        "checked credit for a loan application",
        "贷款审批查询",
    ),
    (
        "enquiry_soft",
        "checked your existing loans",
        "checked existing loans",
        "对已有贷款的征信查询",
    ),
)
# table: words of enquiries (aggregate, measure, slices; texts, clauses)
ENQUIRY_WORDS = tuple(
    wording
    for name, did, text, zh in _CHECKS
    for wording in (
        FeatureWording("active_months", "", (name,),
            f"months in which lenders {text}", f"有{zh}的月数",
            f"{{last}}, there were {{value}} in which lenders {did}",
            f"{{last}}有{zh}的月数为{{value}}"),
        FeatureWording("distinct", "lender", (name,),
            f"number of different lenders that {text}", f"发起{zh}的机构数",
            f"{{last}}, the number of different lenders that {did} was {{value}}",
            f"{{last}}发起{zh}的机构数为{{value}}"),
        FeatureWording("new", "lender", (name,),
            f"number of lenders that for the first time {text}", f"首次发起{zh}的机构数",
            f"{{last}}, the number of lenders that for the first time {did} was {{value}}",
            f"{{last}}首次发起{zh}的机构数为{{value}}"),
        FeatureWording("new_share", "lender", (name,),
            f"share of new ones among the lenders that {text}", f"发起{zh}的机构中首次发起的占比",
            f"{{last}}, {{value}} of the lenders that {did} had not done so before",
            f"{{last}}发起{zh}的机构中首次发起的占{{value}}"),
        FeatureWording("main_share", "lender", (name,),
            "share of {slice} made by the most frequent one", f"查询最多的机构占{zh}次数的比例",
            "{last}, {value} of the {slice} were by the lender that checked most often",
            f"{{last}}查询最多的一家机构占{zh}次数的{{value}}"),
        FeatureWording("per_one", "lender", (name,),
            "average number per lender of {slice}", f"每家机构平均{zh}次数",
            f"{{last}}, for each lender that {did}, the average number of checks was {{value}}",
            f"{{last}}每家机构平均{zh}次数为{{value}}"),
        FeatureWording("share", "", (name,),
            f"share of {{over}} in which they {text}", f"{zh}占全部征信查询次数的比例",
            "{last}, {value} of all {over} were for a loan application",
            f"{{last}}{zh}占全部征信查询次数的{{value}}"),
    )
)  # fmt: skip

# table: words of credit reports (aggregate, measure, slices; texts, clauses)
STATEMENT_WORDS = (
    *(FeatureWording("share", "", (name,),
        f"share of credit reports that show {en}", f"显示{zh}的征信报告占比",
        f"{{last}}, {{value}} of your credit reports showed {en}",
        f"{{last}}显示{zh}的征信报告占{{value}}")
      for name, en, zh in (
          ("statement_maxed", "80 % or more of credit-card limits used",
           "信用卡额度使用率不低于八成"),
          ("statement_low", "30 % or less of credit-card limits used",
           "信用卡额度使用率不超三成"),
          ("statement_multi", "unpaid loans with three or more lenders", "三家以上机构"),
          ("statement_650", "a score of 650 or more", "评分不低于650"),
      )),
    *(FeatureWording(aggregate, "utilisation", (),
        f"{en} share of credit-card limits used", f"信用卡额度使用率（{zh}）",
        f"{{last}}, the {en} share of your credit-card limits that you used was {{value}}",
        f"{{last}}信用卡额度使用率（{zh}）为{{value}}")
      for aggregate, en, zh in (
          ("mean", "average", "平均值"), ("min", "lowest", "最低值"), ("max", "highest", "最高值"),
          ("last", "latest", "最新值"),
      )),
    *(FeatureWording(aggregate, "lenders", (),
        f"{en} number of lenders with unpaid loans", f"有未结清贷款的机构数（{zh}）",
        f"{{last}}, the {en} number of lenders with whom you had unpaid loans was {{value}}",
        f"{{last}}您有未结清贷款的机构{said}为{{value}}家")
      for aggregate, en, zh, said in (
          ("mean", "average", "平均值", "平均"), ("min", "lowest", "最低值", "最少时"),
          ("max", "highest", "最高值", "最多时"), ("last", "latest", "最新值", "最近一次"),
      )),
)  # fmt: skip

# table: words of loan instalments (aggregate, measure, slices; texts, clauses)
INSTALMENT_WORDS = (
    *AMOUNTS,
    *DELAYS,
    FeatureWording("distinct", "lender", ("instalment_late",),
        "number of different lenders to whom loan instalments were paid late",
        "有逾期还款的机构数",
        "{last}, the number of different lenders whom you paid a loan instalment late was {value}",
        "{last}有逾期还款的机构数为{value}"),
    FeatureWording("distinct", "lender", (),
        "number of different lenders to whom loan instalments were due", "有分期还款的机构数",
        "{last}, the number of different lenders to whom you had loan instalments to pay was "
        "{value}",
        "{last}有分期还款的机构数为{value}"),
    FeatureWording("new", "lender", (),
        "number of lenders to whom loan instalments were due for the first time",
        "首次有分期还款的机构数",
        "{last}, the number of lenders to whom you had loan instalments to pay for the first "
        "time was {value}",
        "{last}首次有分期还款的机构数为{value}"),
    FeatureWording("main_share", "lender", (),
        "share of loan instalments to the lender paid most often",
        "分期还款中笔数最多的一家机构占比",
        "{last}, {value} of your loan instalments were to the lender you paid most often",
        "{last}分期还款中笔数最多的一家机构占{value}"),
)  # fmt: skip
