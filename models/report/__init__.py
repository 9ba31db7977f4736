"""The report: `render(ReportData(...))` gives one HTML page that needs no network."""

from __future__ import annotations

from .data import Bar, Coverage, Example, Picture, ReportData, ReportParams, Step, Text
from .render import render

__all__ = ["Bar", "Coverage", "Example", "Picture", "ReportData", "ReportParams", "Step", "Text", "render"]
