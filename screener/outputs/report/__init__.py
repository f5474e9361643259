"""The report: one self-contained HTML file, made from the frames of a run and its run.json.

Everything is counted here, once (`summary`); the browser filters, sorts and draws.
"""

from __future__ import annotations

from screener.outputs.report.given import ReportInput
from screener.outputs.report.page import render

__all__ = ["ReportInput", "render"]
