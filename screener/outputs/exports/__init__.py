"""A finished run in the forms that other systems read: tables, FHIR, Prometheus."""

from __future__ import annotations

from screener.outputs.exports.write import FORMS, exported

__all__ = ["FORMS", "exported"]
