"""Only what is needed: a plan cut to some names gives them the bits of the full plan.

Features, policy inputs and what other people's rows say, whatever the cut.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditloom.features.contract.tables import TABLES
from creditloom.features.declare.cut import plan_of
from creditloom.features.declare.registry import plan
from creditloom.features.engine.engine import build
from creditloom.features.engine.raw_reader import RawFiles
from creditloom.features.network.network_features import OF_OTHERS, SNAPSHOT
from creditloom.features.policy_inputs.policy_inputs import NAMES as FACTS
from tests.features.raw import PARAMS, Raw, write_raw

WHAT = plan(TABLES)
NAMES = (*FACTS, *(spec.name for spec in WHAT.specs))
# table: cuts that need different streams and steps
CUTS = {
    "facts alone": FACTS,
    "one ratio": WHAT.ratios[:1],
    "one mark": WHAT.marks[:1],
    "others": OF_OTHERS,
    "one of the graph": ("soc_graph_core_number_ever",),
    "linked": ("dev_met_device_linked_count_ever",),
    "circles": ("pay_peer_circle_count_1m",),
    "an hour": ("ip_applications_1h", "operations_1h"),
    "nothing": (),
}


# A build takes a quarter of a second: few examples a run, others in each.
FEW = settings(max_examples=4, deadline=None)
OF_GRAPH = st.sets(st.sampled_from([spec.name for spec in SNAPSHOT]), min_size=1, max_size=5)


def _names(cut: Collection) -> tuple[str, ...]:
    return tuple(getattr(one, "spec", one) for one in cut)


@pytest.fixture(scope="module")
def sources(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> RawFiles:
    return write_raw(raw, tmp_path_factory.mktemp("cut"), 1)


@pytest.fixture(scope="module")
def whole(sources: RawFiles) -> pa.Table:
    return pa.concat_tables(build(sources, PARAMS))


def same_bits(a: pa.ChunkedArray, b: pa.ChunkedArray) -> bool:
    """Return whether two columns are equal to the bit, null apart from any number."""
    left, right = (one.combine_chunks() for one in (a, b))
    if not pa.types.is_floating(left.type):
        return left.equals(right)
    if not left.is_valid().equals(right.is_valid()):
        return False
    values = [one.drop_null().to_numpy().view(np.int64) for one in (left, right)]
    return np.array_equal(*values)


def check(sources: RawFiles, whole: pa.Table, asked: Collection[str]) -> None:
    made = pa.concat_tables(build(sources, PARAMS, asked))
    assert set(asked) <= set(made.column_names)
    assert made.num_rows == whole.num_rows
    wrong = [n for n in made.column_names if not same_bits(made[n], whole[n])]
    assert not wrong
    # What nobody asked for, nor needs, is not there.
    needed = plan_of(TABLES, asked)
    built = {*(spec.name for spec in needed.specs), *needed.facts}
    assert built >= set(made.column_names) - set(TABLES["applications"].arrow_schema.names)


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_has_the_bits_of_the_full_plan(sources: RawFiles, whole: pa.Table, cut: str) -> None:
    asked = [getattr(name, "name", name) for name in _names(CUTS[cut])]
    check(sources, whole, asked)


@FEW
@given(asked=st.sets(st.sampled_from(NAMES), min_size=1, max_size=120))
def test_any_cut_has_the_bits_of_the_full_plan(
    sources: RawFiles, whole: pa.Table, asked: set[str]
) -> None:
    check(sources, whole, asked)


@FEW
@given(asked=OF_GRAPH)
def test_any_cut_of_the_graph_has_the_bits_of_the_full_plan(
    sources: RawFiles, whole: pa.Table, asked: set[str]
) -> None:
    """The measures of a graph share what they are made of: any of them may come first."""
    check(sources, whole, asked)


def test_a_stream_that_nobody_asks_for_is_not_read(sources: RawFiles) -> None:
    """A file that is not there is not missed where nothing is made of it."""
    absent = {**sources, "payments": ("nowhere.parquet",)}
    asked = ("bur_enquiry_hard_count_3m",)
    assert sum(map(len, build(absent, PARAMS, asked)))
    with pytest.raises(FileNotFoundError):
        list(build(absent, PARAMS, (*asked, "pay_out_count_3m")))


def test_a_cut_without_a_parent_would_be_seen(sources: RawFiles, whole: pa.Table) -> None:
    """The fault that these tests are for: another column under the same name."""
    ratio = WHAT.ratios[0]
    made = pa.concat_tables(build(sources, PARAMS, (ratio.spec.name,)))
    assert same_bits(made[ratio.spec.name], whole[ratio.spec.name])
    assert not same_bits(made[ratio.top], whole[ratio.spec.name])
