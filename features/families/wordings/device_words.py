"""Words of logins: devices, places, internet addresses and hours."""

from __future__ import annotations

from ...declare.declarations import FeatureWording
from .filled import filled

# table: words of devices, regions and addresses (aggregate, measure, slices; texts, clauses)
_OF_PLACE = (
    FeatureWording("distinct", "[measure]", ("login_mismatch",),
        "number of different [many] among {slice}", "{slice}的不同[zh]数",
        "{last}, the number of different [many] that you logged in from and that are not bound to "
        "your account was {value}",
        "{last}{slice}的不同[zh]数为{value}"),
    FeatureWording("distinct", "[measure]", (),
        "number of different [many] logged in from", "登录的不同[zh]数",
        "{last}, the number of different [many] you logged in from was {value}",
        "{last}登录的不同[zh]数为{value}"),
    FeatureWording("new", "[measure]", (),
        "number of new [many] logged in from", "登录首次出现的[zh]数",
        "{last}, the number of [many] you logged in from that were new to us was {value}",
        "{last}登录首次出现的[zh]数为{value}"),
    FeatureWording("new_share", "[measure]", (),
        "share of new ones among the [many] logged in from", "登录[zh]中首次出现的占比",
        "{last}, {value} of the [many] you logged in from were new to us",
        "{last}登录[zh]中首次出现的占{value}"),
    FeatureWording("changes", "[measure]", (),
        "number of changes of [one] from one login to the next", "登录更换[zh]次数",
        "{last}, the number of times you changed [one] from one login to the next was {value}",
        "{last}登录更换[zh]次数为{value}"),
    FeatureWording("change_share", "[measure]", (),
        "share of logins from another [one] than the login before", "更换[zh]的登录占比",
        "{last}, {value} of your logins came from another [one] than the login before",
        "{last}有{value}的登录所用[zh]与上一次登录不同"),
    FeatureWording("main_share", "[measure]", (),
        "share of {slice} from the usual [one]", "[use]最常用[zh]{slice}的比例",
        "{last}, {value} of your {slice} came from your usual [one]",
        "{last}[use]最常用[zh]{slice}的比例为{value}"),
    FeatureWording("per_one", "[measure]", (),
        "average number of logins per [one]", "每[counter][zh]平均登录次数",
        "{last}, the average number of logins per [one] was {value}",
        "{last}每[counter][zh]平均登录次数为{value}"),
)  # fmt: skip
_DEVICE = {
    "measure": "device",
    "one": "device",
    "many": "devices",
    "zh": "设备",
    "use": "用",
    "counter": "台",
}
_REGION = {
    "measure": "region",
    "one": "region",
    "many": "regions",
    "zh": "地区",
    "use": "在",
    "counter": "个",
}
_ADDRESS = {
    "measure": "address",
    "one": "internet address",
    "many": "internet addresses",
    "zh": "网络地址",
    "use": "用",
    "counter": "个",
}

# table: words of logins (aggregate, measure, slices; texts, clauses)
LOGIN_WORDS = (
    *filled(_OF_PLACE, _DEVICE),
    *filled(_OF_PLACE, _REGION),
    *filled(_OF_PLACE, _ADDRESS),
    FeatureWording("main_share", "hour", (),
        "share of logins in the busiest hour of the day", "一天中登录最多的一个小时占比",
        "{last}, {value} of your logins were in your busiest hour of the day",
        "{last}一天中登录最多的一个小时占登录次数的{value}"),
)  # fmt: skip
