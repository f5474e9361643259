"""Used rows to order lines: each distinct way of writing an order is worked out once.

A hospital writes the same few thousand orders over and over. What a row says of drug, route, form,
strength, dose and supply is its *wording*; a line is a row with the dose that its wording gives.
"""

from __future__ import annotations

import polars as pl

from screener.timeline.doses import dose_lines
from screener.timeline.orders import identify

WORDING = (
    "drug", "drug_code", "drug_code_system", "route", "form", "strength_value", "strength_unit",
    "strength_per_value", "strength_per_unit", "dose_min", "dose_max", "dose_unit",
    "frequency_count", "frequency_period_days", "max_doses_per_day", "prn", "days_supply",
    "quantity",
)  # fmt: skip
OF_ROW = (
    "row", "patient", "start", "stop", "phase", "phases", "prescription_id", "source_ref", "drug",
    "sig", "prescriber_id", "site_id",
)  # fmt: skip
OF_WORDING = (
    "part", "ingredient", "drug_kind", "product", "track", "form_key", "mass_unit", "rescue",
    "as_needed", "low", "high", "likely_high", "doses_per_day", "dose_unknown", "uncertain",
    "strength_key", "implausible_above_ug", "length", "how", "f_unmapped", "f_route", "f_sig",
    "f_period", "f_unit", "f_concentration", "f_prn", "f_combination", "f_supply",
)  # fmt: skip


def order_lines(rows: pl.DataFrame, *, dose_supplied: bool) -> pl.DataFrame:
    """One line per used row and ingredient, with `line`, its number: OF_ROW and OF_WORDING.

    rows: as of `orders.classify`. Meaning of the columns: `orders.identify`, `doses.dose_lines`.
    """
    asked = rows.select("row_class", *dict.fromkeys((*OF_ROW, *WORDING)))
    used = asked.filter(pl.col("row_class") == "used")
    wordings = used.select(WORDING).unique(maintain_order=True).with_row_index("wording")
    known = dose_lines(identify(wordings), dose_supplied=dose_supplied)
    which = used.select(WORDING).join(
        wordings, on=WORDING, how="left", nulls_equal=True, maintain_order="left", validate="m:1"
    )
    lines = (
        used.select(OF_ROW)
        .hstack([which["wording"]])
        .join(
            known.select("wording", *OF_WORDING), on="wording", how="left",
            maintain_order="left_right",
        )
        .drop("wording")
    )  # fmt: skip
    length = pl.coalesce("length", pl.col("stop") - pl.col("start"))
    return lines.with_columns(
        length=length, f_supply=pl.col("f_supply") & length.is_null(), how=_with_phase()
    ).with_row_index("line")


def _with_phase() -> pl.Expr:
    """The arithmetic of a line that is one phase of a taper says which."""
    which = pl.format("phase {} of {}: ", "phase", "phases")
    return pl.when(pl.col("phases") > 1).then(which + pl.col("how")).otherwise("how")
