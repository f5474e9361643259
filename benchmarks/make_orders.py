"""Makes a native export of any size: N orders, patients, labs and conditions.

The same bytes for the same N, seed and share of dirty rows. Patients are made in blocks and laid
into slices of days on disk, then written slice by slice in the order of their dates: memory is
bounded by a block, not by N. About 12 orders a patient with a heavy tail, some with hundreds.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from chances import chance, either
from courses import DAYS, courses, fills, strengths
from people import conditions, date, labs, patient_id, patients, watched

BLOCK = 60_000  # patients
SLICE = 1_000_000  # orders, about
FEW = 250_000  # orders are turned into text at a time
DIRT = ("no patient", "no date", "bad date", "no drug", "unknown drug", "bad dose", "no unit",
        "odd unit", "no supply", "odd status", "past the end", "twice")  # fmt: skip


def blocks(wanted: int, seed: int) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Orders and their patients (`watched`), block after block; `wanted` orders or a little less.

    Whole patients: the last one who does not fit ends it.
    """
    first, made, size = 0, 0, min(BLOCK, wanted // 8 + 20)
    while True:
        people = watched(
            pl.DataFrame({"patient": pl.arange(first, first + size, eager=True)}), seed
        )
        orders = (
            fills(courses(first, size, seed))
            .join(people, on="patient", how="inner")
            .filter(pl.col("day").is_between(pl.col("begin"), pl.col("end")))
        )
        each = orders.group_by("patient").agg(many=pl.len()).sort("patient")
        fits = each.filter(pl.col("many").cum_sum() <= wanted - made)
        people = people.join(fits, on="patient", how="semi", maintain_order="left")
        made += int(fits["many"].sum())
        if fits.height == each.height:
            yield orders, people
        else:
            yield orders.join(fits, on="patient", how="semi"), people
            return
        first += size


def as_text(orders: pl.DataFrame, first_id: int, dirty: float) -> pl.DataFrame:
    """The prescriptions table, sorted by day; ids count from `first_id`."""
    none = pl.lit("")
    dirt = pl.when(chance(pl.col("row"), 61) < dirty).then(
        (chance(pl.col("row"), 62) * len(DIRT)).floor().cast(pl.Int64))  # fmt: skip
    frame = (
        orders.with_columns(pl.col("style").cast(pl.Int32))
        .join(_known(), on=["number", "step", "style"], how="left", maintain_order="left")
        .with_columns(
            dirt=dirt, site=pl.col("patient") % 7, id=pl.int_range(pl.len()) + first_id,
            taken=pl.col("each").cast(pl.String).str.strip_suffix(".0"),
        )
    )  # fmt: skip
    period = pl.when(pl.col("period") == 3).then(pl.lit("every 3 days"))
    daily = pl.format("{} times a day", "times")

    def unless(kind: str, value: pl.Expr, instead: str = "") -> pl.Expr:
        broken = pl.col("dirt") == DIRT.index(kind)
        return pl.when(broken.fill_null(value=False)).then(pl.lit(instead)).otherwise(value)

    start = unless("bad date", date(pl.col("day")).cast(pl.String), "31/31/2025")
    unit = unless("no unit", unless("odd unit", pl.col("form"), "spoonfuls of"))
    text = frame.select(
        prescription_id=pl.format("RX-{}", pl.col("id").cast(pl.String).str.zfill(9)),
        patient_id=unless("no patient", patient_id()),
        drug=unless("no drug", unless("unknown drug", pl.col("text"), "study drug 17")),
        drug_code=none,
        drug_code_system=none,
        route="route",
        form="form",
        strength_value="strength",
        strength_unit="unit",
        strength_per_value=pl.lit("1"),
        strength_per_unit="form",
        dose_min=unless("bad dose", pl.col("taken"), "one or so"),
        dose_max=none,
        dose_unit=unit,
        frequency_count=pl.col("times").cast(pl.String),
        frequency_period_days=pl.col("period").cast(pl.String),
        max_doses_per_day=pl.when("prn").then(pl.col("times").cast(pl.String)).otherwise(none),
        prn=either(pl.col("prn"), "yes", "no"),
        start_date=unless("no date", unless("past the end", start, "2062-01-01")),
        days_supply=unless("no supply", pl.col("supply").cast(pl.String)),
        quantity=unless("no supply", _number(
            pl.col("each") * pl.col("times") * pl.col("supply") / pl.col("period"))),
        status=unless("odd status", either(pl.col("cancelled"), "cancelled", "active"), "filed"),
        stop_date=date(pl.col("stop")).cast(pl.String).fill_null(""),
        replaces=none,
        dispensed=none,
        sig=pl.format("Take {} {} {}{}", "taken", "form", period.otherwise(daily),
                      either(pl.col("prn"), " as needed", "")),
        prescriber_id=pl.format("PR-{}-{}", "site", "author"),
        site_id=pl.format("site-{}", "site"),
        _twice=(pl.col("dirt") == DIRT.index("twice")).fill_null(value=False),
    )  # fmt: skip
    again = text.filter("_twice")
    return (text if again.is_empty() else pl.concat([text, again])).drop("_twice")


def _known() -> pl.DataFrame:
    columns = ("text", "strength", "unit", "form", "route", "times", "period")
    return strengths().select("number", pl.col("step").cast(pl.Int64), "style", *columns)


def _number(value: pl.Expr) -> pl.Expr:
    return value.round(2).cast(pl.String).str.strip_suffix(".0")


def _write_people(place: Path, people: pl.DataFrame, first: bool) -> None:
    for name, table in (("patients", patients), ("labs", labs), ("conditions", conditions)):
        with (place / f"{name}.csv").open("ab") as out:
            table(people).write_csv(out, include_header=first)


def _write_orders(place: Path, slices: list[Path], dirty: float) -> int:
    made = 0
    with (place / "prescriptions.csv").open("wb") as out:
        for folder in slices:
            parts = sorted(folder.glob("*.arrow"))
            if not parts:
                continue
            part = pl.concat([pl.read_ipc(path) for path in parts])
            part = part.sort("day", "row")
            for few in part.iter_slices(FEW):
                as_text(few, made, dirty).write_csv(out, include_header=made == 0)
                made += few.height
    return made


def _version() -> str:
    here = Path(__file__).parent
    names = ("make_orders.py", "courses.py", "people.py", "chances.py", "drugs.csv")
    return hashlib.sha256(b"".join((here / name).read_bytes() for name in names)).hexdigest()


def make(folder: Path, wanted: int, seed: int = 1, dirty: float = 0.0) -> Path:
    """Write the export unless it is there; gives its folder.

    prescriptions.csv, patients.csv, labs.csv, conditions.csv, and names.csv: which text is which
    drug, for the peers, which have no terminology of their own.
    """
    name = f"{wanted}-orders" + (f"-seed{seed}" if seed != 1 else "")
    place = folder / (name + (f"-dirty{dirty:g}" if dirty else ""))
    complete = place / "complete"
    if complete.exists() and complete.read_text() == _version():
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    begun = time.perf_counter()
    count = -(-wanted // SLICE)
    slices = [place / "slices" / str(number) for number in range(count)]
    for path in slices:
        path.mkdir(parents=True)
    number = 0
    for number, (orders, people) in enumerate(blocks(wanted, seed)):
        _write_people(place, people, number == 0)
        narrow = orders.drop("person", "begin", "end", "dead").with_columns(
            slice=pl.col("day") * count // (DAYS + 1)
        )
        for (which,), part in narrow.partition_by("slice", as_dict=True, include_key=False).items():
            part.write_ipc(slices[which] / f"{number:05}.arrow")
    made = _write_orders(place, slices, dirty)
    strengths().select("text", "drug", "unit", "route").unique().sort("text").write_csv(
        place / "names.csv"
    )
    shutil.rmtree(place / "slices")
    complete.write_text(_version())
    print(f"made {made} orders in {time.perf_counter() - begun:.1f} s", file=sys.stderr)
    return place


def main() -> None:
    """Make one export and print its folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirty", type=float, default=0.0, help="share of dirty rows: 0.01 = 1 %%")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark"))
    asked = parser.parse_args()
    print(make(asked.folder, asked.orders, asked.seed, asked.dirty))


if __name__ == "__main__":
    main()
