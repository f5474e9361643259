"""From phrases to phases: what is taken in each stretch of a treatment, and how much a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from screener.directions.day_limits import check_totals, days_of, limited
from screener.directions.frequency import Frequency, frequency_of
from screener.directions.grammar import Dose, Limit, Mark, OnDays, Pattern, Phrase, Rate, Total
from screener.directions.groups import check_apart, divided_rate, groups_of, placed, without_total
from screener.directions.phase import MEASURED, Phase, Timing, at_rate, first_mark, stopped
from screener.directions.strengths import strengths_of
from screener.units import Unit, unit_of


def phase_of(phrases: list[Phrase], before: Phase | None, *, daily_meant: bool) -> Phase:
    """One phase from its phrases. `before` lends its unit, its dose or its "once daily".

    `daily_meant`: in "60 mg x 3 days, 40 mg x 3 days" each amount is that of a day.
    """
    marks = [phrase.kind for phrase in phrases if isinstance(phrase, Mark)]
    doses = _doses(phrases, before, marks)
    phrases = _without_right_eye(phrases, marks, doses)
    repeats = [phrase for phrase in phrases if isinstance(phrase, Mark) and phrase.kind == "repeat"]
    prn = "as needed" in marks or bool(repeats)
    if prn and len(doses) > 1 and not _leads(phrases):
        raise stopped("several readings", first_mark(phrases, "as needed"))
    divided = divided_rate(phrases) if "divided" in marks else None
    if divided is not None:
        phrases = [phrase for phrase in phrases if phrase is not divided]
    groups = without_total(groups_of(phrases, doses))
    parts: list[tuple[Dose, Frequency | None]] = []
    for dose, timings in groups:
        parts.append((dose, frequency_of(timings)))
    if len(parts) > 1:
        check_apart(parts)
    phase = _sum(parts, phrases, prn=prn)
    lent = before is not None and before.dose_said and doses == [before.parts[0][0]]
    dose_said = lent or any(isinstance(p, Dose | Pattern) for p in phrases)
    phase = replace(phase, dose_said=dose_said)
    phase = _with_frequency(phase, phrases, marks, before, daily_meant=daily_meant)
    if divided is not None and phase.count is not None:
        times = divided.low / phase.count[0]
        each = (phase.dose[0] / times, phase.dose[1] / times)
        phase = replace(phase, dose=each, count=(int(divided.low),) * 2, once_daily=False)
    if "both sides" in marks and phase.unit != unit_of("application"):
        phase = _times(phase, 2)
    if repeats and not _most_is_said(phase, phrases):
        raise stopped("no frequency", *repeats)
    phase = limited(phase, [phrase for phrase in phrases if isinstance(phrase, Limit)])
    if not phase.dose[1]:
        raise stopped("no dose", *phrases)
    check_totals(phase, [phrase for phrase in phrases if isinstance(phrase, Total)])
    strengths = strengths_of(phrases, doses)
    return replace(phase, days=days_of(phase, phrases), strengths=strengths)


def _most_is_said(phase: Phase, phrases: list[Phrase]) -> bool:
    """Whether a dose that may be repeated has a most in a day, and no other frequency."""
    limits = [phrase for phrase in phrases if isinstance(phrase, Limit)]
    return len(limits) == 1 and limits[0].per_day_said and phase.count is None


def _leads(phrases: list[Phrase]) -> bool:
    """Whether "as needed" is said before the first dose, and so of all of them."""
    for phrase in phrases:
        if isinstance(phrase, Dose):
            return False
        if isinstance(phrase, Mark) and phrase.kind == "as needed":
            return True
    return False


def _doses(phrases: list[Phrase], before: Phase | None, marks: Sequence[str]) -> list[Dose]:
    """The doses of a phase, all in one unit; one application where something is only applied."""
    doses = [phrase for phrase in phrases if isinstance(phrase, Dose)]
    patterns = [phrase for phrase in phrases if isinstance(phrase, Pattern)]
    if patterns:
        if doses or len(patterns) > 1:
            raise stopped("contradiction", *patterns, *doses)
        return []
    if not doses and "apply" in marks and any(isinstance(p, Timing) for p in phrases):
        one = Fraction(1)
        return [Dose(phrases[0].start, phrases[-1].end, one, one, unit_of("application"))]
    if not doses and "patch" in marks:
        one = Fraction(1)
        return [Dose(phrases[0].start, phrases[-1].end, one, one, unit_of("patch"))]
    if not doses and before is not None and before.dose_said and len(before.parts) == 1:
        return [before.parts[0][0]]
    if not doses:
        raise stopped("no dose", *phrases)
    unsure = [d for d in doses[1:] if d.unit is None and not _behind_mark(phrases, d)]
    if unsure and any(d.unit is not None and d.unit.kind in MEASURED for d in doses):
        raise stopped("several readings", *unsure)  # 12.5 mg qd8,0800
    return _in_one_unit(doses, None if before is None else before.unit)


def _behind_mark(phrases: list[Phrase], dose: Dose) -> bool:
    """Whether "and" or a comma stands before the dose."""
    before = phrases[phrases.index(dose) - 1]
    return isinstance(before, Mark) and before.kind in ("and", "comma")


def _in_one_unit(doses: list[Dose], unit: Unit | None) -> list[Dose]:
    """A dose without a unit has that of the dose before it, if its size makes that believable."""
    out: list[Dose] = []
    last: Dose | None = None
    for dose in doses:
        own = dose
        lent = unit if last is None else last.unit
        if dose.unit is None and lent is not None:
            if lent.kind in MEASURED and (
                last is None or not last.low <= dose.low * 4 <= last.low * 16
            ):
                raise stopped("several readings", dose)
            own = replace(dose, unit=lent)
        out.append(own)
        last = own
    named = {dose.unit for dose in out}
    if len(named) > 1:
        raise stopped("several readings", *doses)
    return out


def _without_right_eye(
    phrases: list[Phrase], marks: Sequence[str], doses: list[Dose]
) -> list[Phrase]:
    """Beside an eye, "od" is the right eye where a frequency stands, too; alone nobody knows."""
    eye = "eye" in marks or any(dose.unit == unit_of("drop") for dose in doses)
    unsure = [p for p in phrases if isinstance(p, Rate) and p.maybe_right_eye]
    if not (eye and unsure):
        return phrases
    others = [p for p in phrases if isinstance(p, Timing) and p not in unsure]
    if not others:
        raise stopped("several readings", *unsure)
    return [p for p in phrases if p not in unsure]


def _sum(parts: list[tuple[Dose, Frequency | None]], phrases: list[Phrase], *, prn: bool) -> Phase:
    """The amount a day of all the parts together."""
    dose, often = parts[0]
    unit = dose.unit
    if len(parts) == 1:
        amounts = (dose.low, dose.high)
        also = None if dose.also_low is None or dose.also_high is None else (
            dose.also_low, dose.also_high,
        )  # fmt: skip
        phase = Phase(
            amounts, unit, None, None, (Fraction(0), None), prn, also=also,
            also_unit=dose.also_unit, parts=tuple(parts),
        )  # fmt: skip
        if often is None:
            return phase
        return at_rate(phase, often.low * (not often.up_to), often.high)
    parts = [(dose, _left_over(often, parts)) for dose, often in parts]
    rates = [often.low for _, often in parts if often is not None]
    total = sum(rates, Fraction(0))
    daily = [
        sum((end * rate for end, rate in zip(ends, rates, strict=True)), Fraction(0))
        for ends in ([d.low for d, _ in parts], [d.high for d, _ in parts])
    ]
    mean = (daily[0] / total, daily[1] / total)
    phase = Phase(mean, unit, None, None, (Fraction(0), None), prn, parts=tuple(parts))
    return at_rate(phase, total, total)


def _left_over(
    often: Frequency | None, parts: list[tuple[Dose, Frequency | None]]
) -> Frequency | None:
    """ "All other days" as the days that the other parts leave."""
    if often is None or not often.others:
        return often
    taken = {day for _, other in parts if other for day in other.weekdays}
    share = Fraction(7 - len(taken), 7)
    return replace(often, low=often.low * share, high=often.high * share)


def _times(phase: Phase, sides: int) -> Phase:
    """Both eyes, each nostril: as much on either side."""
    low, high = phase.dose
    least, most = phase.daily
    return replace(
        phase,
        dose=(low * sides, high * sides),
        daily=(least * sides, None if most is None else most * sides),
        also=None,
        also_unit=None,
    )


def _with_frequency(
    phase: Phase,
    phrases: list[Phrase],
    marks: Sequence[str],
    before: Phase | None,
    *,
    daily_meant: bool,
) -> Phase:
    """What holds where no rate was said, and how a day's amount is divided."""
    single = "single" in marks or ("one go" in marks and phase.count is None and not phase.prn)
    if "divided" in marks:
        return _divided(phase, phrases)
    if single:
        if phase.count is not None and not (phase.once_daily and placed(phrases)):
            raise stopped("contradiction", *phrases)
        return replace(at_rate(phase, Fraction(1), Fraction(1)), single=True)
    if phase.count is None and phase.prn:
        needed = [p for p in phrases if isinstance(p, Mark) and p.kind == "as needed"]
        measured = [p for p in needed if p.count]
        if measured and len(measured) == len(needed):
            raise stopped("no frequency", *measured)  # 1 tablet when BP > 160
    if phase.count is not None or phase.prn:
        return phase
    lent = before is not None and before.once_daily
    one_day = any(isinstance(p, OnDays) and p.first == p.last and not p.onwards for p in phrases)
    if lent or one_day or daily_meant:
        return replace(at_rate(phase, Fraction(1), Fraction(1)), frequency_said=False)
    raise stopped("no frequency", *phrases)


def _divided(phase: Phase, phrases: list[Phrase]) -> Phase:
    """600 mg daily in 3 divided doses: the amount is that of the day."""
    mark = first_mark(phrases, "divided")
    timed = [phrase for phrase in phrases if isinstance(phrase, Timing)]
    whole_day = len(timed) == 1 and isinstance(timed[0], Rate) and timed[0].soft
    if not whole_day or phase.prn or not isinstance(mark, Mark):
        raise stopped("several readings", mark)
    times = mark.count or 1
    low, high = phase.dose
    return replace(phase, dose=(low / times, high / times), count=(times, times), once_daily=False)
