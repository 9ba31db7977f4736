"""The search of less discriminatory alternatives finds what is planted, resumes, and is sealed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from creditloom.models.evaluation.groups.alternatives.change import (
    CandidateColumns,
    ColumnScale,
    ModelChange,
    design,
)
from creditloom.models.evaluation.groups.alternatives.journal import AlternativeJournal
from creditloom.models.evaluation.groups.alternatives.judging import (
    AlternativeJudge,
    SearchRows,
    TrialFigures,
    thinned,
)
from creditloom.models.evaluation.groups.alternatives.penalised import AlternativeLearner
from creditloom.models.evaluation.groups.alternatives.proposals import (
    JudgedChange,
    Proposals,
    choose,
    front,
)
from creditloom.models.evaluation.groups.alternatives.search import (
    AlternativeSearch,
    digest_of,
    widest_columns,
)
from creditloom.models.learners.booster import BoosterParams
from creditloom.models.sample.errors import ModelError

NAMES = ("income", "arrears", "enquiries", "area", "payments")
FAMILIES = ("assets", "bureau", "bureau", "area", "payment_flow")
COLUMNS = CandidateColumns(NAMES, (-1, 1, 1, 0, -1), NAMES, FAMILIES)
PARAMS = BoosterParams(
    learning_rate=0.2,
    max_depth=3,
    num_leaves=6,
    min_data_in_leaf=20,
    lambda_l2=1.0,
    feature_fraction=0.6,
    threads=1,
)
AS_GIVEN = 0


def rows_of(n: int = 6000, seed: int = 13) -> SearchRows:
    """Loans of which `area` says who lives in a poor area, and nothing else of the risk."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, len(NAMES))).astype(np.float32)
    is_group = rng.random(n) < 0.3
    features[:, 3] = is_group + 0.2 * rng.standard_normal(n)
    features[rng.random(n) < 0.2, 4] = np.nan
    log_odds = -2.2 + 0.9 * (features[:, 1] + features[:, 2] - features[:, 0]) + 0.45 * is_group
    label = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(np.float64)
    ones = np.ones(n)
    return SearchRows(
        features=features,
        label=label,
        taught_weight=ones,
        learnt_weight=thinned(label, ones, 3.0, seed),
        door_weight=ones,
        is_group=is_group,
        is_reference=~is_group,
        is_thin=np.isnan(features[:, 4]),
        fold=rng.integers(0, 2, n),
    )


def judge_of(rows: SearchRows) -> AlternativeJudge:
    scale = ColumnScale.of(rows.features, COLUMNS)
    return AlternativeJudge(rows, AlternativeLearner(COLUMNS, scale, PARAMS, 40), 0.7)


@pytest.fixture(scope="module")
def judge() -> AlternativeJudge:
    return judge_of(rows_of())


@pytest.fixture(scope="module")
def searched(
    judge: AlternativeJudge, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AlternativeSearch, AlternativeJournal]:
    proposals = Proposals(COLUMNS, widest_columns(judge), ("area",), 1)
    search = AlternativeSearch(judge, proposals, models=14)
    file = tmp_path_factory.mktemp("search") / "journal.jsonl"
    journal = AlternativeJournal.open(file, digest_of(judge, proposals))
    search.run(journal)
    return search, journal


def test_the_planted_column_is_found_and_dropped(
    searched: tuple[AlternativeSearch, AlternativeJournal],
) -> None:
    judged = searched[1].in_order
    chosen = choose(judged, 0.5)
    given = judged[AS_GIVEN].figures
    assert "area" in chosen.change.dropped
    assert abs(chosen.figures.gap) <= 0.5 * given.gap and chosen.figures.is_within
    # A column that carries risk and not the group does not close the gap.
    judge = searched[0].judge
    other = ModelChange(dropped=("arrears",))
    margin = judge.margins(other)
    assert judge.figures(other, margin, judge.margins(ModelChange())).gap > 0.7 * given.gap


def test_the_columns_that_tell_the_groups_come_first(judge: AlternativeJudge) -> None:
    assert widest_columns(judge)[0] == "area"


def test_a_penalty_closes_the_gap(judge: AlternativeJudge) -> None:
    given = judge.margins(ModelChange())
    change = ModelChange(penalty=0.5)
    figures = judge.figures(change, judge.margins(change), given)
    assert abs(figures.gap) < 0.5 * judge.figures(ModelChange(), given, given).gap
    assert figures.gap_delta < -1.96 * figures.gap_delta_se


def test_a_stopped_search_goes_on_to_the_same_end(
    searched: tuple[AlternativeSearch, AlternativeJournal], tmp_path: Path
) -> None:
    search, whole = searched
    lines = whole.file.read_text("utf-8").splitlines(keepends=True)
    torn = tmp_path / "journal.jsonl"
    torn.write_text("".join(lines[:-2]) + lines[-2][:30], "utf-8")
    journal = AlternativeJournal.open(torn, whole.digest)
    assert len(journal.judged) == search.models - 2
    search.run(journal)
    assert torn.read_bytes() == whole.file.read_bytes()
    assert AlternativeJournal.open(torn, whole.digest).judged == whole.judged


def test_mixtures_are_new_and_depend_on_earlier_ones_alone(
    searched: tuple[AlternativeSearch, AlternativeJournal],
) -> None:
    search, journal = searched
    n = len(search.proposals.simple())
    given = journal.in_order[AS_GIVEN].figures
    judged = {
        k: JudgedChange(k, change, dataclasses.replace(given, gap=given.gap - 0.001 * k))
        for k, change in enumerate(search.proposals.simple())
    }
    mixture = search.proposals.proposal(n, judged)
    assert mixture not in {one.change for one in judged.values()}
    assert mixture == search.proposals.proposal(n, dict(judged))


def test_another_search_and_another_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    AlternativeJournal.open(file, "one")
    with pytest.raises(ModelError, match="of another search"):
        AlternativeJournal.open(file, "two")
    file.write_text("my notes\n", "utf-8")
    with pytest.raises(ModelError, match="got another file"):
        AlternativeJournal.open(file, "one")
    assert file.read_text("utf-8") == "my notes\n"


def figures(auc: float, gap: float, error: float = 0.01) -> TrialFigures:
    return TrialFigures(auc, 0.01, auc - 0.8, error, gap, 0.01, gap - 0.3, 0.01, 5)


def test_the_choice_is_the_highest_auc_of_those_that_halve_the_gap() -> None:
    points = [(0.8, 0.3), (0.79, 0.14), (0.795, 0.15), (0.7, 0.0), (0.81, 0.2)]
    judged = [JudgedChange(k, ModelChange(penalty=k), figures(*p)) for k, p in enumerate(points)]
    assert choose(judged, 0.5).ordinal == 2
    # One without a penalty needs nobody's group: it comes first, at a lower AUC too.
    plain = JudgedChange(5, ModelChange(thin="filled"), figures(0.785, 0.1))
    assert choose([*judged, plain], 0.5).ordinal == 5
    # Nothing halves it at such an AUC: the smallest gap that is not significantly below.
    assert choose([one for one in judged if one.ordinal in (0, 3, 4)], 0.5).ordinal == 4
    assert [one.ordinal for one in front(judged)] == [4, 2, 1, 3]


def test_a_design_fills_merges_and_drops() -> None:
    columns = CandidateColumns(("a", "b", "c"), (1, 0, -1), ("x", "x", "z"), ("payment_flow",) * 3)
    rows = np.array([[1, 9, np.nan], [2, 8, 5], [3, 7, 7]], np.float32)
    scale = ColumnScale.of(rows, columns)
    filled, signs = design(ModelChange(dropped=("a",), thin="filled"), columns, scale, rows)
    assert signs == (0, -1) and filled[0, 1] == 6.0
    merged, signs = design(ModelChange(merged=("x",)), columns, scale, rows)
    # b runs against a, so it is turned: the mean rank rises with a.
    assert signs == (-1, 0) and (np.diff(merged[:, 1]) > 0).all()
    with pytest.raises(ModelError, match="no column left"):
        design(ModelChange(dropped=("a", "b", "c")), columns, scale, rows)


def test_a_change_reads_back_from_a_journal() -> None:
    change = ModelChange(("a",), ("x",), 0.02, "own", is_signed=False)
    assert ModelChange.from_json(change.to_json()) == change
    assert change.words == (
        "without a; one column for x; penalty 0.02; thin files by a model of their own; no signs"
    )
    with pytest.raises(ModelError, match="expected thin as one of"):
        ModelChange.from_json({**change.to_json(), "thin": "other"})


def test_thin_files_of_their_own_see_no_payment_column() -> None:
    rows = rows_of(1500)
    learner = judge_of(rows).learner
    margin = learner.fit(ModelChange(thin="own"), rows.taught(np.ones(1500, bool)))
    moved = rows.features.copy()
    moved[:, 4] = 3.0
    everyone = np.ones(1500, bool)
    assert (margin(rows.features, everyone) == margin(moved, everyone)).all()
    assert (margin(rows.features, ~everyone) != margin(moved, ~everyone)).any()
