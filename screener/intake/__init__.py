"""From exported text to typed canonical tables by bucket, with every record accounted for."""

from __future__ import annotations

from screener.intake.schemas import validate_findings
from screener.intake.take import FileCount, Intake, ReadExport, take_in

__all__ = ["FileCount", "Intake", "ReadExport", "take_in", "validate_findings"]
