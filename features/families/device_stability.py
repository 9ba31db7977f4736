"""Device stability: from how many devices and places, and with what integrity, a person logs in.

A hint after S1-R49. S2-R20, S5-R19, S5-R24.
"""

from __future__ import annotations

from functools import partial

from ..contract.tables import LOGINS
from ..declare.declarations import (
    AT_3M_12M,
    FROM_1M,
    FROM_3M,
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
from .wordings.device_words import LOGIN_WORDS

CONCEPTS = (
    FeatureConcept(
        "device_constancy",
        "steady use of the same devices",
        "设备稳定性",
        "log in from the usual device",
        "使用常用设备登录",
        source="S5-R19",
    ),
    FeatureConcept(
        "location_constancy",
        "steady use of the same places",
        "登录地点稳定性",
        "log in from the usual places",
        "减少异地登录",
        source="S5-R19",
    ),
    FeatureConcept(
        "device_integrity",
        "trustworthiness of the device",
        "设备可信度",
        "log in from the device bound to your account, unmodified",
        "使用已绑定且未改装的设备",
        source="S1-R57",
    ),
    FeatureConcept(
        "device_sharing",
        "other people on the same devices and internet addresses",
        "设备与网络的共用情况",
        "log in from a device of your own",
        "使用本人专用设备登录",
    ),
)

# Blocks of one concept each.
_device_constancy = partial(AggregateBlock, "device_constancy")
_location_constancy = partial(AggregateBlock, "location_constancy")
_device_integrity = partial(AggregateBlock, "device_integrity")

_FOREIGN = is_("is_fingerprint_match", False)

# table: slices and measures of logins
_LOGINS = Stream(
    table=LOGINS,
    wordings=LOGIN_WORDS,
    slices=(
        Slice("login", "logins", "登录"),
        Slice(
            "login_match",
            "logins from the device bound to the account",
            "绑定设备登录",
            (is_("is_fingerprint_match", True),),
            were="came from the device bound to your account",
            you="logins from the device bound to your account",
        ),
        Slice(
            "login_mismatch",
            "logins from a device not bound to the account",
            "非绑定设备登录",
            (_FOREIGN,),
            you="logins from a device not bound to your account",
        ),
        Slice(
            "login_emulator",
            "logins from an emulator or modified phone",
            "模拟器或改装设备登录",
            (is_("is_emulator", True),),
            "FR11",
            were="came from an emulator or modified phone",
        ),
        Slice(
            "login_known",
            "logins from a device that could be identified",
            "可识别设备的登录",
            (between("device_id", 0),),
            "domain 7.8",
            were="came from a device that could be identified",
        ),
        Slice(
            "login_weekend",
            "logins at weekends",
            "周末登录",
            (is_("weekday", 5, 6),),
            were="were at weekends",
        ),
    ),
    measures=(
        Measure("device", "count", "devices", "设备", ("device_id",), "id"),
        Measure("region", "count", "regions", "地区", ("ip_region",), "id"),
        Measure("address", "count", "internet addresses", "网络地址", ("ip_id",), "id"),
        Measure("hour", "count", "hours of the day", "时点", ("hour",), "id"),
    ),
)
_LOCATION = "consent_location"
# table: blocks of logins
_LOGIN_BLOCKS = (
    _device_constancy(
        "distinct", ("login",), ("7d", *FROM_1M), "device", direction=1, source="S5-R24"
    ),
    _device_constancy(
        "new", ("login",), ("1m", "3m", "6m"), "device", direction=1, source="S5-R24"
    ),
    _device_constancy("changes", ("login",), FROM_1M, "device", direction=1, source="S5-R24"),
    _device_constancy("change_share", ("login",), FROM_3M, "device", direction=1, source="S5-R24"),
    _device_constancy("main_share", ("login",), FROM_1M, "device", direction=-1, source="S5-R19"),
    _device_constancy("entropy", ("login",), FROM_3M, "device", direction=1, source="S5-R19"),
    _device_constancy("share", ("login_known",), ("12m",), over="login"),
    _device_constancy("count", ("login",), ("7d", *FROM_1M), source="S5-R04"),
    _device_constancy("active_days", ("login",), FROM_1M),
    _device_constancy("recency", ("login",), ("12m",)),
    _device_constancy("weekly_cv", ("login",), FROM_3M),
    _device_constancy("vs12", ("login",), ("7d", "1m")),
    _device_constancy("slope", ("login",), ("12m",)),
    _location_constancy(
        "distinct",
        ("login",),
        ("7d", *FROM_1M),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    _location_constancy(
        "distinct",
        ("login",),
        ("7d", "1m"),
        "address",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    _location_constancy(
        "new",
        ("login",),
        ("1m", "3m", "6m"),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S1-R49",
    ),
    _location_constancy(
        "changes", ("login",), FROM_1M, "region", direction=1, consent=_LOCATION, source="S5-R19"
    ),
    _location_constancy(
        "change_share",
        ("login",),
        FROM_3M,
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    _location_constancy(
        "change_share",
        ("login",),
        AT_3M_12M,
        "address",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    _location_constancy(
        "main_share",
        ("login",),
        FROM_1M,
        "region",
        direction=-1,
        consent=_LOCATION,
        source="S1-R49",
    ),
    _location_constancy(
        "main_share", ("login",), AT_3M_12M, "address", direction=-1, consent=_LOCATION
    ),
    _location_constancy(
        "entropy", ("login",), AT_3M_12M, "address", direction=1, consent=_LOCATION
    ),
    _device_integrity("share", ("login_match",), FROM_1M, over="login", direction=-1),
    _device_integrity("count", ("login_mismatch",), ("7d", *FROM_1M), direction=1),
    _device_integrity("recency", ("login_mismatch",), ("12m",), direction=-1),
    _device_integrity("active_weeks", ("login_mismatch",), AT_3M_12M, direction=1),
    _device_integrity("count", ("login_emulator",), ("1m", "12m"), direction=1),
    _device_integrity("share", ("login_emulator",), AT_3M_12M, over="login", direction=1),
    _device_integrity("slope", ("login_mismatch",), ("12m",)),
    _device_constancy("new", ("login",), ("7d",), "device", direction=1, source="S5-R40"),
    _device_constancy(
        "new_share", ("login",), ("1m", "3m", "6m"), "device", direction=1, source="S5-R40"
    ),
    _device_constancy("per_one", ("login",), FROM_1M, "device", direction=-1, source="S5-R19"),
    _device_constancy("change_share", ("login",), ("1m",), "device", direction=1, source="S5-R24"),
    _device_constancy("entropy", ("login",), ("1m",), "device", direction=1, source="S5-R19"),
    _device_constancy("shift", ("login",), ("1m", "3m", "6m"), source="S5-R04"),
    _device_constancy("busiest_day", ("login",), FROM_1M, source="S5-R42"),
    _device_constancy("interval_max", ("login",), FROM_1M),
    _device_constancy("interval_cv", ("login",), FROM_3M),
    _device_constancy("active_weeks", ("login",), ("6m", "12m")),
    _device_constancy("low_month", ("login",), FROM_3M, direction=-1, source="S5-R04"),
    _device_constancy("top_month", ("login",), ("6m", "12m"), source="S5-R04"),
    _device_constancy("monthly_cv", ("login",), ("6m", "12m")),
    _device_constancy("entropy", ("login",), AT_3M_12M, "hour"),
    _device_constancy("main_share", ("login",), AT_3M_12M, "hour"),
    _device_constancy("share", ("login_weekend",), FROM_1M, over="login"),
    _location_constancy(
        "new", ("login",), ("7d",), "region", direction=1, consent=_LOCATION, source="S1-R49"
    ),
    _location_constancy(
        "new", ("login",), ("1m",), "address", direction=1, consent=_LOCATION, source="S5-R19"
    ),
    _location_constancy(
        "new_share",
        ("login",),
        ("1m", "3m", "6m"),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S1-R49",
    ),
    _location_constancy(
        "new_share", ("login",), ("1m", "3m"), "address", direction=1, consent=_LOCATION
    ),
    _location_constancy("per_one", ("login",), FROM_1M, "region", consent=_LOCATION),
    _location_constancy("per_one", ("login",), AT_3M_12M, "address", consent=_LOCATION),
    _location_constancy(
        "entropy", ("login",), FROM_1M, "region", direction=1, consent=_LOCATION, source="S5-R19"
    ),
    _location_constancy("entropy", ("login",), ("1m",), "address", direction=1, consent=_LOCATION),
    _location_constancy(
        "changes", ("login",), AT_3M_12M, "address", consent=_LOCATION, source="S5-R19"
    ),
    _location_constancy(
        "change_share",
        ("login",),
        ("1m",),
        "region",
        direction=1,
        consent=_LOCATION,
        source="S5-R19",
    ),
    _location_constancy(
        "main_share", ("login",), ("1m", "6m"), "address", direction=-1, consent=_LOCATION
    ),
    _location_constancy("main_share", ("login_weekend",), AT_3M_12M, "region", consent=_LOCATION),
    _device_integrity("count", ("login_emulator",), ("3m",), direction=1),
    _device_integrity("recency", ("login_emulator",), ("12m",), direction=-1),
    _device_integrity("active_months", ("login_mismatch",), ("6m", "12m"), direction=1),
    _device_integrity("run", ("login_match", "login_mismatch"), ("12m",)),
    _device_integrity("shift", ("login_mismatch",), ("1m", "3m", "6m")),
    _device_integrity("vs12", ("login_mismatch",), ("1m", "3m")),
    _device_integrity("busiest_day", ("login_mismatch",), AT_3M_12M),
    _device_integrity("interval_max", ("login_mismatch",), ("12m",)),
    _device_integrity("interval_cv", ("login_mismatch",), ("12m",)),
    _device_integrity(
        "distinct", ("login_mismatch",), FROM_1M, "device", direction=1, source="S1-R57"
    ),
)

FAMILY = Family(
    name="device_stability",
    prefix="dev",
    concepts=CONCEPTS,
    streams=((_LOGINS, _LOGIN_BLOCKS),),
    snapshot=MEETINGS,
)
