"""Draws the points of a sample (`SamplePoints`) with the shap library, as PNG bytes.

Each picture is drawn in English. If the machine has a Chinese font, it is drawn in Chinese too.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from creditloom.report.explanation.explain import ExplainParams, SamplePoints, strongest_features
from creditloom.report.parts.blocks import FAMILIES
from creditloom.report.parts.data import Picture, Text

if TYPE_CHECKING:
    import shap

# Parts of file names of fonts that hold Chinese, the preferred one first.
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
NARROW = 0.6  # share of LABEL_WIDTH, for a picture that has half the page
LABEL_SIZE = 9  # points
LINE_HEIGHT = 0.17  # inches of a line of a label of that size, with the space below it
FRAME_HEIGHT = 1.2  # inches of a picture above and below its rows
# Colours of a picture: what it shows needs no more, and the page is read on phones, too. With true
# colours the pictures were three quarters of the page.
COLOURS = 64
WATERFALL_WIDTH = 5.2  # inches: narrower, and the numbers do not fit into their bars
OTHERS = re.compile(r"(\d+) other features")
OTHER_CONCEPTS = {"en": r"\1 other concepts", "zh": r"其余 \1 项"}
MAX_BARS = 20  # of a bar picture
MAX_STEPS = 12  # of a waterfall; shap sums the others
AXES = {"en": "points (positive raises the score)", "zh": "分值（正值提高评分）"}


def chinese_font() -> Path | None:
    """Return a font file of this machine that holds Chinese, or None."""
    from matplotlib import font_manager

    # Search the disk: matplotlib keeps a list of fonts, which may be older than the font.
    files = sorted(Path(file) for file in font_manager.findSystemFonts())
    for name in CHINESE_FONTS:
        for file in files:
            if name.lower() in file.name.lower():
                return file
    return None


@dataclass(frozen=True)
class PictureJob:
    """One picture to draw: `draw(language)` draws on pyplot's current figure."""

    name: str
    caption: Text
    draw: Callable[[str], None]


def pictures(
    explained: SamplePoints, params: ExplainParams, examples: Sequence[tuple[int, Text]] = ()
) -> tuple[Picture, ...]:
    """Draw beeswarm, bars per concept and family, dependences, and a waterfall per example.

    `examples` are (row of the sample, caption). Deterministic for given libraries and fonts.
    """
    font = chinese_font()
    jobs = [*_overviews(explained, params), *_dependences(explained, params)]
    for number, (row, caption) in enumerate(examples, 1):
        draw = partial(_waterfall, explained, row)
        jobs.append(PictureJob(f"waterfall_{number}", caption, draw))
    # Draw all English pictures first: once a font is added, matplotlib keeps it.
    english = [_png(job, "en", None, params) for job in jobs]
    chinese = [_png(job, "zh", font, params) if font else None for job in jobs]
    drawn = zip(jobs, english, chinese, strict=True)
    return tuple(Picture(job.name, job.caption, en, zh) for job, en, zh in drawn)


def _overviews(explained: SamplePoints, params: ExplainParams) -> list[PictureJob]:
    beeswarm = Text("Points of each applicant, strongest features", "最强特征的分值分布")
    concept_bars = Text("Mean absolute points per concept", "各概念平均绝对分值")
    family_bars = Text("Mean absolute points per family", "各类信息平均绝对分值")
    return [
        PictureJob("beeswarm", beeswarm, partial(_beeswarm, explained, params)),
        PictureJob("concepts", concept_bars, partial(_bars, explained, "concept")),
        PictureJob("families", family_bars, partial(_bars, explained, "family")),
    ]


def _dependences(explained: SamplePoints, params: ExplainParams) -> list[PictureJob]:
    jobs = []
    for rank, place in enumerate(strongest_features(explained, params.dependences), 1):
        feature = explained.catalogue.features[place]
        english = f"Points against {feature.text_en or feature.name}"
        chinese = f"分值与{feature.text_zh or feature.name}"
        draw = partial(_dependence, explained, place)
        jobs.append(PictureJob(f"dependence_{rank}", Text(english, chinese), draw))
    return jobs


def _png(job: PictureJob, language: str, font: Path | None, params: ExplainParams) -> bytes:
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    with plt.rc_context(_fonts(font)), _seeded(params.seed):
        job.draw(language)
        out = io.BytesIO()
        # Leave program and version out of the file, so that the same picture gives the same bytes.
        plt.savefig(
            out, format="png", dpi=params.dpi, bbox_inches="tight", metadata={"Software": None}
        )
        plt.close("all")
    return _with_few_colours(out.getvalue())


def _with_few_colours(png: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        # No dither: it would make the file larger, and flat colours rough.
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(out, format="png", optimize=True)
    return out.getvalue()


def _height(labels: Sequence[str], shown: int) -> float:
    """Return the height in inches at which no label runs into the next one."""
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    return FRAME_HEIGHT + LINE_HEIGHT * (lines + 0.5) * min(shown, len(labels))


def _fonts(font: Path | None) -> dict[Any, Any]:
    import logging

    from matplotlib import font_manager

    # Matplotlib warns at each drawing when a Chinese font has only one weight. Silence it.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    if font is None:
        return {"font.family": "DejaVu Sans"}
    font_manager.fontManager.addfont(str(font))
    name = font_manager.FontProperties(fname=str(font)).get_name()
    return {"font.family": ["DejaVu Sans", name], "axes.unicode_minus": False}


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed numpy's global random state for shap's beeswarm, and restore it afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _labels(entries: Sequence[Any], language: str, width: float = 1.0) -> list[str]:
    """Return the texts of features or concepts, broken into lines.

    An entry without a text is shown by its name.
    """
    characters = int(width * LABEL_WIDTH[language])
    labels = []
    for entry in entries:
        name = getattr(entry, "name", getattr(entry, "id", ""))
        text = getattr(entry, f"text_{language}", "") or name
        labels.append("\n".join(textwrap.wrap(text, characters)))
    return labels


def _explanation(explained: SamplePoints, language: str) -> shap.Explanation:
    import shap

    names = _labels(explained.catalogue.features, language)
    base = np.full(len(explained.points), explained.base)
    return shap.Explanation(
        values=explained.points, base_values=base, data=explained.data, feature_names=names
    )


def _beeswarm(explained: SamplePoints, params: ExplainParams, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    values = _explanation(explained, language)[
        :, strongest_features(explained, params.features_shown)
    ]
    bar_label = {"en": "feature value", "zh": "特征值"}[language]
    shap.plots.beeswarm(
        values,
        max_display=params.features_shown,
        show=False,
        plot_size=(9, _height(values.feature_names, params.features_shown)),
        color_bar_label=bar_label,
    )
    plt.gca().tick_params(axis="y", labelsize=LABEL_SIZE)
    plt.gca().set_xlabel(AXES[language])


def _bars(explained: SamplePoints, by: str, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    ids, points = explained.grouped(by)
    if by == "concept":
        names = _concept_labels(explained, ids, language)
    else:
        names = [FAMILIES.get(i, i) if language == "zh" else i.replace("_", " ") for i in ids]
    shown = min(len(ids), MAX_BARS)
    values = shap.Explanation(values=points, feature_names=names)
    shap.plots.bar(values, max_display=shown, show=False)
    # Set the height by the number of bars. With shap's own size a few bars leave half a page empty.
    plt.gcf().set_size_inches(7.5, 1.2 + 0.3 * shown)
    plt.gca().tick_params(axis="y", labelsize=LABEL_SIZE)
    plt.gca().set_xlabel({"en": "mean |points|", "zh": "平均绝对分值"}[language])


def _waterfall(explained: SamplePoints, row: int, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    ids, points = explained.grouped("concept")
    names = _concept_labels(explained, ids, language, NARROW)
    values = shap.Explanation(values=points[row], base_values=explained.base, feature_names=names)
    shap.plots.waterfall(values, max_display=MAX_STEPS, show=False)
    # shap shows the strongest concepts; the labels of all of them bound theirs.
    plt.gcf().set_size_inches(WATERFALL_WIDTH, _height(names, MAX_STEPS))
    axes = plt.gca()
    # shap names what it sums, in English and as features; the bars are concepts.
    texts = [OTHERS.sub(OTHER_CONCEPTS[language], one.get_text()) for one in axes.get_yticklabels()]
    axes.set_yticks(axes.get_yticks(), texts)
    plt.gca().tick_params(axis="y", labelsize=LABEL_SIZE)


def _concept_labels(
    explained: SamplePoints, ids: Sequence[str], language: str, width: float = 1.0
) -> list[str]:
    declared = {concept.id: concept for concept in explained.catalogue.concepts}
    return _labels([declared[id_] for id_ in ids], language, width)


def _dependence(explained: SamplePoints, place: int, language: str) -> None:
    import matplotlib.pyplot as plt
    import shap

    values = _explanation(explained, language)[:, place]
    shap.plots.scatter(values, show=False, color="#2f5fd0", alpha=0.35, hist=True)
    plt.gcf().set_size_inches(6, 3.6)
    plt.gca().set_ylabel(AXES[language], fontsize=LABEL_SIZE)
