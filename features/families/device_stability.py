"""Device stability: on how many devices, from how many places, and with what integrity a person logs in.

A hint after S1-R49. S2-R20, S5-R19, S5-R24.
"""

from __future__ import annotations

from ..contract.tables import LOGINS
from ..declare.declarations import (
    AggregateBlock,
    Family,
    FeatureConcept,
    Measure,
    Slice,
    Stream,
    between,
    is_,
)
from ..network.network_features import MEETINGS

CONCEPTS = (
    FeatureConcept(
        "device_constancy",
        "constancy of devices",
        "设备稳定性",
        "log in from the usual device",
        "使用常用设备登录",
    ),
    FeatureConcept(
        "location_constancy",
        "constancy of places",
        "登录地点稳定性",
        "log in from the usual places",
        "减少异地登录",
    ),
    FeatureConcept(
        "device_integrity",
        "integrity of the device",
        "设备可信度",
        "log in from the bound, unmodified device",
        "使用已绑定且未改装的设备",
    ),
    FeatureConcept(
        "device_sharing",
        "other people on the same devices and addresses",
        "设备与网络的共用情况",
        "log in from a device of your own",
        "使用本人专用设备登录",
    ),
)

_SPAN = ("1m", "3m", "6m", "12m")
_YEAR = ("3m", "6m", "12m")
_LONG = ("3m", "12m")

_FOREIGN = is_("is_fingerprint_match", False)

_LOGINS = Stream(
    LOGINS,
    (
        Slice("login", "logins", "登录"),
        Slice(
            "login_match",
            "logins with a matching fingerprint",
            "指纹一致的登录",
            (is_("is_fingerprint_match", True),),
        ),
        Slice(
            "login_mismatch", "logins with a foreign fingerprint", "指纹不一致的登录", (_FOREIGN,)
        ),
        Slice(
            "login_emulator", "logins from an emulator", "模拟器登录", (is_("is_emulator", True),)
        ),
        Slice(
            "login_known",
            "logins with a device identifier",
            "有设备标识的登录",
            (between("device_id", 0),),
        ),
        Slice("login_weekend", "logins at weekends", "周末登录", (is_("weekday", 5, 6),)),
    ),
    (
        Measure("device", "count", "devices", "设备", ("device_id",), "id"),
        Measure("region", "count", "regions", "地区", ("ip_region",), "id"),
        Measure("address", "count", "addresses", "网络地址", ("ip_id",), "id"),
        Measure("hour", "count", "hours of the day", "时点", ("hour",), "id"),
    ),
)
_LOCATION = "consent_location"
_LOGIN_BLOCKS = (
    AggregateBlock(
        "device_constancy",
        "distinct",
        ("login",),
        ("7d", *_SPAN),
        "device",
        direction=1,
        source="S5-R24",
    ),
    AggregateBlock(
        "device_constancy",
        "new",
        ("login",),
        ("1m", "3m", "6m"),
        "device",
        direction=1,
        source="S5-R24",
    ),
    AggregateBlock(
        "device_constancy", "changes", ("login",), _SPAN, "device", direction=1, source="S5-R24"
    ),
    AggregateBlock(
        "device_constancy",
        "change_share",
        ("login",),
        _YEAR,
        "device",
        direction=1,
        source="S5-R24",
    ),
    AggregateBlock(
        "device_constancy", "main_share", ("login",), _SPAN, "device", direction=-1, source="S5-R19"
    ),
    AggregateBlock(
        "device_constancy", "entropy", ("login",), _YEAR, "device", direction=1, source="S5-R19"
    ),
    AggregateBlock("device_constancy", "share", ("login_known",), ("12m",), over="login"),
    AggregateBlock("device_constancy", "count", ("login",), ("7d", *_SPAN)),
    AggregateBlock("device_constancy", "active_days", ("login",), _SPAN),
    AggregateBlock("device_constancy", "recency", ("login",), ("12m",)),
    AggregateBlock("device_constancy", "weekly_cv", ("login",), _YEAR),
    AggregateBlock("device_constancy", "vs12", ("login",), ("7d", "1m")),
    AggregateBlock("device_constancy", "slope", ("login",), ("12m",)),
    AggregateBlock(
        "location_constancy",
        "distinct",
        ("login",),
        ("7d", *_SPAN),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "distinct",
        ("login",),
        ("7d", "1m"),
        "address",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "new",
        ("login",),
        ("1m", "3m", "6m"),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S1-R49",
    ),
    AggregateBlock(
        "location_constancy",
        "changes",
        ("login",),
        _SPAN,
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "change_share",
        ("login",),
        _YEAR,
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "change_share",
        ("login",),
        _LONG,
        "address",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "main_share",
        ("login",),
        _SPAN,
        "region",
        direction=-1,
        consent=_LOCATION,
        source="S1-R49",
    ),
    AggregateBlock(
        "location_constancy",
        "main_share",
        ("login",),
        _LONG,
        "address",
        direction=-1,
        consent=_LOCATION,
    ),
    AggregateBlock(
        "location_constancy",
        "entropy",
        ("login",),
        _LONG,
        "address",
        direction=1,
        consent=_LOCATION,
    ),
    AggregateBlock(
        "device_integrity", "share", ("login_match",), _SPAN, over="login", direction=-1
    ),
    AggregateBlock("device_integrity", "count", ("login_mismatch",), ("7d", *_SPAN), direction=1),
    AggregateBlock("device_integrity", "recency", ("login_mismatch",), ("12m",), direction=-1),
    AggregateBlock("device_integrity", "active_weeks", ("login_mismatch",), _LONG, direction=1),
    AggregateBlock("device_integrity", "count", ("login_emulator",), ("1m", "12m"), direction=1),
    AggregateBlock(
        "device_integrity", "share", ("login_emulator",), ("3m", "12m"), over="login", direction=1
    ),
    AggregateBlock("device_integrity", "slope", ("login_mismatch",), ("12m",)),
    AggregateBlock(
        "device_constancy", "new", ("login",), ("7d",), "device", direction=1, source="S5-R40"
    ),
    AggregateBlock(
        "device_constancy",
        "new_share",
        ("login",),
        ("1m", "3m", "6m"),
        "device",
        direction=1,
        source="S5-R40",
    ),
    AggregateBlock(
        "device_constancy", "per_one", ("login",), _SPAN, "device", direction=-1, source="S5-R19"
    ),
    AggregateBlock(
        "device_constancy",
        "change_share",
        ("login",),
        ("1m",),
        "device",
        direction=1,
        source="S5-R24",
    ),
    AggregateBlock(
        "device_constancy", "entropy", ("login",), ("1m",), "device", direction=1, source="S5-R19"
    ),
    AggregateBlock("device_constancy", "shift", ("login",), ("1m", "3m", "6m")),
    AggregateBlock("device_constancy", "busiest_day", ("login",), _SPAN, source="S5-R42"),
    AggregateBlock("device_constancy", "interval_max", ("login",), _SPAN),
    AggregateBlock("device_constancy", "interval_cv", ("login",), _YEAR),
    AggregateBlock("device_constancy", "active_weeks", ("login",), ("6m", "12m")),
    AggregateBlock(
        "device_constancy", "low_month", ("login",), _YEAR, direction=-1, source="S5-R04"
    ),
    AggregateBlock("device_constancy", "top_month", ("login",), ("6m", "12m")),
    AggregateBlock("device_constancy", "monthly_cv", ("login",), ("6m", "12m")),
    AggregateBlock("device_constancy", "entropy", ("login",), _LONG, "hour"),
    AggregateBlock("device_constancy", "main_share", ("login",), _LONG, "hour"),
    AggregateBlock("device_constancy", "share", ("login_weekend",), _SPAN, over="login"),
    AggregateBlock(
        "location_constancy",
        "new",
        ("login",),
        ("7d",),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S1-R49",
    ),
    AggregateBlock(
        "location_constancy",
        "new",
        ("login",),
        ("1m",),
        "address",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "new_share",
        ("login",),
        ("1m", "3m", "6m"),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S1-R49",
    ),
    AggregateBlock(
        "location_constancy",
        "new_share",
        ("login",),
        ("1m", "3m"),
        "address",
        direction=1,
        consent=_LOCATION,
    ),
    AggregateBlock("location_constancy", "per_one", ("login",), _SPAN, "region", consent=_LOCATION),
    AggregateBlock(
        "location_constancy", "per_one", ("login",), _LONG, "address", consent=_LOCATION
    ),
    AggregateBlock(
        "location_constancy",
        "entropy",
        ("login",),
        _SPAN,
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "entropy",
        ("login",),
        ("1m",),
        "address",
        direction=1,
        consent=_LOCATION,
    ),
    AggregateBlock(
        "location_constancy",
        "changes",
        ("login",),
        _LONG,
        "address",
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "change_share",
        ("login",),
        ("1m",),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    AggregateBlock(
        "location_constancy",
        "main_share",
        ("login",),
        ("1m", "6m"),
        "address",
        direction=-1,
        consent=_LOCATION,
    ),
    AggregateBlock(
        "location_constancy", "main_share", ("login_weekend",), _LONG, "region", consent=_LOCATION
    ),
    AggregateBlock("device_integrity", "count", ("login_emulator",), ("3m",), direction=1),
    AggregateBlock("device_integrity", "recency", ("login_emulator",), ("12m",)),
    AggregateBlock(
        "device_integrity", "active_months", ("login_mismatch",), ("6m", "12m"), direction=1
    ),
    AggregateBlock("device_integrity", "run", ("login_match", "login_mismatch"), ("12m",)),
    AggregateBlock("device_integrity", "shift", ("login_mismatch",), ("1m", "3m", "6m")),
    AggregateBlock("device_integrity", "vs12", ("login_mismatch",), ("1m", "3m")),
    AggregateBlock("device_integrity", "busiest_day", ("login_mismatch",), _LONG),
    AggregateBlock("device_integrity", "interval_max", ("login_mismatch",), ("12m",)),
    AggregateBlock("device_integrity", "interval_cv", ("login_mismatch",), ("12m",)),
    AggregateBlock(
        "device_integrity",
        "distinct",
        ("login_mismatch",),
        _SPAN,
        "device",
        direction=1,
        source="S1-R57",
    ),
)

FAMILY = Family("device_stability", "dev", CONCEPTS, ((_LOGINS, _LOGIN_BLOCKS),), snapshot=MEETINGS)
