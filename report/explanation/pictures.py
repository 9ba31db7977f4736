"""The shap library's pictures of an `Explained` sample as PNG bytes, in English, and in Chinese where the machine has a font for it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.report.explanation.explain import Explained, ExplainParams, strongest
from creditloom.report.parts.blocks import FAMILIES
from creditloom.report.parts.data import Picture, Text

if TYPE_CHECKING:
    import shap

CHINESE_FONTS = (
    "NotoSansCJK",
    "NotoSansSC",
    "SourceHanSans",
    "wqy-zenhei",
    "wqy-microhei",
    "PingFang",
    "msyh",
    "DroidSansFallback",
)
LABEL_WIDTH = {"en": 40, "zh": 22}  # characters of a label before it is broken
NARROW = 0.6  # of that, where a picture has half the page
AXES = {"en": "points (positive raises the score)", "zh": "分值（正值提高评分）"}


def chinese_font() -> Path | None:
    """A font file of this machine that holds Chinese, or None; looked up on disk: matplotlib's own list may be older than the font."""
    from matplotlib import font_manager

    files = sorted(Path(file) for file in font_manager.findSystemFonts())
    return next(
        (file for name in CHINESE_FONTS for file in files if name.lower() in file.name.lower()),
        None,
    )


@dataclass(frozen=True)
class PictureJob:
    """One picture to draw: `draw(language)` draws on pyplot's current figure."""

    name: str
    caption: Text
    draw: Callable[[str], None]


def pictures(
    explained: Explained, params: ExplainParams, examples: Sequence[tuple[int, Text]] = ()
) -> tuple[Picture, ...]:
    """Beeswarm, bars per concept and family, dependence of the strongest features, and a waterfall per example.

    `examples` are (row of the sample, caption). Deterministic for given libraries and fonts.
    """
    font = chinese_font()
    jobs = [*_overviews(explained, params), *_dependences(explained, params)]
    jobs += [
        PictureJob(f"waterfall_{i}", caption, partial(_waterfall, explained, row))
        for i, (row, caption) in enumerate(examples, 1)
    ]
    english = [_png(job, "en", None, params) for job in jobs]
    chinese = [_png(job, "zh", font, params) if font else None for job in jobs]
    return tuple(
        Picture(job.name, job.caption, en, zh)
        for job, en, zh in zip(jobs, english, chinese, strict=True)
    )


def _overviews(explained: Explained, params: ExplainParams) -> list[PictureJob]:
    return [
        PictureJob(
            "beeswarm",
            Text("Points of each applicant, strongest features", "最强特征的分值分布"),
            partial(_beeswarm, explained, params),
        ),
        PictureJob(
            "concepts",
            Text("Mean absolute points per concept", "各概念平均绝对分值"),
            partial(_bars, explained, "concept"),
        ),
        PictureJob(
            "families",
            Text("Mean absolute points per family", "各类信息平均绝对分值"),
            partial(_bars, explained, "family"),
        ),
    ]


def _dependences(explained: Explained, params: ExplainParams) -> list[PictureJob]:
    features, jobs = explained.catalogue.features, []
    for rank, i in enumerate(strongest(explained, params.dependences), 1):
        caption = Text(
            f"Points against {features[i].text_en or features[i].name}",
            f"分值与{features[i].text_zh or features[i].name}",
        )
        jobs.append(PictureJob(f"dependence_{rank}", caption, partial(_dependence, explained, i)))
    return jobs


def _png(job: PictureJob, language: str, font: Path | None, params: ExplainParams) -> bytes:
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    with plt.rc_context(_fonts(font)), _seeded(params.seed):
        job.draw(language)
        out = io.BytesIO()
        plt.savefig(
            out, format="png", dpi=params.dpi, bbox_inches="tight", metadata={"Software": None}
        )
        plt.close("all")
    return out.getvalue()


def _fonts(font: Path | None) -> dict[Any, Any]:
    import logging

    from matplotlib import font_manager

    logging.getLogger("matplotlib.font_manager").setLevel(
        logging.ERROR
    )  # Chinese fonts of one weight would be named at each draw
    if font is None:
        return {"font.family": "DejaVu Sans"}
    font_manager.fontManager.addfont(str(font))
    name = font_manager.FontProperties(fname=str(font)).get_name()
    return {"font.family": ["DejaVu Sans", name], "axes.unicode_minus": False}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed numpy's global state, which shap's beeswarm shuffles with, and put it back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _labels(entries: Sequence[Any], language: str, width: float = 1.0) -> list[str]:
    texts = [
        getattr(entry, f"text_{language}", "") or getattr(entry, "name", getattr(entry, "id", ""))
        for entry in entries
    ]
    return ["\n".join(textwrap.wrap(text, int(width * LABEL_WIDTH[language]))) for text in texts]


def _explanation(explained: Explained, language: str) -> shap.Explanation:
    import shap

    names = _labels(explained.catalogue.features, language)
    base = np.full(len(explained.points), explained.base)
    return shap.Explanation(
        values=explained.points, base_values=base, data=explained.data, feature_names=names
    )


def _beeswarm(explained: Explained, params: ExplainParams, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    values = _explanation(explained, language)[:, strongest(explained, params.features_shown)]
    bar_label = {"en": "feature value", "zh": "特征值"}[language]
    shap.plots.beeswarm(
        values,
        max_display=params.features_shown,
        show=False,
        plot_size=(9, 6.5),
        color_bar_label=bar_label,
    )
    plt.gca().tick_params(axis="y", labelsize=9)
    plt.gca().set_xlabel(AXES[language])


def _bars(explained: Explained, by: str, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    ids, points = explained.grouped(by)
    declared = {concept.id: concept for concept in explained.catalogue.concepts}
    families = [FAMILIES.get(i, i) if language == "zh" else i.replace("_", " ") for i in ids]
    names = _labels([declared[i] for i in ids], language) if by == "concept" else families
    shown = min(len(ids), 20)
    shap.plots.bar(
        shap.Explanation(values=points, feature_names=names), max_display=shown, show=False
    )
    plt.gcf().set_size_inches(7.5, 1.2 + 0.3 * shown)
    plt.gca().tick_params(axis="y", labelsize=9)
    plt.gca().set_xlabel({"en": "mean |points|", "zh": "平均绝对分值"}[language])


def _waterfall(explained: Explained, row: int, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    ids, points = explained.grouped("concept")
    declared = {concept.id: concept for concept in explained.catalogue.concepts}
    names = _labels([declared[i] for i in ids], language, NARROW)
    shap.plots.waterfall(
        shap.Explanation(values=points[row], base_values=explained.base, feature_names=names),
        max_display=12,
        show=False,
    )
    plt.gcf().set_size_inches(4.2, 5)
    plt.gca().tick_params(axis="y", labelsize=9)


def _dependence(explained: Explained, i: int, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    shap.plots.scatter(
        _explanation(explained, language)[:, i], show=False, color="#2f5fd0", alpha=0.35, hist=True
    )
    plt.gcf().set_size_inches(6, 3.6)
    plt.gca().set_ylabel(AXES[language], fontsize=9)
