"""Device stability: on how many devices, from how many places, and with what integrity a person logs in.

A hint after S1-R49. S2-R20, S5-R19, S5-R24.
"""

from __future__ import annotations

from ..contract.tables import LOGINS
from ..declare.grid import Block, Concept, Family, Measure, Slice, Stream, between, is_
from ..network.snapshot import MEETINGS

CONCEPTS = (
    Concept("device_constancy", "constancy of devices", "设备稳定性", "log in from the usual device", "使用常用设备登录"),
    Concept("location_constancy", "constancy of places", "登录地点稳定性", "log in from the usual places", "减少异地登录"),
    Concept(
        "device_integrity", "integrity of the device", "设备可信度", "log in from the bound, unmodified device", "使用已绑定且未改装的设备"
    ),
    Concept(
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
        Slice("login_match", "logins with a matching fingerprint", "指纹一致的登录", (is_("is_fingerprint_match", True),)),
        Slice("login_mismatch", "logins with a foreign fingerprint", "指纹不一致的登录", (_FOREIGN,)),
        Slice("login_emulator", "logins from an emulator", "模拟器登录", (is_("is_emulator", True),)),
        Slice("login_known", "logins with a device identifier", "有设备标识的登录", (between("device_id", 0),)),
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
    Block("device_constancy", "distinct", ("login",), ("7d", *_SPAN), "device", direction=1, source="S5-R24"),
    Block("device_constancy", "new", ("login",), ("1m", "3m", "6m"), "device", direction=1, source="S5-R24"),
    Block("device_constancy", "changes", ("login",), _SPAN, "device", direction=1, source="S5-R24"),
    Block("device_constancy", "change_share", ("login",), _YEAR, "device", direction=1, source="S5-R24"),
    Block("device_constancy", "main_share", ("login",), _SPAN, "device", direction=-1, source="S5-R19"),
    Block("device_constancy", "entropy", ("login",), _YEAR, "device", direction=1, source="S5-R19"),
    Block("device_constancy", "share", ("login_known",), ("12m",), over="login"),
    Block("device_constancy", "count", ("login",), ("7d", *_SPAN)),
    Block("device_constancy", "active_days", ("login",), _SPAN),
    Block("device_constancy", "recency", ("login",), ("12m",)),
    Block("device_constancy", "weekly_cv", ("login",), _YEAR),
    Block("device_constancy", "vs12", ("login",), ("7d", "1m")),
    Block("device_constancy", "slope", ("login",), ("12m",)),
    Block("location_constancy", "distinct", ("login",), ("7d", *_SPAN), "region", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "distinct", ("login",), ("7d", "1m"), "address", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "new", ("login",), ("1m", "3m", "6m"), "region", direction=1, consent=_LOCATION, source="S1-R49"),
    Block("location_constancy", "changes", ("login",), _SPAN, "region", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "change_share", ("login",), _YEAR, "region", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "change_share", ("login",), _LONG, "address", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "main_share", ("login",), _SPAN, "region", direction=-1, consent=_LOCATION, source="S1-R49"),
    Block("location_constancy", "main_share", ("login",), _LONG, "address", direction=-1, consent=_LOCATION),
    Block("location_constancy", "entropy", ("login",), _LONG, "address", direction=1, consent=_LOCATION),
    Block("device_integrity", "share", ("login_match",), _SPAN, over="login", direction=-1),
    Block("device_integrity", "count", ("login_mismatch",), ("7d", *_SPAN), direction=1),
    Block("device_integrity", "recency", ("login_mismatch",), ("12m",), direction=-1),
    Block("device_integrity", "active_weeks", ("login_mismatch",), _LONG, direction=1),
    Block("device_integrity", "count", ("login_emulator",), ("1m", "12m"), direction=1),
    Block("device_integrity", "share", ("login_emulator",), ("3m", "12m"), over="login", direction=1),
    Block("device_integrity", "slope", ("login_mismatch",), ("12m",)),
    Block("device_constancy", "new", ("login",), ("7d",), "device", direction=1, source="S5-R40"),
    Block("device_constancy", "new_share", ("login",), ("1m", "3m", "6m"), "device", direction=1, source="S5-R40"),
    Block("device_constancy", "per_one", ("login",), _SPAN, "device", direction=-1, source="S5-R19"),
    Block("device_constancy", "change_share", ("login",), ("1m",), "device", direction=1, source="S5-R24"),
    Block("device_constancy", "entropy", ("login",), ("1m",), "device", direction=1, source="S5-R19"),
    Block("device_constancy", "shift", ("login",), ("1m", "3m", "6m")),
    Block("device_constancy", "busiest_day", ("login",), _SPAN, source="S5-R42"),
    Block("device_constancy", "interval_max", ("login",), _SPAN),
    Block("device_constancy", "interval_cv", ("login",), _YEAR),
    Block("device_constancy", "active_weeks", ("login",), ("6m", "12m")),
    Block("device_constancy", "low_month", ("login",), _YEAR, direction=-1, source="S5-R04"),
    Block("device_constancy", "top_month", ("login",), ("6m", "12m")),
    Block("device_constancy", "monthly_cv", ("login",), ("6m", "12m")),
    Block("device_constancy", "entropy", ("login",), _LONG, "hour"),
    Block("device_constancy", "main_share", ("login",), _LONG, "hour"),
    Block("device_constancy", "share", ("login_weekend",), _SPAN, over="login"),
    Block("location_constancy", "new", ("login",), ("7d",), "region", direction=1, consent=_LOCATION, source="S1-R49"),
    Block("location_constancy", "new", ("login",), ("1m",), "address", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "new_share", ("login",), ("1m", "3m", "6m"), "region", direction=1, consent=_LOCATION, source="S1-R49"),
    Block("location_constancy", "new_share", ("login",), ("1m", "3m"), "address", direction=1, consent=_LOCATION),
    Block("location_constancy", "per_one", ("login",), _SPAN, "region", consent=_LOCATION),
    Block("location_constancy", "per_one", ("login",), _LONG, "address", consent=_LOCATION),
    Block("location_constancy", "entropy", ("login",), _SPAN, "region", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "entropy", ("login",), ("1m",), "address", direction=1, consent=_LOCATION),
    Block("location_constancy", "changes", ("login",), _LONG, "address", consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "change_share", ("login",), ("1m",), "region", direction=1, consent=_LOCATION, source="S5-R19"),
    Block("location_constancy", "main_share", ("login",), ("1m", "6m"), "address", direction=-1, consent=_LOCATION),
    Block("location_constancy", "main_share", ("login_weekend",), _LONG, "region", consent=_LOCATION),
    Block("device_integrity", "count", ("login_emulator",), ("3m",), direction=1),
    Block("device_integrity", "recency", ("login_emulator",), ("12m",)),
    Block("device_integrity", "active_months", ("login_mismatch",), ("6m", "12m"), direction=1),
    Block("device_integrity", "run", ("login_match", "login_mismatch"), ("12m",)),
    Block("device_integrity", "shift", ("login_mismatch",), ("1m", "3m", "6m")),
    Block("device_integrity", "vs12", ("login_mismatch",), ("1m", "3m")),
    Block("device_integrity", "busiest_day", ("login_mismatch",), _LONG),
    Block("device_integrity", "interval_max", ("login_mismatch",), ("12m",)),
    Block("device_integrity", "interval_cv", ("login_mismatch",), ("12m",)),
    Block("device_integrity", "distinct", ("login_mismatch",), _SPAN, "device", direction=1, source="S1-R57"),
)

FAMILY = Family("device_stability", "dev", CONCEPTS, ((_LOGINS, _LOGIN_BLOCKS),), snapshot=MEETINGS)
