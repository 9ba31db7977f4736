"""Identity: which proofs were passed, how clearly, and after how many attempts.

S3-R01, S1-R10: results of matches only, no image.
"""

from __future__ import annotations

from ..contract.tables import IDENTITY_CHECKS
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

CONCEPTS = (
    FeatureConcept(
        "identity_verification",
        "clarity of identity checks",
        "身份核验清晰度",
        "repeat the face check in good light",
        "在光线良好处重新进行人脸核验",
    ),
    FeatureConcept(
        "proof_completeness",
        "completeness of identity proofs",
        "身份证明完整度",
        "complete the missing identity proofs",
        "补齐缺失的身份证明",
    ),
    FeatureConcept(
        "verification_retries",
        "repeated identity attempts",
        "重复核验次数",
        "enter the data carefully to avoid repeated attempts",
        "核对信息避免重复核验",
    ),
)

_KINDS = {
    "real_name": ("real-name checks", "实名核验"),
    "face": ("face checks", "人脸核验"),
    "phone": ("phone checks", "手机核验"),
    "police": ("police-record checks", "公安核验"),
    "bank_card": ("bank-card checks", "银行卡核验"),
    "address": ("address checks", "住址核验"),
}
_PASS, _FAIL = is_("is_pass", True), is_("is_pass", False)
_BY_KIND = tuple(f"check_{k}" for k in _KINDS)
_SCORED = tuple(f"check_{k}" for k in ("real_name", "face", "police", "address"))
_WINDOWS = ("3m", "12m", "ever")

_CHECKS = Stream(
    IDENTITY_CHECKS,
    (
        Slice("check", "identity checks", "身份核验"),
        Slice("check_pass", "passed identity checks", "通过的身份核验", (_PASS,)),
        Slice("check_fail", "failed identity checks", "未通过的身份核验", (_FAIL,)),
        Slice(
            "check_clear",
            "passed identity checks with a score of 0.9 or more",
            "匹配分不低于0.9的通过核验",
            (_PASS, between("score", 0.9)),
        ),
        Slice(
            "check_faint",
            "passed identity checks with a score below 0.7",
            "匹配分低于0.7的通过核验",
            (_PASS, between("score", None, 0.7)),
        ),
        Slice(
            "check_night",
            "identity checks at night",
            "夜间身份核验",
            (is_("hour", 23, 0, 1, 2, 3, 4),),
        ),
        *(Slice(f"check_{k}", *words, (is_("kind", k),)) for k, words in _KINDS.items()),
        *(
            Slice(f"pass_{k}", f"passed {en}", f"通过的{zh}", (is_("kind", k), _PASS))
            for k, (en, zh) in _KINDS.items()
        ),
        *(
            Slice(f"fail_{k}", f"failed {en}", f"未通过的{zh}", (is_("kind", k), _FAIL))
            for k, (en, zh) in _KINDS.items()
        ),
    ),
    (
        Measure("score", "share", "match score", "匹配分", ("score",)),
        Measure("kind", "count", "kinds", "种类", ("kind",), "id"),
    ),
    has_memory=True,
)
_CHECK_BLOCKS = (
    AggregateBlock(
        "identity_verification", "mean", ("check", "check_pass"), _WINDOWS, "score", direction=-1
    ),
    AggregateBlock("identity_verification", "min", ("check",), _WINDOWS, "score", direction=-1),
    AggregateBlock("identity_verification", "max", ("check",), ("ever",), "score", direction=-1),
    AggregateBlock("identity_verification", "last", ("check",), ("ever",), "score", direction=-1),
    AggregateBlock("identity_verification", "std", ("check",), ("12m", "ever"), "score"),
    AggregateBlock("identity_verification", "trend", ("check",), ("12m",), "score"),
    AggregateBlock("identity_verification", "mean", _SCORED, ("ever",), "score", direction=-1),
    AggregateBlock(
        "identity_verification", "min", ("check_face",), ("ever",), "score", direction=-1
    ),
    AggregateBlock(
        "proof_completeness", "distinct", ("check_pass",), _WINDOWS, "kind", direction=-1
    ),
    AggregateBlock("proof_completeness", "count", tuple(f"pass_{k}" for k in _KINDS), ("ever",)),
    AggregateBlock("proof_completeness", "recency", tuple(f"pass_{k}" for k in _KINDS), ("ever",)),
    AggregateBlock(
        "proof_completeness", "per_day", ("check_pass",), _WINDOWS, over="check", direction=-1
    ),
    AggregateBlock(
        "verification_retries", "share", ("check_pass",), _WINDOWS, over="check", direction=-1
    ),
    AggregateBlock("proof_completeness", "tenure", ("check_pass",), ("ever",), direction=-1),
    AggregateBlock(
        "verification_retries",
        "count",
        ("check", "check_fail"),
        ("1m", "3m", "12m", "ever"),
        direction=1,
    ),
    AggregateBlock(
        "verification_retries", "count", tuple(f"fail_{k}" for k in _KINDS), ("ever",), direction=1
    ),
    AggregateBlock("verification_retries", "count", _BY_KIND, ("12m",), direction=1),
    AggregateBlock("verification_retries", "active_days", ("check",), ("12m",)),
    AggregateBlock("verification_retries", "recency", ("check", "check_fail"), ("ever",)),
    AggregateBlock("verification_retries", "main_share", ("check",), ("12m",), "kind"),
    AggregateBlock(
        "identity_verification", "mean", _SCORED, ("12m",), "score", direction=-1, source="S3-R02"
    ),
    AggregateBlock(
        "identity_verification", "last", _SCORED, ("ever",), "score", direction=-1, source="S3-R02"
    ),
    AggregateBlock(
        "identity_verification", "max", _SCORED, ("ever",), "score", direction=-1, source="S3-R02"
    ),
    AggregateBlock(
        "identity_verification",
        "min",
        ("check_real_name", "check_police", "check_address"),
        ("ever",),
        "score",
        direction=-1,
    ),
    AggregateBlock(
        "identity_verification",
        "mean",
        ("check_fail",),
        ("12m", "ever"),
        "score",
        direction=-1,
        source="S3-R23",
    ),
    AggregateBlock(
        "identity_verification", "move", ("check", "check_face"), ("12m", "ever"), "score"
    ),
    AggregateBlock(
        "identity_verification", "drawdown", ("check", "check_face"), ("ever",), "score"
    ),
    AggregateBlock("identity_verification", "last_vs_mean", ("check",), ("12m", "ever"), "score"),
    AggregateBlock("identity_verification", "mean_shift", ("check",), ("6m",), "score"),
    AggregateBlock(
        "identity_verification", "std", ("check_face", "check_pass"), ("ever",), "score"
    ),
    AggregateBlock("identity_verification", "trend", ("check",), ("ever",), "score"),
    AggregateBlock(
        "identity_verification",
        "share",
        ("check_clear",),
        _WINDOWS,
        over="check_pass",
        direction=-1,
        source="S1-R10",
    ),
    AggregateBlock(
        "identity_verification",
        "count",
        ("check_faint",),
        ("12m", "ever"),
        direction=1,
        source="S1-R10",
    ),
    AggregateBlock(
        "proof_completeness",
        "tenure",
        tuple(f"pass_{k}" for k in _KINDS),
        ("ever",),
        source="S5-R05",
    ),
    AggregateBlock("proof_completeness", "active_months", ("check_pass",), ("12m",)),
    AggregateBlock("proof_completeness", "entropy", ("check_pass",), ("12m", "ever"), "kind"),
    AggregateBlock(
        "proof_completeness", "per_one", ("check", "check_pass"), ("12m", "ever"), "kind"
    ),
    AggregateBlock("proof_completeness", "count", tuple(f"pass_{k}" for k in _KINDS), ("12m",)),
    AggregateBlock(
        "verification_retries",
        "count",
        tuple(f"fail_{k}" for k in _KINDS),
        ("12m",),
        direction=1,
        source="S1-R57",
    ),
    AggregateBlock(
        "verification_retries",
        "count",
        ("fail_face", "fail_phone"),
        ("1m", "3m"),
        direction=1,
        source="S1-R57",
    ),
    AggregateBlock(
        "verification_retries",
        "share",
        tuple(f"fail_{k}" for k in _KINDS),
        ("ever",),
        over="check_fail",
        source="S3-R23",
    ),
    AggregateBlock(
        "verification_retries",
        "recency",
        tuple(f"fail_{k}" for k in _KINDS),
        ("ever",),
        direction=-1,
    ),
    AggregateBlock("verification_retries", "count", ("check",), ("6m",), direction=1),
    AggregateBlock("verification_retries", "count", ("check_fail",), ("6m",), direction=1),
    AggregateBlock(
        "verification_retries",
        "distinct",
        ("check_fail",),
        _WINDOWS,
        "kind",
        direction=1,
        source="S3-R04",
    ),
    AggregateBlock(
        "verification_retries",
        "busiest_day",
        ("check", "check_fail"),
        ("3m", "12m", "ever"),
        source="S5-R42",
    ),
    AggregateBlock("verification_retries", "interval_mean", ("check", "check_fail"), ("ever",)),
    AggregateBlock("verification_retries", "interval_max", ("check",), ("12m", "ever")),
    AggregateBlock("verification_retries", "interval_cv", ("check",), ("12m", "ever")),
    AggregateBlock("verification_retries", "active_days", ("check",), ("ever",)),
    AggregateBlock(
        "verification_retries", "active_days", ("check_fail",), ("12m", "ever"), direction=1
    ),
    AggregateBlock("verification_retries", "shift", ("check",), ("3m", "6m")),
    AggregateBlock("verification_retries", "change_share", ("check",), ("12m", "ever"), "kind"),
    AggregateBlock(
        "verification_retries", "share", ("check_night",), ("12m", "ever"), over="check"
    ),
)

FAMILY = Family("identity", "idn", CONCEPTS, ((_CHECKS, _CHECK_BLOCKS),))
