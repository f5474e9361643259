"""A run whose tables lie in a lake: `screen_spark`, for a notebook or a job of a cluster."""

from __future__ import annotations

from screener.lake.run import LakeRun, screen_spark

__all__ = ["LakeRun", "screen_spark"]
