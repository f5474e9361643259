"""What the run needs to know of one bucket once its frames are on disk: counts, never rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from screener.findings import Results
from screener.tables import Tables

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """Counts of one bucket; `n of m` pairs are (n, m)."""

    bucket: int
    patients: int  # of an order or of the patients table
    sites: frozenset[str]
    row_classes: dict[tuple[str, str], int]  # (file, class) -> rows of prescriptions
    rows: dict[str, int]  # table -> rows written
    dangling: int  # order ids that a finding names and its patient does not have
    drugs_mapped: tuple[int, int]  # used orders of drugs
    not_a_drug: tuple[int, int]  # used orders: fluids, vaccines, supplies, ...
    doses_known: tuple[int, int]  # used and mapped orders
    kidney_tested: tuple[int, int]  # patients
    dispensed: tuple[int, int]  # orders that say whether they were dispensed
    unmapped: dict[str, int] = field(default_factory=dict)  # drug text -> used orders
    unmapped_in: dict[str, int] = field(default_factory=dict)  # file -> used orders of drugs
    no_drug_in: dict[str, int] = field(default_factory=dict)  # file -> used orders of no drug
    broke: dict[str, str] = field(default_factory=dict)  # rule id -> kind of failure


def facts_of(
    bucket: int, tables: Tables, results: Results, rows: dict[str, int], broke: dict[str, str]
) -> BucketFacts:
    """Count what one bucket's tables and results hold."""
    orders = tables.prescriptions
    used = results.orders.filter(pl.col("row_class") == "used")
    ordered = used["source_ref"].n_unique()
    no_drug = used.filter(pl.col("reason").is_not_null())
    used = used.filter(pl.col("reason").is_null())
    mapped, known = _orders_with(used)
    patients = patients_of(tables)
    classes = results.row_classes.select("source_file", "row_class", "rows")
    return BucketFacts(
        bucket=bucket,
        patients=patients.len(),
        sites=frozenset(orders["site_id"].drop_nulls().unique()),
        row_classes={(file, name): n for file, name, n in classes.iter_rows()},
        rows=rows,
        dangling=dangling_orders(results.findings, results.orders)
        + dangling_orders(results.pilot_findings, results.orders),
        drugs_mapped=mapped,
        not_a_drug=(no_drug["source_ref"].n_unique(), ordered),
        doses_known=known,
        kidney_tested=(results.kidney["patient_id"].n_unique(), patients.len()),
        dispensed=(orders.height - orders["dispensed"].null_count(), orders.height),
        unmapped=_unmapped(used),
        unmapped_in=_by_file(used.filter(pl.col("ingredient").is_null())),
        no_drug_in=_by_file(no_drug),
        broke=broke,
    )


def patients_of(tables: Tables) -> pl.Series:
    """The distinct patients of the orders and of the patients table."""
    ids = [tables.prescriptions["patient_id"]]
    if tables.patients is not None:
        ids.append(tables.patients["patient_id"])
    return pl.concat(ids).unique()


def dangling_orders(findings: pl.DataFrame, orders: pl.DataFrame) -> int:
    """How many order ids the findings name that are no order of the same patient."""
    named = (
        findings.select("patient_id", prescription_id="prescription_ids")
        .explode("prescription_id", empty_as_null=False)
        .drop_nulls()
    )
    return named.join(orders, on=["patient_id", "prescription_id"], how="anti").height


def _orders_with(used: pl.DataFrame) -> tuple[tuple[int, int], tuple[int, int]]:
    """(mapped, used) and (with a dose, mapped and not local) orders; combinations count once."""
    by_order = used.group_by("source_ref").agg(
        mapped=pl.col("ingredient").is_not_null().all(),
        systemic=(pl.col("track") != "local").all(),
        known=pl.col("dose_high_ug").is_not_null().all(),
    )
    counted = by_order.filter("mapped", pl.col("systemic").fill_null(True))
    return (
        (int(by_order["mapped"].sum()), by_order.height),
        (int(counted["known"].sum()), counted.height),
    )


def _unmapped(used: pl.DataFrame) -> dict[str, int]:
    texts = (
        used.filter(pl.col("ingredient").is_null(), pl.col("drug").is_not_null())
        .unique("source_ref")
        .group_by("drug")
        .len()
    )
    return dict(texts.iter_rows())


def _by_file(rows: pl.DataFrame) -> dict[str, int]:
    """File -> orders; `source_ref` is the file's name, a colon and the row's number."""
    refs = rows.select("source_ref").unique()
    file = pl.col("source_ref").str.strip_chars_end("0123456789").str.head(-1)
    return dict(refs.group_by(file=file).len().sort("file").iter_rows())


def added(pairs: list[tuple[int, int]]) -> list[int]:
    """[n, of] over all buckets."""
    return [sum(n for n, _ in pairs), sum(of for _, of in pairs)]


def counted(counts: list[dict[Name, int]]) -> dict[Name, int]:
    """Counts of all buckets, added by name."""
    total: dict[Name, int] = {}
    for one in counts:
        for name, n in one.items():
            total[name] = total.get(name, 0) + n
    return total
