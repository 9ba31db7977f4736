"""What `evaluate` says about a model out-of-time: figures, tests, money, fairness, and the tables of the report."""

from __future__ import annotations

from .params import EvaluateParams

__all__ = ["EvaluateParams"]
