"""Learners of other packages: installed as a distribution, found by its entry points."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT

POINTS = """[creditloom.learners]
halves = strangers:Halves
opaque = strangers:Opaque
"""
MODULE = '''
import numpy as np
from creditloom.models.sample.errors import ModelError
from creditloom.models.stacking.tree_text import table_tree


class Member:
    """One step at the median of the first column."""

    def __init__(self, rows, is_written):
        x = rows.features[:, 0]
        self.cut = float(np.median(x))
        self.counts = np.array([(x <= self.cut).sum(), (x > self.cut).sum()])
        rates = [rows.label[x <= self.cut].mean(), rows.label[x > self.cut].mean()]
        self.values = np.log(np.array(rates) / (1 - np.array(rates)))
        self.is_written = is_written

    def margin(self, features):
        return np.where(features[:, 0] <= self.cut, *self.values)

    def contributions(self, features):
        phi = np.zeros(features.shape)
        phi[:, 0] = self.margin(features)
        return 0.0, phi

    def trees(self):
        if not self.is_written:
            raise ModelError("The learner `opaque` cannot be written as trees: leave it out.")
        return [table_tree(0, np.array([self.cut]), self.values, self.counts, 0.0, 0)]


class Halves:
    steps = 1
    is_written = True

    def path(self, rows, signs, held_out):
        return self.fit(rows, signs, 0).margin(held_out)[:, None]

    def fit(self, rows, signs, step):
        return Member(rows, self.is_written)


class Opaque(Halves):
    is_written = False
'''
SCRIPT = """
from dataclasses import replace
import lightgbm as lgb, numpy as np
from creditloom.models.fit.learner import fit_calibrated
from creditloom.models.fit.judgement.validation import cross_validate
from creditloom.models.sample.errors import ModelError
from tests.fit.test_learner import FEW, table_of
table = table_of(1, 300)
table = replace(table, frame=table.frame[["income"]], signs=(0,))

def refused(call):
    try:
        call()
    except ModelError as error:
        return str(error)

halves = fit_calibrated(table, replace(FEW, learners=("halves", "small"))).model
told = lgb.Booster(model_str=halves.text).predict(halves.features(table.frame), raw_score=True)
assert "halves" in halves.stack.names
assert np.abs(told - halves.margin(table.frame)).max() < 1e-12
opaque = replace(FEW, learners=("opaque",), folds=2)
assert len(cross_validate(table, opaque, lambda: None).model) == 2
print(refused(lambda: fit_calibrated(table, opaque).model.text))
# It ignores signs, and the proof says so.
signed = fit_calibrated(replace(table, signs=(1,)), replace(FEW, learners=("halves",)))
print(refused(lambda: signed.model.text))
print(refused(lambda: fit_calibrated(table, replace(FEW, learners=("nobody",)))))
"""


@pytest.mark.slow
def test_a_learner_of_another_package_joins_and_one_that_cannot_be_written_is_refused(
    tmp_path: Path,
) -> None:
    info = tmp_path / "strangers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "strangers.py").write_text(MODULE)
    # Not sys.path: a model that another test loaded may have left its folder of code there.
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    unwritten, unsigned, unknown = done.stdout.splitlines()
    assert "`opaque` cannot be written" in unwritten
    assert "breaks the sign of 1 features, most `income`" in unsigned
    assert "No learner is called `nobody`" in unknown
    assert "halves" in unknown
