"""Free-text directions to doses: the column-level entry, and how a reading is put in words."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

import polars as pl

from screener.directions.courses import phases_of
from screener.directions.grammar import UnreadableError
from screener.directions.phase import Phase
from screener.directions.phrases import phrases_of
from screener.directions.tokens import plain_text, tokens_of
from screener.units import Unit

_RATIO = pl.Struct({"over": pl.Int64, "under": pl.Int64})
SCHEMA: dict[str, pl.DataType] = {
    "text": pl.String(),
    "phase": pl.Int64(),
    "dose_min": pl.Float64(),
    "dose_max": pl.Float64(),
    "dose_unit": pl.String(),
    "count_min": pl.Int64(),
    "count_max": pl.Int64(),
    "period_days": pl.Int64(),
    "daily_min": _RATIO,
    "daily_max": _RATIO,
    "other_daily_min": _RATIO,
    "other_daily_max": _RATIO,
    "other_unit": pl.String(),
    "prn": pl.Boolean(),
    "max_per_day": pl.Float64(),
    "max_unit": pl.String(),
    "days": pl.Int64(),
    "strengths_ug": pl.List(pl.Float64()),
    "how": pl.String(),
    "unreadable": pl.String(),
    "problem": pl.String(),
}

Row = tuple[object, ...]


def read_directions(texts: pl.Series, *, own_name: str | None = None) -> pl.DataFrame:
    """Every distinct text with its phases, in the order of first appearance; nulls left out.

    One row a text and phase (columns: SCHEMA; docs/directions.md says what each means). A text that
    cannot be read has one row with `unreadable`, the part that stopped the reading, and `problem`,
    why. Never raises for a text. own_name: a character that stands for the name of the product,
    where whoever knows it has put that in the name's place.
    """
    distinct = texts.cast(pl.String).drop_nulls().unique(maintain_order=True)
    rows: list[Row] = []
    seen: dict[str, list[Row]] = {}
    for text in distinct:
        plain = plain_text(text)
        read = seen.get(plain)
        if read is None:
            read = seen[plain] = _rows(plain, own_name)
        rows.extend((text, *row) for row in read)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


# A dose at one time of the day, and "as directed" or "as needed" at another: no dose of the day. A
# text that was cut off in a word.
_HALF_SAID = re.compile(
    r"\b(?:and|then|plus|also)\s+(?:take |use |give )?(?:as|when|if)\s+"
    r"(?:directed|instructed|prescribed|advised|needed|required|necessary|told)\s+"
    r"(?:in|at|before|after|with|on|every|each|mid)\b"
    r"|[&,;]\s+(?:as|when|if)\s+(?:directed|instructed|prescribed|advised|told)\s+"
    r"(?:in|at|before|after|with|on|every|each|mid)\b"
    r"|[&,;]\s+(?:as|when|if)\s+(?:needed|required|necessary)\s+(?:in the|at)\b"
    r"|\btake (?:\d+|one|two|three|four) (?:tabl|table|capsu|capsul)$"
)


def _rows(plain: str, own_name: str | None) -> list[Row]:
    """The rows of one text that `plain_text` has made plain, without the text."""
    half_said = _HALF_SAID.search(plain)
    if half_said:
        return [(0, *_BLANK, half_said.group(), "no dose")]
    try:
        phases = phases_of(phrases_of(tokens_of(plain, own_name)))
    except UnreadableError as error:
        part = plain[error.start : error.end].strip() or plain
        return [(0, *_BLANK, part, error.problem)]
    return [_row(number, phase) for number, phase in enumerate(phases)]


_BLANK: Row = (None,) * (len(SCHEMA) - 4)


def _row(number: int, phase: Phase) -> Row:
    count = phase.count or (None, None)
    limit = phase.limit
    limit_unit = None
    if limit is not None:
        named = limit.unit or phase.unit
        limit_unit = "dose" if limit.doses else None if named is None else named.name
    other = _other_daily(phase)
    return (
        number,
        float(phase.dose[0]),
        float(phase.dose[1]),
        None if phase.unit is None else phase.unit.name,
        *count,
        phase.period,
        _ratio(phase.daily[0]),
        _ratio(phase.daily[1]),
        *((None, None) if other is None else map(_ratio, other)),
        None if other is None or phase.also_unit is None else phase.also_unit.name,
        phase.prn,
        None if limit is None else float(limit.amount),
        limit_unit,
        phase.days,
        sorted(map(float, phase.strengths)) or None,
        how_read(phase),
        None,
        None,
    )


def _other_daily(phase: Phase) -> tuple[Fraction, Fraction | None] | None:
    """The amount a day in the other unit in which the dose was said, too."""
    if phase.also is None or not phase.dose[1]:
        return None
    low, high = phase.daily
    ratio = phase.also[1] / phase.dose[1]
    if phase.dose[0] * ratio != phase.also[0]:
        return None
    return low * ratio, None if high is None else high * ratio


def _ratio(value: Fraction | None) -> dict[str, int] | None:
    return None if value is None else {"over": value.numerator, "under": value.denominator}


def how_read(phase: Phase) -> str:
    """The reading in words a pharmacist can check: `1 to 2 tablets × 4 times a day`."""
    if len(phase.parts) > 1:
        said = " + ".join(
            f"{_amount(dose.low, dose.high, phase.unit)} × "
            f"{_times(often.low, often.high) if often else ''}"
            for dose, often in phase.parts
        )
    else:
        said = _amount(*phase.dose, phase.unit)
        if phase.count is not None and phase.period is not None:
            period = Fraction(phase.period)
            said += " × " + _times(phase.count[0] / period, phase.count[1] / period)
    if phase.prn:
        said += ", as needed"
    if phase.limit is not None:
        most = phase.limit.amount
        limited = phase.limit.unit or phase.unit
        many = f"{_figure(most)} doses" if phase.limit.doses else _amount(most, most, limited)
        said += f", at most {many} a day"
    if phase.days is not None:
        said += f", for {phase.days} day{'' if phase.days == 1 else 's'}"
    return said


def _amount(low: Fraction, high: Fraction, unit: Unit | None) -> str:
    figures = _figure(low) if low == high else f"{_figure(low)} to {_figure(high)}"
    if unit is None:
        return figures
    plural = (high > 1 and unit.kind in ("countable", "local")) or unit.name == "unit"
    ending = "es" if unit.name.endswith("ch") else "s"
    name = unit.name.removesuffix("y") + "ies" if unit.name.endswith("ry") else unit.name + ending
    return f"{figures} {name if plural else unit.name}"


@cache
def _figure(value: Fraction) -> str:
    decimal = f"{float(value):.10g}"
    return decimal if Fraction(decimal) == value else str(value)


@cache
def _times(low: Fraction, high: Fraction) -> str:
    """4 times a day, 4 to 6 times a day, 3 times in 7 days, once in 2 days."""
    period = (
        low.denominator * high.denominator
        if low.denominator != high.denominator
        else (low.denominator)
    )
    least, most = low * period, high * period
    counted = (
        "once"
        if least == most == 1
        else (
            f"{_figure(least)} times"
            if least == most
            else f"{_figure(least)} to {_figure(most)} times"
        )
    )
    return f"{counted} a day" if period == 1 else f"{counted} in {period} days"
