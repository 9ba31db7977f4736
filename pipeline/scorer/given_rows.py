"""Turn what a caller of scikit-learn holds into a table: frames, arrays, lists; labels, weights.

An array gets the columns x0, x1, ...; a frame keeps its own names and types.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from numbers import Number
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.storage.files.errors import StatedError
from creditloom.storage.own.frames import arrow_of
from creditloom.storage.own.roles import OURS
from creditloom.storage.own.table_files import without_views

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

# Names of bads. A label whose first class is one of them would be read the wrong way round.
BAD_WORDS = ("bad", "default", "defaulted")
# Names that the columns get which stand beside X, unless X has them.
LABEL = "label"
TIME = "time"
GROUP = "group"
WEIGHT = "sample_weight"


class ScorerError(StatedError):
    """What was given to the estimator cannot be used."""


class GivenRows(NamedTuple):
    """Rows as a table, and the names of the rows, an index of pandas, that answers get."""

    table: pa.Table
    names: pd.Index


class GivenLabel(NamedTuple):
    """The two classes, sorted, the place of the bad one, and 1 = bad per row."""

    classes: NDArray[Any]
    bad_place: int
    is_bad: NDArray[Any]


def rows_of(
    estimator: BaseEstimator,
    given: Any,
    *,
    is_new: bool,
    named: Collection[str] = (),
    unread: Collection[str] = (),
) -> GivenRows:
    """Return the rows of X, checked by scikit-learn's rules on names and numbers of columns.

    is_new: `fit` asks, and the names are kept. named: columns that may stand in a pandas index.
    unread: columns that the model does not read, and that may be missing. Raises ValueError or
    TypeError in scikit-learn's words for what is no table.
    """
    if not is_frame(given):
        frame = _of_array(estimator, given, is_new=is_new)
        return GivenRows(arrow_of(frame), frame.index)
    _check_frame(estimator, given, unread, is_new=is_new)
    names = getattr(estimator, "feature_names_in_", None)
    is_pandas = isinstance(given, pd.DataFrame)
    if names is None:
        # Names that are no texts, or of rows for a model of an array: by position.
        names = _plain_names(given.shape[1])
        given = given.set_axis(names, axis=1) if is_pandas else arrow_of(given)
        given = given if is_pandas else given.rename_columns(names)
    table = without_views(arrow_of(given, named))
    index = given.index if is_pandas else pd.RangeIndex(table.num_rows)
    return GivenRows(table, index)


def is_frame(given: Any) -> bool:
    """Return whether rows come with columns: pandas, polars, Arrow, whatever streams Arrow."""
    kinds = (pd.DataFrame, pa.Table, pa.RecordBatch)
    return isinstance(given, kinds) or hasattr(given, "__arrow_c_stream__")


def _plain_names(count: int) -> list[str]:
    return [f"x{k}" for k in range(count)]


def _check_frame(
    estimator: BaseEstimator, given: Any, unread: Collection[str], *, is_new: bool
) -> None:
    from sklearn.utils.validation import validate_data

    known = getattr(estimator, "feature_names_in_", None)
    if not is_new and known is not None:
        there = [str(name) for name in _names(given)]
        missing = set(known) - set(there)
        # Who asks for a PD need not give a protected column, or one that was dropped.
        if missing <= set(unread) and there == [name for name in known if name not in missing]:
            return
    validate_data(estimator, given, reset=is_new, skip_check_array=True)


def _names(given: Any) -> list[Any]:
    if isinstance(given, pa.Table | pa.RecordBatch):
        return list(given.schema.names)
    return list(given.columns)


def _of_array(estimator: BaseEstimator, given: Any, *, is_new: bool) -> pd.DataFrame:
    from sklearn.utils.validation import validate_data

    values = validate_data(
        estimator, given, reset=is_new, dtype=None, ensure_all_finite="allow-nan"
    )
    names = getattr(estimator, "feature_names_in_", None)
    columns = _plain_names(values.shape[1]) if names is None else list(names)
    if values.dtype == object:
        _check_objects(values)
        return pd.DataFrame(values, columns=columns).infer_objects()
    return pd.DataFrame(values, columns=columns)


def _check_objects(values: NDArray[Any]) -> None:
    plain = (str, Number, np.generic, type(None), type(pd.NA))
    other = next((value for value in values.ravel() if not isinstance(value, plain)), None)
    if other is not None:
        raise TypeError(f"argument must be a string or a number, not {type(other).__name__!r}")


def label_of(estimator: BaseEstimator, given: Any, bad: Any) -> GivenLabel:
    """Return the classes and who is bad: the class `bad`, without one the second of the two.

    Raises ValueError unless there are two classes, and where the first is called bad.
    """
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import assert_all_finite, column_or_1d

    if given is None:
        name = type(estimator).__name__
        raise ValueError(f"This {name} estimator requires y to be passed, but the target y is None")
    label = column_or_1d(given, warn=True)
    assert_all_finite(label, input_name="y")
    check_classification_targets(label)
    kind = type_of_target(label, input_name="y")
    if kind != "binary":
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {kind}."
        )
    classes, codes = np.unique(label, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"Two classes are needed; y holds one class only: {classes[:1]}")
    place = _bad_place(classes, bad)
    # As the label is stored where it is 0 and 1 already: the layout keeps its type.
    is_plain = label.dtype.kind in "biuf" and classes.tolist() == [0, 1]
    return GivenLabel(
        classes, place, (codes == place).astype(label.dtype if is_plain else np.int64)
    )


def _bad_place(classes: NDArray[Any], bad: Any) -> int:
    if bad is None and str(classes[0]).lower() not in BAD_WORDS:
        if isinstance(classes[1], str):
            said = (
                f"{classes[1]!r}, the second of the sorted classes, is taken as the bad one (bad=)"
            )
            warnings.warn(said, UserWarning, stacklevel=4)
        return 1
    places = [] if bad is None else np.flatnonzero(classes == bad).tolist()
    if places:
        return int(places[0])
    first, second = classes.tolist()
    raise ScorerError.of(
        "It is not said which class is bad",
        where="CreditScorer(bad=...)",
        expected=f"one of {first!r} and {second!r}",
        got=f"{bad!r}; without a word the second of the sorted classes, {second!r}, would be bad",
        next_step=f"CreditScorer(bad={first!r})",
    )


def weight_of(given: Any, rows: int) -> NDArray[np.float64] | None:
    """Return one weight per row, None for none. Raises ValueError for one that is no weight."""
    if given is None:
        return None
    weight = np.asarray(given, dtype=np.float64)
    weight = np.full(rows, weight) if weight.ndim == 0 else weight
    if weight.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if len(weight) != rows:
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(rows,)}!")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("Sample weights must be finite and not negative")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number")
    return weight


def beside(table: pa.Table, values: Any, name: str) -> tuple[pa.Table, str]:
    """Return the table with one more column, and its name: `name`, with _ where X has it.

    `values` that are a text name a column of X, which then has the part.
    """
    if isinstance(values, str):
        return table, values
    column = _arrow(values)
    if len(column) != table.num_rows:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {name} has "
            f"{len(column)}, X has {table.num_rows}"
        )
    while name in table.column_names or name in OURS:
        name = f"{name}_"
    return table.append_column(name, column), name


def _arrow(values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, pd.Series | pd.Index):
        return pa.array(pd.Series(values), from_pandas=True)
    return pa.array(np.asarray(values), from_pandas=True)
