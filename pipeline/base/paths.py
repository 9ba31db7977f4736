"""Where things lie: outs relative to the folder a command runs in, package data beside the code.

A stage runs at the root of a checkout (or of a temporary copy of its `params.yaml`), so outs are relative paths. Products, laws,
world numbers and default parameters are data of the package: in a checkout `creditloom/` links to them, in a wheel they lie there.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("creditloom")))
DEFAULTS = PACKAGE / "params.yaml"  # the committed parameters, where a folder has none of its own
PRODUCTS = PACKAGE / "products"
LAW = PRODUCTS / "law"
REVIEW_RULES = PRODUCTS / "review"
FILTERS = PRODUCTS / "filters.yaml"
SOURCES = PRODUCTS / "sources.yaml"
BENCHMARKS = PRODUCTS / "benchmarks.yaml"
BARS = PACKAGE / "models" / "evaluation" / "bars" / "bars.yaml"
WORLD = PACKAGE / "world" / "world.yaml"
BOOK = PACKAGE / "world" / "book" / "book.yaml"

PARAMS = Path("params.yaml")
CHECKOUT = Path()  # where the commands that write documents run: the root of a checkout

DATA = Path("data")
RAW = DATA / "raw"
TRUTH = DATA / "truth"
QUARANTINE = DATA / "quarantine"

FEATURES = DATA / "features"
MATRIX = FEATURES / "matrix.parquet"
LABELS = FEATURES / "labels.parquet"
CATALOGUE = FEATURES / "catalogue.json"

SELECTED = DATA / "selection" / "selected.json"
SELECTION = DATA / "selection" / "selection.parquet"

TUNING = DATA / "tuning"

MODEL = DATA / "model"
MODEL_TXT = MODEL / "model.txt"
MODEL_CATALOGUE = MODEL / "catalogue.json"
TRAINING = MODEL / "training.json"
RIDGE = MODEL / "ridge.json"
CALIBRATION = MODEL / "calibration.json"
TIERS = MODEL / "tiers.json"
POLICY = MODEL / "policy.json"
REFERENCE = MODEL / "reference.json"
MANIFEST = MODEL / "manifest.json"

DECISIONS = DATA / "decisions" / "decisions.parquet"
QUEUE = DATA / "decisions" / "queue.parquet"
OVERRIDES = DATA / "overrides" / "overrides.jsonl"

BOOK_DATA = DATA / "book"
BOOK_PANEL = BOOK_DATA / "panel.parquet"
BOOK_STANDING = BOOK_DATA / "standing.parquet"
BOOK_REVIEW = BOOK_DATA / "review"
BEHAVIOUR = BOOK_DATA / "behaviour"

REGISTRY = DATA / "registry"
REGISTERED = REGISTRY / "registered.json"
ALIASES = REGISTRY / "aliases.jsonl"

REPORTS = DATA / "reports"
METRICS = REPORTS / "metrics.json"
EVALUATION = REPORTS / "evaluation"
EXPLAIN = REPORTS / "explain"
REPORT = REPORTS / "index.html"
RUNTIME = REPORTS / "runtime"
RUNTIME_JSON = REPORTS / "runtime.json"
EVIDENCE = REPORTS / "evidence.json"
MACHINERY = REPORTS / "machinery.json"
KEEPING = REPORTS / "keeping.json"
SCALE = REPORTS / "scale.json"
BENCH = REPORTS / "bench.json"
FORWARD = REPORTS / "forward"
OPTIMUM = REPORTS / "optimum"
COMPARE = REPORTS / "compare"


def params_file() -> Path:
    """params.yaml of the folder a command runs in, or the committed one where that folder has none."""
    return PARAMS if PARAMS.is_file() else DEFAULTS
