"""All paths: the files that a run reads and writes, and the data files of the package.

A stage runs at the root of a checkout, or in a folder with a copy of its `params.yaml`. So the
paths of a run are relative to the current folder. Products, laws, world numbers and default
parameters are data of the package. In a checkout `creditloom/` links to them, in a wheel it holds
them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

# Data of the package. Use `files` and not a parent of `__file__`: in a checkout the rooms are
# links, and a resolved path would be outside the package.
PACKAGE = Path(str(files("creditloom")))
# The committed parameters, for a folder without a params.yaml.
DEFAULTS = PACKAGE / "params.yaml"
PRODUCTS = PACKAGE / "products"
LAW = PRODUCTS / "law"
LAW_TESTS = LAW / "fairness_tests.yaml"
FAIRNESS_DECISIONS = PRODUCTS / "fairness_decisions.yaml"
REVIEW_RULES = PRODUCTS / "review"
FILTERS = PRODUCTS / "filters.yaml"
SOURCES = PRODUCTS / "sources.yaml"
APPROVALS = PRODUCTS / "approvals.yaml"
BENCHMARKS = PRODUCTS / "benchmarks.yaml"
BARS = PACKAGE / "models" / "evaluation" / "bars" / "bars.yaml"
EVIDENCE_BARS = PACKAGE / "models" / "evaluation" / "bars" / "evidence_bars.yaml"
FAMILY_SPREAD = PACKAGE / "models" / "evaluation" / "bars" / "family_spread.yaml"
FAIRNESS = PACKAGE / "models" / "evaluation" / "groups" / "fairness.yaml"
RIVALS = PACKAGE / "models" / "evaluation" / "rivals" / "rivals.yaml"
RAW_CHANGES = PACKAGE / "features" / "contract" / "raw_changes.yaml"
ACTIONABLE = PACKAGE / "features" / "contract" / "actionable.yaml"
WORLD = PACKAGE / "world" / "world.yaml"
CLAIMS = PACKAGE / "world" / "claims.yaml"
PUBLISHED = PACKAGE / "world" / "published.yaml"
BOOK = PACKAGE / "world" / "book" / "book.yaml"

# What a run reads and writes, relative to the folder it runs in.
PARAMS = Path("params.yaml")
# The commands that write documents run at the root of a checkout.
CHECKOUT = Path()

DATA = Path("data")
RAW = DATA / "raw"
TRUTH = DATA / "truth"
QUARANTINE = DATA / "quarantine"

FEATURES = DATA / "features"
MATRIX = FEATURES / "matrix.parquet"
LABELS = FEATURES / "labels.parquet"
LOAN_MONTHS = FEATURES / "loan_months.parquet"
CATALOGUE = FEATURES / "catalogue.json"

SELECTED = DATA / "selection" / "selected.json"
SELECTION = DATA / "selection" / "selection.parquet"

TUNING = DATA / "tuning"

# Beside data/model: margins of single applicants are no part of a bundle.
HELD_OUT = DATA / "held_out" / "held_out.parquet"
HELD_OUT_APPLICANTS = DATA / "held_out" / "applicants.parquet"
# The model once more on drawn loans, one text for each refit.
REFITS = DATA / "held_out" / "refits"

MODEL = DATA / "model"
MODEL_TXT = MODEL / "model.txt"
MODEL_CATALOGUE = MODEL / "catalogue.json"
TRAINING = MODEL / "training.json"
RIDGE = MODEL / "ridge.json"
CALIBRATION = MODEL / "calibration.json"
TIERS = MODEL / "tiers.json"
POLICY = MODEL / "policy.json"
REFERENCE = MODEL / "reference.json"
LAYOUT = MODEL / "layout.json"
APPROVAL = MODEL / "approval.json"
MANIFEST = MODEL / "manifest.json"

DECISIONS = DATA / "decisions" / "decisions.parquet"
QUEUE = DATA / "decisions" / "queue.parquet"
BEYOND = DATA / "decisions" / "beyond_training.json"
OVERRIDES = DATA / "overrides" / "overrides.jsonl"

BOOK_DATA = DATA / "book"
BOOK_PANEL = BOOK_DATA / "panel.parquet"
BOOK_STANDING = BOOK_DATA / "standing.parquet"
BOOK_REVIEW = BOOK_DATA / "review"
BEHAVIOUR = BOOK_DATA / "behaviour"
BOOK_TRUTH = BOOK_DATA / "truth"

REGISTRY = DATA / "registry"
REGISTERED = REGISTRY / "registered.json"
ALIASES = REGISTRY / "aliases.jsonl"

REPORTS = DATA / "reports"
TUNING_REPORT = REPORTS / "tuning"
METRICS = REPORTS / "metrics.json"
FIGURES = REPORTS / "figures.json"
CURVES = REPORTS / "curves"
EVALUATION = REPORTS / "evaluation"
EXPLAIN = REPORTS / "explain"
REPORT = REPORTS / "index.html"
RUNTIME = REPORTS / "runtime"
RUNTIME_JSON = REPORTS / "runtime.json"
EVIDENCE = REPORTS / "evidence"
WORLD_CLAIMS = REPORTS / "claims"
SHARE_RECOVERY = REPORTS / "share_recovery.json"
KEEPING = REPORTS / "keeping.json"
BACKTEST = REPORTS / "backtest.json"
REJECTS = REPORTS / "rejects"
ALTERNATIVES = REPORTS / "alternatives"
SCALE = REPORTS / "scale.json"
BENCH = REPORTS / "bench.json"
BENCH_EARLIER = REPORTS / "bench_earlier"
BENCH_EARLIER_JSON = REPORTS / "bench_earlier.json"
BENCH_TABLES = REPORTS / "bench_tables"
FORWARD = REPORTS / "forward"
OPTIMUM = REPORTS / "optimum"
COMPARE = REPORTS / "compare"
WHATIF = REPORTS / "whatif"


def params_file() -> Path:
    """Return params.yaml of the current folder or, if there is none, the committed one."""
    return PARAMS if PARAMS.is_file() else DEFAULTS
