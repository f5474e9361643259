"""What the invented patients are given: courses of 200 drugs and the fills of each course.

A course is steady, titrated, tapered, switched to another strength, split over two strengths or
taken as needed. Lengths of supply and the gap between two fills follow the refills of the public
SMART outpatient sample (1,324 refills: 72 % for 30 days, 18 % for 90; the gap has a median of 0,
quartiles of -4 and +5, 5 % at -30 and 5 % beyond +60 days), the number of fills its long tail.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from chances import between, chance, either, one_of

FIRST_DAY = dt.date(2024, 11, 1)
LAST_DAY = dt.date(2026, 10, 31)
DAYS = (LAST_DAY - FIRST_DAY).days
GROUPS = ("neuro", "pain", "mind", "heart", "sugar", "other")
MAIN_GROUP = [(0.18, 0), (0.15, 1), (0.17, 2), (0.32, 3), (0.1, 4), (0.08, 5)]
FROM_MAIN_GROUP = 0.6  # of a patient's drugs; the others come from the whole list
STYLES = 4  # ways to write a drug
STEADY, RISING, FALLING, SWITCHED, SPLIT, AS_NEEDED = range(6)
PATTERN = [(0.60, STEADY), (0.17, RISING), (0.06, FALLING), (0.05, SWITCHED), (0.04, SPLIT),
           (0.08, AS_NEEDED)]  # fmt: skip
SUPPLY = [(0.72, 30), (0.18, 90), (0.04, 10), (0.03, 28), (0.03, 7)]
MOST_COURSES = 14
SKEWED = 1 / 20_000  # of the patients have this many courses instead
SKEWED_COURSES = 90
MOST_FILLS = 47
LASTING = 0.15  # of the courses go on to the end, with few long gaps


@cache
def drugs() -> pl.DataFrame:
    """The drugs: group, drug, brand, strengths (list), unit, form, times, share, number."""
    listed = pl.read_csv(
        Path(__file__).with_name("drugs.csv"), schema_overrides={"strengths": pl.String}
    )
    return listed.with_columns(pl.col("strengths").str.split(";")).with_row_index("number")


@cache
def strengths() -> pl.DataFrame:
    """One row a drug, strength and style: number, step, style, text, strength, unit, form, ..."""
    titled = pl.col("drug").str.to_titlecase()
    brand = pl.col("brand").fill_null(titled)
    one = drugs().explode("strengths").rename({"strengths": "strength"})
    per_hour = pl.when(pl.col("form") == "patch").then(pl.lit("/h")).otherwise(pl.lit(""))
    said = pl.format("{} {}{}", "strength", "unit", per_hour)
    plural = pl.col("form").replace({"patch": "patche"}) + "s"
    texts = (
        pl.col("drug"),
        pl.format("{} {} {}", titled, said, plural),
        pl.format(
            "{} {} {}", pl.col("drug").str.to_uppercase(), said, pl.col("form").str.to_uppercase()
        ),
        pl.format("{} {}", brand, said),
    )
    plain = pl.col("strength").str.contains("/")  # a combination is written by its name alone
    styles = [
        one.with_columns(
            step=pl.int_range(pl.len()).over("number"),
            style=pl.lit(style),
            text=pl.when(plain).then("drug").otherwise(text),
        )
        for style, text in enumerate(texts)
    ]
    return pl.concat(styles).with_columns(
        route=either(pl.col("form") == "patch", "transdermal", "oral"),
        period=pl.when(pl.col("form") == "patch").then(3).otherwise(1),
    )  # fmt: skip


def courses(first: int, patients: int, seed: int) -> pl.DataFrame:
    """One row per course of patients first, first + 1, ...: who, which drug, when, how.

    A patient seldom has two courses of one drug (one in thirty: a restart or a second prescriber).
    """
    person = pl.col("patient") + seed * (1 << 40)
    course = pl.col("course") + seed * (1 << 46)
    many = (1 + 1.35 * (1 - chance(person, 1)).pow(-0.45)).floor().clip(1, MOST_COURSES)
    frame = (
        pl.DataFrame({"patient": pl.arange(first, first + patients, eager=True)})
        .with_columns(
            count=pl.when(chance(person, 19) < SKEWED)
            .then(SKEWED_COURSES)
            .otherwise(many)
            .cast(pl.Int64),
            main=one_of(chance(person, 20), MAIN_GROUP),
        )
        .with_columns(one=pl.int_ranges(pl.col("count")))
        .explode("one")
        .with_columns(course=pl.col("patient") * 128 + pl.col("one"))
        .with_columns(
            pick=chance(course, 2)
            + pl.when(chance(course, 21) < FROM_MAIN_GROUP).then("main").otherwise(len(GROUPS)),
        )
    )  # fmt: skip
    lasting = chance(course, 14) < LASTING
    long_tail = (1.1 * (1 - chance(course, 4)).pow(-0.8)).floor().clip(1, MOST_FILLS)
    edges, numbers = _shares()
    place = np.searchsorted(edges, frame["pick"].to_numpy(), side="right") - 1
    known = drugs().select("number", "form", steps=pl.col("strengths").list.len().cast(pl.Int64))
    again = (pl.int_range(pl.len()).over("patient", "number") > 0) & (chance(course, 22) > 1 / 30)
    return (
        frame.with_columns(number=pl.Series(numbers[place]).cast(pl.UInt32))
        .filter(~again)
        .join(known, on="number", how="left", maintain_order="left")
        .select(
            "patient",
            "course",
            "number",
            "steps",
            key=course,
            first=pl.when(chance(course, 23) < 0.3)
            .then(between(course, 3, 0, 29))  # taken before the window began
            .otherwise(between(course, 3, 0, DAYS - 30)),
            lasting=lasting,
            fills=pl.when(lasting).then(MOST_FILLS).otherwise(long_tail.cast(pl.Int64)),
            supply=one_of(chance(course, 5), SUPPLY),
            early=one_of(chance(course, 6), [(0.5, 0), (0.3, 7), (0.2, 14)]),
            pattern=pl.when(pl.col("form") == "patch").then(STEADY).otherwise(
                one_of(chance(course, 7), PATTERN)),
            by_tablets=(chance(course, 8) < 0.5) | (pl.col("steps") == 1),
            pace=between(course, 9, 1, 2),
            start_step=(chance(course, 10).pow(2) * pl.col("steps")).floor().cast(pl.Int64),
            usual=pl.when(pl.col("form") == "patch").then(1.0).otherwise(
                one_of(chance(course, 11), [(0.8, 2), (0.1, 1), (0.1, 4)]) / 2),
            style=between(course, 12, 0, STYLES - 1),
            author=between(course, 13, 1, 40),
        )
    )  # fmt: skip


@cache
def _shares() -> tuple[np.ndarray, np.ndarray]:
    """Edges of the shares, group after group and at last all together, and whose they are."""
    edges: list[np.ndarray] = []
    numbers: list[np.ndarray] = []
    table = drugs()
    for place, group in enumerate((*GROUPS, None)):
        part = table if group is None else table.filter(pl.col("group") == group)
        share = part["share"].to_numpy()
        edges.append(place + np.concatenate([[0.0], np.cumsum(share)[:-1] / share.sum()]))
        numbers.append(part["number"].to_numpy())
    return np.concatenate(edges), np.concatenate(numbers)


def fills(of: pl.DataFrame) -> pl.DataFrame:
    """One row per order: row (its number), patient, number, step, style, each, supply, day, ...

    `day` counts from FIRST_DAY; `each` is how many units a dose has; `stop` is the day of a
    recorded stop or null.
    """
    fill, steps, supply = pl.col("fill"), pl.col("steps"), pl.col("supply")
    row = pl.col("key") * 64 + fill
    rising, falling = pl.col("pattern") == RISING, pl.col("pattern") == FALLING
    climbed = fill // pl.col("pace")
    left = pl.col("fills") - 1 - fill
    half = fill >= pl.col("fills") // 2
    quick = rising & (pl.col("early") > 0)
    begins = pl.when(quick).then(
        pl.min_horizontal(fill, 3) * pl.col("early") + pl.max_horizontal(fill - 3, 0) * supply
    ).otherwise(fill * supply)  # fmt: skip
    spread = chance(row, 15)
    gap = (
        pl.when(fill == 0).then(0)
        .when(spread < 0.30).then(0)
        .when(spread < 0.76).then(between(row, 16, -5, 6))
        .when(spread < 0.84).then(between(row, 16, -30, -6))
        .when((spread < 0.91) | ((spread < 0.99) & pl.col("lasting"))).then(between(row, 16, 7, 14))
        .when(spread < 0.95).then(between(row, 16, 15, 35))
        .otherwise(between(row, 16, 36, 90))
    )  # fmt: skip
    step = (
        pl.when(rising & pl.col("by_tablets").not_()).then(pl.min_horizontal(climbed, steps - 1))
        .when(falling & pl.col("by_tablets").not_()).then(pl.min_horizontal(left, steps - 1))
        .when((pl.col("pattern") == SWITCHED) & half).then((pl.col("start_step") + 1) % steps)
        .otherwise("start_step")
    )  # fmt: skip
    each = (
        pl.when(rising & pl.col("by_tablets")).then(0.5 + 0.5 * pl.min_horizontal(climbed, 4))
        .when(falling & pl.col("by_tablets")).then(0.5 * pl.min_horizontal(left + 1, 4))
        .otherwise("usual")
    )  # fmt: skip
    orders = (
        of.with_columns(fill=pl.int_ranges(pl.col("fills")))
        .explode("fill")
        .with_columns(
            row=row * 2,
            step=step,
            each=each,
            day=pl.col("first") + begins + gap
            - pl.when((pl.col("pattern") == SWITCHED) & half).then(10).otherwise(0),
            supply=pl.when(quick & (fill < 3)).then("early").otherwise("supply"),
            prn=pl.col("pattern") == AS_NEEDED,
            cancelled=chance(row, 17) < 0.01,
            stopped=(left == 0) & (chance(row, 18) < 0.05),
        )
    )  # fmt: skip
    second = orders.filter((pl.col("pattern") == SPLIT) & (steps > 1)).with_columns(
        row=pl.col("row") + 1, step=(pl.col("step") + 1) % steps
    )
    return (
        pl.concat([orders, second])
        .filter(pl.col("day").is_between(0, DAYS))
        .with_columns(stop=pl.when("stopped").then(pl.col("day") + (pl.col("supply") * 2) // 3))
        .select("row", "patient", "number", "step", "style", "each", "supply", "day", "prn",
                "cancelled", "stop", "author")
    )  # fmt: skip
