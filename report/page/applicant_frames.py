"""Turns applicants.json of the stage `explain` into what the page's script draws from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from creditloom.report.parts.blocks import show
from creditloom.report.words.translate import both

# table: field of a record, English, Chinese, kind; in the order of the page
FACTS = (
    ("decision", "decision", "决策", "word"),
    ("day", "applied on", "申请日期", "text"),
    ("grade", "grade", "等级", "text"),
    ("score", "score", "评分", "count"),
    ("pd", "PD", "违约概率", "rate"),
    ("limit_cny", "limit", "额度", "money"),
    ("limiting_cap", "limit held by", "额度受限于", "word"),
    ("daily_rate", "daily rate", "日利率", "daily"),
    ("apr_irr12", "APR, IRR × 12", "年化利率（IRR × 12）", "rate"),
    ("law_profile", "law", "适用法规", "text"),
)
# table: other words of the browser
WORDS = {
    "application": ["Application", "申请"],
    "reasons": ["Reasons and rules", "理由与规则"],
    "waterfall": [
        "Points against the typical approved applicant; facts beside typical ones",
        "与典型获批申请人相比的分值；事实与典型值对照",
    ],
    "concept": ["concept", "概念"],
    "drawn": ["drawn", "图示"],
    "points": ["points", "分值"],
    "yours": ["this applicant", "该申请人"],
    "typical": ["typical of the approved", "获批者典型值"],
    "typical_score": ["typical approved score", "典型获批评分"],
    "own_score": ["own score, before rounding", "本人评分（取整前）"],
    "rest": ["smaller concepts, together", "其余概念合计"],
    "change": ["What would change it", "如何改变结果"],
    "recourse": ["worked out of the raw tables by", "由原始数据表推算："],
    "letter": ["Letter", "通知函"],
    "every": ["every decision", "全部决策"],
}
DECISIONS = ("approve", "refer", "decline", "refuse")
# Points that concepts must have lost together before they are told to help.
TOLD_POINTS = 0.05


def content(written: Mapping[str, Any], catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """Return concepts, features, words, texts and rows as the script reads them."""
    concepts = used_concepts(catalogue)
    typical = written["typical"]
    rows = [_row(row, typical, concepts) for row in written["rows"]]
    # table: what the script reads
    return {
        "concepts": [[one["text_en"], one["text_zh"]] for one in concepts],
        "features": [
            [one["text_en"] or one["name"], one["text_zh"] or one["name"]]
            for one in catalogue["features"]
        ],
        "words": {**WORDS, **{name: [en, zh] for name, en, zh, _ in FACTS}},
        "facts": [name for name, *_ in FACTS],
        "decisions": {name: _both(name) for name in DECISIONS},
        "texts": written["texts"],
        "rows": rows,
    }


def used_concepts(catalogue: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the concepts that own a feature, in the declared order, as the runtime counts them."""
    used = {one["concept"] for one in catalogue["features"]}
    return [one for one in catalogue["concepts"] if one["id"] in used]


def _both(text: str) -> list[str]:
    told = both(text)
    return [told.en, told.zh or told.en]


def _row(
    row: Mapping[str, Any], typical: float, concepts: list[Mapping[str, Any]]
) -> dict[str, Any]:
    shown = {}
    for name, _, _, kind in FACTS:
        value = row.get(name)
        if value is not None:
            told = str(value).replace("_", " ")
            shown[name] = _both(told) if kind == "word" else show(value, kind)
    # Only a score that is below the cut has something to mend.
    lost = {one[0] for one in row["reasons"] if one[1]}
    helps = [[one["hint_en"], one["hint_zh"]] for one in concepts if one["id"] in lost]
    # table: one applicant
    return {
        "id": row["id"],
        "decision": row["decision"],
        "tier": row["grade"] or "",
        "typical": typical,
        "shown": {"score": "–", **shown},
        "steps": row["steps"] if row["score_raw"] is not None else [],
        "reasons": row["reasons"],
        "codes": row["codes"],
        "helps": [pair for pair in helps if pair[0]],
        "letter": row["letter"],
    }
