"""Orders side by side: which supply is carried forward, replaced, summed or supplied twice.

Meaning: docs/timeline.md, section 3. A *lane* is one patient, ingredient, track, kind
(scheduled or as needed) and product. All lanes are worked at once on sorted columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screener.timeline.days import group_number, running_max, starts_group
from screener.timeline.runs import sweep

CHAIN_GAP = 14  # uncovered days after which a new chain of fills begins
CARRY_CAP = 30  # most days by which leftover supply moves a later start
REFILL_WINDOW = 7  # overlap that is an ordinary early refill, or a quarter of the first supply
NEVER = 1_000_000_000
PLACED_BY = (
    "line", "row", "patient", "ingredient", "track", "as_needed", "product", "strength_key",
    "form_key", "raw_from", "raw_to", "hard_to", "low", "high", "doses_per_day", "uncertain", "sig",
)  # fmt: skip
LANE = ("patient", "ingredient", "track", "as_needed", "product")


@dataclass(frozen=True, slots=True)
class Placed:
    """`lines` with counted from_day and to_day (null: no day); `other`: days and high dose that the
    other reading of an unclear overlap adds; `twice`: days on which a drug was supplied twice.

    other: patient, ingredient, track, form_key, from_day, to_day, high. twice: patient, ingredient,
    track, from_day, to_day, line, first_line.
    """

    lines: pl.DataFrame
    other: pl.DataFrame
    twice: pl.DataFrame


def place(lines: pl.DataFrame) -> Placed:
    """Counted days of every line that has raw days (raw_from <= raw_to, no nulls): PLACED_BY."""
    ordered = _cut_by_replacement(_chains(lines))
    runs = _carried(_refills(ordered))
    added = _other_reading(runs)
    twice = runs.filter("twice").select(
        *LANE[:3],
        from_day="raw_from",
        to_day=pl.min_horizontal("reach_before", "firm_to"),
        line="line",
        first_line="reach_line",
    )
    return Placed(runs, added, twice)


def _chains(lines: pl.DataFrame) -> pl.DataFrame:
    """Sorted lines with numbers: lane, strength (per lane and strength key), chain, sig_number."""
    ordered = _number_sigs(lines).sort(*LANE, "strength_key", "form_key", "raw_from", "row")
    numbered = ordered.with_columns(
        lane=group_number(*LANE), strength=group_number(*LANE, "strength_key", "form_key")
    ).with_columns(_reach=running_max(pl.col("raw_to"), pl.col("strength")))
    gap = pl.col("raw_from") - pl.col("_reach").shift(1) - 1 > CHAIN_GAP
    return numbered.with_columns(
        chain=(starts_group("strength") | gap.fill_null(value=True)).cast(pl.Int64).cum_sum()
    ).drop("_reach")


def _number_sigs(lines: pl.DataFrame) -> pl.DataFrame:
    """A number per distinct sig: daily low and high, doses a day, and the text if uncertain."""
    keys = ["low", "high", "doses_per_day", "_sig_text"]
    texted = lines.with_columns(_sig_text=pl.when(pl.col("uncertain")).then("sig"))
    sigs = texted.select(keys).unique(maintain_order=True).with_row_index("sig_number")
    return texted.join(sigs, on=keys, how="left", nulls_equal=True, maintain_order="left").drop(
        "_sig_text"
    )


def _cut_by_replacement(ordered: pl.DataFrame) -> pl.DataFrame:
    """Adds cut_sig and cut_strength: the day a later order replaces the line (NEVER if none)."""
    with_sig = _cut_by_sig(ordered)
    cut = _cut_by_strength(with_sig)
    return with_sig.join(cut, on="line", how="left", maintain_order="left").with_columns(
        pl.col("cut_strength").fill_null(NEVER)
    )


def _cut_by_sig(ordered: pl.DataFrame) -> pl.DataFrame:
    """cut_sig: first strictly later start, in the same strength, of a line with another sig.

    Days of one strength whose lines share one sig are pure; neighbouring pure days with the same
    sig form a block, and a line is cut by the first day of the next block.
    """
    days = ordered.group_by("strength", "raw_from", maintain_order=True).agg(
        least=pl.col("sig_number").min(), most=pl.col("sig_number").max()
    )
    pure = pl.col("least") == pl.col("most")
    days = days.with_columns(
        kind=pl.when(pure)
        .then(pl.col("least").cast(pl.Int64))
        .otherwise(-1 - pl.int_range(pl.len(), dtype=pl.Int64))
    ).with_columns(block=group_number("strength", "kind"))
    blocks = days.group_by("block", maintain_order=True).agg(
        pl.col("strength").first(), pl.col("kind").first(), first_day=pl.col("raw_from").first()
    )
    same1 = pl.col("strength") == pl.col("strength").shift(-1)
    same2 = pl.col("strength") == pl.col("strength").shift(-2)
    blocks = blocks.select(
        "block",
        next_kind=pl.when(same1).then(pl.col("kind").shift(-1)),
        next_day=pl.when(same1).then(pl.col("first_day").shift(-1)),
        day_after_next=pl.when(same2).then(pl.col("first_day").shift(-2)),
    )
    known = days.join(blocks, on="block", how="left", maintain_order="left").select(
        "strength", "raw_from", "kind", "next_kind", "next_day", "day_after_next"
    )
    goes_on = (pl.col("kind") < 0) & (pl.col("next_kind") == pl.col("sig_number")).fill_null(
        value=False
    )
    return (
        ordered.join(known, on=["strength", "raw_from"], how="left", maintain_order="left")
        .with_columns(
            cut_sig=pl.when(goes_on).then("day_after_next").otherwise("next_day").fill_null(NEVER)
        )
        .drop("kind", "next_kind", "next_day", "day_after_next")
        .with_columns(firm_to=pl.min_horizontal("raw_to", pl.col("cut_sig") - 1))
    )


def _cut_by_strength(lines: pl.DataFrame) -> pl.DataFrame:
    """line, cut_strength: first strictly later start of another strength that replaces it.

    Two strengths whose chains both go on being refilled are a split regimen and replace nothing.
    """
    chains = lines.group_by("chain", maintain_order=True).agg(
        pl.col("lane").first(),
        pl.col("strength").first(),
        first=pl.col("raw_from").min(),
        last=pl.col("raw_from").max(),
        fills=pl.col("raw_from").n_unique(),
        reach=pl.col("raw_to").max(),
    )
    crowded = chains.filter(
        pl.col("strength").min().over("lane") != pl.col("strength").max().over("lane")
    )
    pairs = crowded.join(crowded, on="lane", suffix="_b").filter(
        (pl.col("strength") != pl.col("strength_b"))
        & (pl.col("first") != pl.col("first_b"))  # begun together: one regimen, however refilled
        & (pl.col("last_b") > pl.col("first"))
        & (pl.col("first_b") <= pl.col("reach") + CARRY_CAP + 1)
    )
    both_go_on = (
        (pl.col("fills") >= 2) & (pl.col("last") > pl.col("first_b"))
        & (pl.col("fills_b") >= 2) & (pl.col("last_b") > pl.col("first"))
    )  # fmt: skip
    replaced = pairs.filter(~both_go_on).select("chain", "chain_b")
    starts = (
        lines.select(chain_b="chain", cut_strength="raw_from")
        .unique()
        .sort("chain_b", "cut_strength")
    )
    asked = (
        lines.select("line", "chain", after=pl.col("raw_from") + 1)
        .join(replaced, on="chain", how="inner")
        .sort("chain_b", "after")
    )
    return (
        asked.join_asof(
            starts, left_on="after", right_on="cut_strength", by="chain_b", strategy="forward",
            check_sortedness=False, coalesce=False,
        )
        .group_by("line")
        .agg(pl.col("cut_strength").min())
    )  # fmt: skip


def _refills(lines: pl.DataFrame) -> pl.DataFrame:
    """Supply runs (one strength and sig): run number, and which fills were supplied twice."""
    ordered = lines.sort("strength", "sig_number", "raw_from", "row").with_columns(
        run=group_number("strength", "sig_number"),
        _span=pl.col("raw_to") - pl.col("raw_from") + 1,
    )
    # One running maximum carries the latest end, and with it the longest line that gave it.
    place_of = pl.int_range(pl.len(), dtype=pl.Int64)
    reach = running_max(pl.col("firm_to"), pl.col("run"))
    gives = ordered.with_columns(_place=place_of, _reach=reach).with_columns(
        _giver=pl.when(pl.col("firm_to") == pl.col("_reach")).then("_span")
    )
    first = starts_group("run")
    prior = gives.with_columns(
        first_of_run=first,
        reach_before=pl.when(~first).then(pl.col("_reach").shift(1)),
    )
    prior = _giver_of_reach(prior)
    overlap = pl.col("reach_before") - pl.col("raw_from") + 1
    twice = (
        ~pl.col("as_needed") & (overlap > REFILL_WINDOW) & (4 * overlap > pl.col("reach_span"))
    ).fill_null(value=False)
    return prior.with_columns(twice=twice).drop("_place", "_reach", "_giver")


def _giver_of_reach(prior: pl.DataFrame) -> pl.DataFrame:
    """reach_span and reach_line: length and number of the line that gave the reach so far.

    Of equal ends the longer line counts; it is found as the running maximum within a plateau.
    """
    plateau = prior.with_columns(_plateau=group_number("run", "_reach")).with_columns(
        _best=running_max(pl.col("_giver").fill_null(0), pl.col("_plateau"))
    )
    gave = plateau.with_columns(
        _line=pl.when(pl.col("_giver") == pl.col("_best")).then(pl.col("line"))
    ).with_columns(pl.col("_line").forward_fill())
    return gave.with_columns(
        reach_span=pl.when(~pl.col("first_of_run")).then(pl.col("_best").shift(1)),
        reach_line=pl.when(~pl.col("first_of_run")).then(pl.col("_line").shift(1)),
    ).drop("_plateau", "_best", "_line")


def _carried(lines: pl.DataFrame) -> pl.DataFrame:
    """Counted days: from_day, to_day (null: none), and start_day after carrying forward.

    The end E of a run after each fill is a chain of functions E -> min(max(E + d, lo), hi), one
    per fill. Such functions compose into one of the same form, so all ends of all runs come from
    a scan that doubles its reach: log2(longest run) steps of whole columns, no loop over fills.
    """
    last = pl.min_horizontal(
        pl.col("cut_sig") - 1, pl.col("cut_strength") - 1, pl.col("hard_to").fill_null(NEVER)
    )
    start, length = pl.col("raw_from"), pl.col("_span")
    own_end = pl.min_horizontal(start + length - 1, last)
    keeps = pl.col("twice") | pl.col("as_needed")
    f = lines.with_columns(
        _d=pl.when(keeps).then(0).otherwise(length),
        _lo=own_end,
        _hi=pl.when(keeps)
        .then(NEVER)
        .otherwise(pl.min_horizontal(start + CARRY_CAP + length - 1, last)),
        _pos=pl.int_range(pl.len(), dtype=pl.Int64)
        - pl.int_range(pl.len(), dtype=pl.Int64)
        .filter(pl.col("first_of_run"))
        .gather(pl.col("run")),
        _void=pl.lit(value=False),
    )
    placed = _ends(f, keeps, last)
    # A fill that stands on no day (cut before its carried start) leaves E as it was. Leaving it
    # out can only move later fills on, so the repetition ends; it is rarely more than one.
    while placed["_void"].sum() > f["_void"].sum():
        f = f.with_columns(
            _void=placed["_void"],
            _d=pl.when(placed["_void"]).then(0).otherwise("_d"),
            _lo=pl.when(placed["_void"]).then(-NEVER).otherwise("_lo"),
            _hi=pl.when(placed["_void"]).then(NEVER).otherwise("_hi"),
        )
        placed = _ends(f, keeps, last)
    f = placed
    # Within one run a day counts once: begin after the furthest end of the earlier fills.
    reach = running_max(pl.col("end_day"), pl.col("run"))
    begin = pl.max_horizontal(
        "start_day", pl.when(~pl.col("first_of_run")).then(reach.shift(1) + 1)
    )
    f = f.with_columns(_begin=begin)
    some = pl.col("_begin") <= pl.col("end_day")
    return f.with_columns(
        from_day=pl.when(some).then("_begin"), to_day=pl.when(some).then("end_day")
    ).drop("_d", "_lo", "_hi", "_pos", "_void", "_begin")


def _ends(f: pl.DataFrame, keeps: pl.Expr, last: pl.Expr) -> pl.DataFrame:
    """start_day and end_day of every fill after carrying forward; _void: it stands on no day."""
    start, length = pl.col("raw_from"), pl.col("_span")
    ends = _scan(f).select(_end=(pl.lit(-NEVER) + pl.col("_d")).clip(pl.col("_lo"), pl.col("_hi")))
    before = pl.when(~pl.col("first_of_run")).then(pl.col("_end").shift(1)).otherwise(-NEVER)
    shifted = pl.min_horizontal(pl.max_horizontal(start, before + 1), start + CARRY_CAP)
    return (
        f.with_columns(ends)
        .with_columns(start_day=pl.when(keeps).then(start).otherwise(shifted))
        .with_columns(end_day=pl.min_horizontal(pl.col("start_day") + length - 1, last))
        .with_columns(_void=pl.col("_void") | (~keeps & (pl.col("start_day") > pl.col("end_day"))))
        .drop("_end")
    )


def _scan(f: pl.DataFrame) -> pl.DataFrame:
    longest = int(f["_pos"].max() or 0) + 1 if f.height else 0  # type: ignore[arg-type]
    reach = 1
    while reach < longest:
        d0, lo0, hi0 = (pl.col(c).shift(reach) for c in ("_d", "_lo", "_hi"))
        d, lo, hi = pl.col("_d"), pl.col("_lo"), pl.col("_hi")
        further = pl.col("_pos") >= reach
        f = f.with_columns(
            _d=pl.when(further).then((d0 + d).clip(-NEVER, NEVER)).otherwise(d),
            _lo=pl.when(further).then((lo0 + d).clip(lo, hi)).otherwise(lo),
            _hi=pl.when(further).then((hi0 + d).clip(lo, hi)).otherwise(hi),
        )
        reach *= 2
    return f


def _other_reading(lines: pl.DataFrame) -> pl.DataFrame:
    """Days and high dose that taking both orders of an unclear overlap would add.

    A replaced supply is added once a day, and not on days on which its own run counts anyway.
    """
    scheduled = lines.filter(~pl.col("as_needed") & pl.col("high").is_not_null())
    keys = [*LANE[:3], "form_key", "high"]
    twice = scheduled.filter("twice").select(
        *keys, from_day="raw_from", to_day=pl.min_horizontal("reach_before", "firm_to")
    )
    replaced = scheduled.filter(pl.col("cut_strength") < NEVER).select(
        *keys,
        "run",
        from_day=pl.max_horizontal("start_day", "cut_strength"),
        to_day=pl.min_horizontal(
            pl.col("start_day") + pl.col("_span") - 1, pl.col("cut_sig") - 1, "hard_to"
        ),
        cut="cut_strength",
    ).filter(pl.col("from_day") <= pl.col("to_day"))  # fmt: skip
    # One last day on which the next strength begins is a hand-over, not both taken.
    hand_over = (pl.col("to_day") == pl.col("cut")) & (pl.col("from_day") == pl.col("cut"))
    replaced = replaced.filter(~hand_over)
    counted = scheduled.filter(
        pl.col("from_day").is_not_null() & pl.col("run").is_in(replaced["run"].unique().implode())
    )
    both = pl.concat(
        [
            replaced.select("run", "from_day", "to_day", counts=pl.lit(0, pl.Int64)),
            counted.select("run", "from_day", "to_day", counts=pl.lit(1, pl.Int64)),
        ]
    )
    alone = sweep(both, ["counts"], ["run"]).filter(pl.col("counts") == 0)
    added = alone.select("run", "from_day", "to_day").join(
        replaced.select("run", *keys).unique("run"), on="run", maintain_order="left"
    )
    return pl.concat([twice, added.select(twice.columns)]).filter(
        pl.col("from_day") <= pl.col("to_day")
    )
