"""Where things lie: outs relative to the folder a command runs in, house files beside the code.

A stage runs at the root of a checkout (or of a temporary copy of its `params.yaml`), so outs are relative paths; products and world
numbers belong to the code that reads them and are found from it.
"""

from __future__ import annotations

from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
PRODUCTS = HOUSE / "products"
LAW = PRODUCTS / "law"
REVIEW_RULES = PRODUCTS / "review"
FILTERS = PRODUCTS / "filters.yaml"
SOURCES = PRODUCTS / "sources.yaml"
BENCHMARKS = PRODUCTS / "benchmarks.yaml"
WORLD = HOUSE / "data" / "world" / "world.yaml"
BOOK = HOUSE / "data" / "world" / "book.yaml"

PARAMS = Path("params.yaml")

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
