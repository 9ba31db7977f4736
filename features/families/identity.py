"""Identity: which proofs were passed, how clearly, and after how many attempts.

S3-R01, S1-R10: results of matches only, no image.
"""

from __future__ import annotations

from functools import partial

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
from .wordings.identity_words import CHECK_WORDS

CONCEPTS = (
    FeatureConcept(
        "identity_verification",
        "clarity of identity checks",
        "身份核验清晰度",
        "repeat the face check in good light",
        "在光线良好处重新进行人脸核验",
        source="S1-R10",
    ),
    FeatureConcept(
        "proof_completeness",
        "completeness of identity proofs",
        "身份证明完整度",
        "complete the missing identity proofs",
        "补齐缺失的身份证明",
        source="S3-R01",
    ),
    FeatureConcept(
        "verification_retries",
        "repeated identity attempts",
        "重复核验次数",
        "enter the data carefully to avoid repeated attempts",
        "核对信息避免重复核验",
    ),
)

# Blocks of one concept each.
_identity_verification = partial(AggregateBlock, "identity_verification")
_proof_completeness = partial(AggregateBlock, "proof_completeness")
_verification_retries = partial(AggregateBlock, "verification_retries")

_KINDS = {
    "real_name": ("real-name checks", "实名核验"),
    "face": ("face checks", "人脸核验"),
    "phone": ("phone checks", "手机核验"),
    "police": ("police-record checks", "公安核验"),
    "bank_card": ("bank-card checks", "银行卡核验"),
    "address": ("address checks", "住址核验"),
}
_PASS = is_("is_pass", True)
_FAIL = is_("is_pass", False)
_BY_KIND = tuple(f"check_{kind}" for kind in _KINDS)
_PASS_BY_KIND = tuple(f"pass_{kind}" for kind in _KINDS)
_FAIL_BY_KIND = tuple(f"fail_{kind}" for kind in _KINDS)
# Proofs that a rule of their own names; S3-R01 names the other kinds but the address.
_SOURCE_OF_PASS = {"face": "S1-R10", "police": "S3-R23", "address": "domain 7.4"}
# Checks that give a match score; phone and bank card only pass or fail.
_SCORED = ("check_real_name", "check_face", "check_police", "check_address")
_WINDOWS = ("3m", "12m", "ever")

# table: slices and measures of identity checks
_CHECKS = Stream(
    table=IDENTITY_CHECKS,
    wordings=CHECK_WORDS,
    slices=(
        Slice("check", "identity checks", "身份核验"),
        Slice(
            "check_pass",
            "successful identity checks",
            "通过身份核验",
            (_PASS,),
            were="were successful",
        ),
        Slice("check_fail", "failed identity checks", "未通过身份核验", (_FAIL,), "S5-R15"),
        Slice(
            "check_clear",
            "successful identity checks with a match score of 90 % or more",
            "匹配度不低于90%的通过核验",
            (_PASS, between("score", 0.9)),
            were="had a match score of 90 % or more",
        ),
        Slice(
            "check_faint",
            "successful identity checks with a match score of 70 % or less",
            "匹配度不高于70%的通过核验",
            (_PASS, between("score", None, 0.7)),
        ),
        Slice(
            "check_night",
            "identity checks at night",
            "夜间身份核验",
            (is_("hour", 23, 0, 1, 2, 3, 4),),
            were="were at night",
        ),
        *(Slice(f"check_{k}", *words, (is_("kind", k),)) for k, words in _KINDS.items()),
        *(
            Slice(
                f"pass_{k}",
                f"successful {en}",
                f"通过{zh}",
                (is_("kind", k), _PASS),
                _SOURCE_OF_PASS.get(k, ""),
            )
            for k, (en, zh) in _KINDS.items()
        ),
        *(
            Slice(
                f"fail_{k}",
                f"failed {en}",
                f"未通过{zh}",
                (is_("kind", k), _FAIL),
                "S5-R15",
                were=f"were {en}",
            )
            for k, (en, zh) in _KINDS.items()
        ),
    ),
    measures=(
        Measure("score", "share", "match score", "匹配度", ("score",)),
        Measure("kind", "count", "kinds", "种类", ("kind",), "id"),
    ),
    has_memory=True,
)
# table: blocks of identity checks
_CHECK_BLOCKS = (
    _identity_verification("mean", ("check", "check_pass"), _WINDOWS, "score", direction=-1),
    _identity_verification("min", ("check",), _WINDOWS, "score", direction=-1),
    _identity_verification("max", ("check",), ("ever",), "score", direction=-1),
    _identity_verification("last", ("check",), ("ever",), "score", direction=-1),
    _identity_verification("std", ("check",), ("12m", "ever"), "score"),
    _identity_verification("trend", ("check",), ("12m",), "score"),
    _identity_verification("mean", _SCORED, ("ever",), "score", direction=-1),
    _identity_verification("min", ("check_face",), ("ever",), "score", direction=-1),
    _proof_completeness("distinct", ("check_pass",), _WINDOWS, "kind", direction=-1),
    _proof_completeness("count", _PASS_BY_KIND, ("ever",)),
    _proof_completeness("recency", _PASS_BY_KIND, ("ever",)),
    _proof_completeness("per_day", ("check_pass",), _WINDOWS, over="check", direction=-1),
    _verification_retries("share", ("check_pass",), _WINDOWS, over="check", direction=-1),
    _proof_completeness("tenure", ("check_pass",), ("ever",), direction=-1),
    _verification_retries(
        "count", ("check", "check_fail"), ("1m", "3m", "12m", "ever"), direction=1
    ),
    _verification_retries("count", _FAIL_BY_KIND, ("ever",), direction=1),
    _verification_retries("count", ("check_real_name",), ("12m",), direction=1),
    # The one kind whose repetition a source counts.
    _verification_retries("count", ("check_face",), ("12m",), direction=1, source="S5-R14"),
    _verification_retries("count", _BY_KIND[2:], ("12m",), direction=1),
    _verification_retries("active_days", ("check",), ("12m",)),
    _verification_retries("recency", ("check", "check_fail"), ("ever",)),
    _verification_retries("main_share", ("check",), ("12m",), "kind"),
    _identity_verification("mean", _SCORED, ("12m",), "score", direction=-1, source="S1-R10"),
    _identity_verification("last", _SCORED, ("ever",), "score", direction=-1, source="S1-R10"),
    _identity_verification("max", _SCORED, ("ever",), "score", direction=-1, source="S1-R10"),
    _identity_verification(
        "min",
        ("check_real_name", "check_police", "check_address"),
        ("ever",),
        "score",
        direction=-1,
    ),
    _identity_verification(
        "mean", ("check_fail",), ("12m", "ever"), "score", direction=-1, source="S1-R10"
    ),
    _identity_verification("move", ("check", "check_face"), ("12m", "ever"), "score"),
    _identity_verification("drawdown", ("check", "check_face"), ("ever",), "score"),
    _identity_verification("last_vs_mean", ("check",), ("12m", "ever"), "score"),
    _identity_verification("mean_shift", ("check",), ("6m",), "score"),
    _identity_verification("std", ("check_face", "check_pass"), ("ever",), "score"),
    _identity_verification("trend", ("check",), ("ever",), "score"),
    _identity_verification(
        "share", ("check_clear",), _WINDOWS, over="check_pass", direction=-1, source="S1-R10"
    ),
    _identity_verification(
        "count", ("check_faint",), ("12m", "ever"), direction=1, source="S1-R10"
    ),
    _proof_completeness("tenure", _PASS_BY_KIND, ("ever",)),
    _proof_completeness("active_months", ("check_pass",), ("12m",)),
    _proof_completeness("entropy", ("check_pass",), ("12m", "ever"), "kind"),
    _proof_completeness("per_one", ("check", "check_pass"), ("12m", "ever"), "kind"),
    _proof_completeness("count", _PASS_BY_KIND, ("12m",)),
    _verification_retries("count", _FAIL_BY_KIND, ("12m",), direction=1),
    _verification_retries("count", ("fail_face", "fail_phone"), ("1m", "3m"), direction=1),
    _verification_retries("share", _FAIL_BY_KIND, ("ever",), over="check_fail"),
    _verification_retries("recency", _FAIL_BY_KIND, ("ever",), direction=-1),
    _verification_retries("count", ("check",), ("6m",), direction=1),
    _verification_retries("count", ("check_fail",), ("6m",), direction=1),
    _verification_retries("distinct", ("check_fail",), _WINDOWS, "kind", direction=1),
    _verification_retries(
        "busiest_day", ("check", "check_fail"), ("3m", "12m", "ever"), source="S5-R42"
    ),
    _verification_retries("interval_mean", ("check", "check_fail"), ("ever",)),
    _verification_retries("interval_max", ("check",), ("12m", "ever")),
    _verification_retries("interval_cv", ("check",), ("12m", "ever")),
    _verification_retries("active_days", ("check",), ("ever",)),
    _verification_retries("active_days", ("check_fail",), ("12m", "ever"), direction=1),
    _verification_retries("shift", ("check",), ("3m", "6m")),
    _verification_retries("change_share", ("check",), ("12m", "ever"), "kind"),
    _verification_retries("share", ("check_night",), ("12m", "ever"), over="check"),
)

FAMILY = Family(
    name="identity", prefix="idn", concepts=CONCEPTS, streams=((_CHECKS, _CHECK_BLOCKS),)
)
