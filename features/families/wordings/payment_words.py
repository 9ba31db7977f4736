"""Words of payments, of the wallet and of bills."""

from __future__ import annotations

from ...declare.declarations import FeatureWording
from .amount_words import AMOUNTS, DELAYS

_KIND = "of your most frequent kind (such as food or transport)"
_KIND_TEXT = "of the most frequent kind (such as food or transport)"

# table: words of payments (aggregate, measure, slices; texts, clauses)
PAYMENT_WORDS = (
    *AMOUNTS,
    FeatureWording("distinct", "category", (),
        "number of different kinds of spending (such as food or transport)",
        "支出涉及的类别数（如餐饮、交通）",
        "{last}, the number of different kinds of your spending (such as food or transport) "
        "was {value}",
        "{last}支出涉及的类别数（如餐饮、交通）为{value}"),
    FeatureWording("main_share", "category", (),
        f"share of {{slice}} {_KIND_TEXT}", "{slice}中最常见类别的占比",
        f"{{last}}, {{value}} of your {{slice}} were {_KIND}",
        "{last}{slice}中最常见类别占{value}"),
    FeatureWording("change_share", "category", (),
        "share of {slice} of another kind than the one before", "{slice}与上一笔类别不同的占比",
        "{last}, {value} of your {slice} were of another kind than the payment before "
        "(food, then transport)",
        "{last}{slice}与上一笔类别不同的占{value}"),
    FeatureWording("main_share", "hour", (),
        "share of {slice} in the busiest hour of the day", "一天中{slice}最多的一个小时占比",
        "{last}, {value} of your {slice} were in your busiest hour of the day",
        "{last}一天中{slice}最多的一个小时占其笔数的{value}"),
    FeatureWording("main_share", "weekday", (),
        "share of {slice} on the busiest day of the week", "一周中{slice}最多的一天占比",
        "{last}, {value} of your {slice} were on your busiest day of the week",
        "{last}一周中{slice}最多的一天占其笔数的{value}"),
    FeatureWording("low_month_sum", "amount", (),
        "total amount of {slice} in the lowest month", "{slice}最低月份的金额合计",
        "{last}, {slice} in your lowest month came to {value}",
        "{last}{slice}最低月份的金额合计为{value}"),
)  # fmt: skip

_PAID_IN = "of the money paid into your wallet was still there a week later"
_LEFT = "the amount still in your wallet a week after it was paid in"
_LEFT_TEXT = "amount still in the wallet a week after it was paid in,"
_SHARE_TEXT = "share of money paid into the wallet that was still there a week later,"
# table: words of wallet snapshots (aggregate, measure, slices; texts, clauses)
WALLET_WORDS = (
    FeatureWording("mean", "retained", (),
        f"average {_SHARE_TEXT}", "转入零钱一周后仍留存的平均比例",
        f"{{last}}, on average {{value}} {_PAID_IN}",
        "{last}转入零钱的钱一周后平均仍留存{value}"),
    FeatureWording("min", "retained", (),
        f"lowest {_SHARE_TEXT}", "转入零钱一周后仍留存的最低比例",
        f"{{last}}, at the lowest {{value}} {_PAID_IN}",
        "{last}转入零钱的钱一周后最低留存{value}"),
    FeatureWording("max", "retained", (),
        f"highest {_SHARE_TEXT}", "转入零钱一周后仍留存的最高比例",
        f"{{last}}, at the highest {{value}} {_PAID_IN}",
        "{last}转入零钱的钱一周后最高留存{value}"),
    FeatureWording("last", "retained", (),
        f"latest {_SHARE_TEXT}", "最近一次转入零钱一周后仍留存的比例",
        "{last}, at the latest count {value} of what was paid into your wallet over seven days was "
        "still there a week later",
        "{last}最近一次统计显示，转入零钱的钱一周后仍留存{value}"),
    FeatureWording("drawdown", "retained", (),
        f"fall from its highest of the {_SHARE_TEXT}", "转入零钱一周后留存比例较最高值低的比例",
        "{last}, the share of money paid into your wallet that was still there a week later "
        "was at the latest count {value} lower than at its highest",
        "{last}转入零钱一周后的留存比例最近一次比最高时低{value}"),
    *(FeatureWording(aggregate, "kept", (),
        f"{en} {_LEFT_TEXT}", f"转入零钱一周后仍留存的{zh}金额",
        f"{{last}}, {_LEFT} was {{value}} {said}",
        f"{{last}}转入零钱一周后仍留存的{zh}金额为{{value}}")
      for aggregate, en, said, zh in (
          ("mean", "average", "on average", "平均"),
          ("typical", "usual", "as a rule", "通常"),
          ("min", "lowest", "at the lowest", "最低"),
          ("max", "highest", "at the highest", "最高"),
          ("last", "latest", "at the latest count", "最近一次"),
      )),
    FeatureWording("drawdown", "kept", (),
        f"fall from its highest of the {_LEFT_TEXT}", "转入零钱一周后留存金额较最高值低的比例",
        f"{{last}}, {_LEFT} was at the latest count {{value}} lower than at its highest",
        "{last}转入零钱一周后的留存金额最近一次比最高时低{value}"),
    FeatureWording("share", "", ("wallet_kept",),
        "share of weeks counted in which 500 CNY or more of the money paid into the wallet was "
        "still there a week later,",
        "转入零钱一周后仍留存五百元以上的周占比",
        "{last}, in {value} of the weeks counted, 500 CNY or more of the money paid into your "
        "wallet was still there a week later",
        "{last}转入零钱一周后仍留存五百元以上的周占{value}"),
)  # fmt: skip

# table: words of bills
BILL_WORDS = (*AMOUNTS, *DELAYS)
