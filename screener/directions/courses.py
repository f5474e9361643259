"""Several phases: "40 mg daily for 5 days then 20 mg daily", "reduce by 5 mg every 3 days"."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from screener.directions.grammar import (
    Dose,
    Length,
    Mark,
    Moment,
    OnDays,
    Pattern,
    Phrase,
    Rate,
    Step,
    UnreadableError,
    Weekdays,
)
from screener.directions.phase import Phase
from screener.directions.phases import phase_of

MOST_STEPS = 200


def phases_of(phrases: list[Phrase]) -> list[Phase]:
    """All phases of a text, in order; an ordinary text has one. UnreadableError as everywhere."""
    _check_dates(phrases)
    steps = [phrase for phrase in phrases if isinstance(phrase, Step)]
    stretches = _stretches(phrases)
    if steps:
        return _stepped(stretches, steps)
    daily_meant = (
        len(stretches) > 1
        and all(any(isinstance(p, Length) for p in stretch) for stretch in stretches)
        and not any(isinstance(p, Rate | Moment | Weekdays | Pattern) for p in phrases)
    )
    phases: list[Phase] = []
    for number, stretch in enumerate(stretches):
        lent = daily_meant or (number == 0 and _lends_daily(stretches))
        phases.append(phase_of(stretch, phases[-1] if phases else None, daily_meant=lent))
    _check_lengths(phases, stretches)
    return phases


def _check_dates(phrases: list[Phrase]) -> None:
    """A day between two doses parts them in time: how, its date alone does not say."""
    dated = [p for p in phrases[1:-1] if isinstance(p, Mark) and p.kind == "dated"]
    if dated and sum(isinstance(p, Dose | Pattern) for p in phrases) > 1:
        raise UnreadableError("several readings", dated[0].start, dated[0].end)


def _lends_daily(stretches: list[list[Phrase]]) -> bool:
    """ "Half a tablet for a week, then 1 tablet daily": the first amount is one of a day, too."""
    if len(stretches) < 2:
        return False
    first, second = stretches[0], stretches[1]
    said = [p for p in first if not isinstance(p, Dose | Length)]
    bare = all(isinstance(p, Mark) and p.kind in ("comma", "begin") for p in said)
    often = [p for p in second if isinstance(p, Rate | Moment | Weekdays | Pattern)]
    once = len(often) == 1 and isinstance(often[0], Rate) and often[0].low == often[0].high == 1
    return bare and once and any(isinstance(p, Length) for p in first)


def _stretches(phrases: list[Phrase]) -> list[list[Phrase]]:
    """The phrases of each phase: cut at "then", and where a new dose follows a finished phase."""
    stretches: list[list[Phrase]] = [[]]
    for n, phrase in enumerate(phrases):
        current = stretches[-1]
        if isinstance(phrase, Mark) and phrase.kind == "then":
            if _says_something(current):
                stretches.append([])
            continue
        if isinstance(phrase, Length) and phrase.after:
            _give_length(stretches, phrase)
            continue
        if isinstance(phrase, Dose) and _finished(current):
            stretches.append([])
        dosed = _finished(current) or len(stretches) > 1
        if isinstance(phrase, Rate) and (
            dosed and _timed_and_finished(current) and _length_next(phrases, n)
        ):
            stretches.append([])
        if isinstance(phrase, OnDays) and _headed(current):
            stretches.append([])
        stretches[-1].append(phrase)
    stretches = [stretch for stretch in stretches if _says_something(stretch)]
    if len(stretches) > 1:
        stretches = _one_day(stretches, phrases)
    after = [p for p in phrases if isinstance(p, Length) and p.after]
    if after and len(stretches) < 2:  # of what comes before, nothing is known
        raise UnreadableError("open-ended", after[0].start, after[0].end)
    begins = [p for p in phrases if isinstance(p, Mark) and p.kind == "begin"]
    if begins and len(stretches) < 2 and not any(isinstance(p, Step) for p in phrases):
        raise UnreadableError("open-ended", begins[0].start, begins[0].end)
    return stretches or [[]]


def _says_something(stretch: list[Phrase]) -> bool:
    return any(not isinstance(p, Mark) or p.kind == "as needed" for p in stretch)


def _finished(stretch: list[Phrase]) -> bool:
    """Whether a dose and, behind it, its length have been said."""
    dosed = False
    for phrase in stretch:
        if isinstance(phrase, Dose):
            dosed = True
        if isinstance(phrase, Length | OnDays) and dosed:
            return True
    return False


def _timed_and_finished(stretch: list[Phrase]) -> bool:
    """Whether a dose, how often and, last, how long have been said: the next rate is a new phase.

    4 times a day x 7 days, 3 times a day x 7 days
    """
    said = [p for p in stretch if not isinstance(p, Mark)]
    timed = any(isinstance(p, Rate | Moment | Weekdays) for p in said)
    return timed and isinstance(said[-1], Length) and not said[-1].after


def _length_next(phrases: list[Phrase], n: int) -> bool:
    """Whether the phrase at n stands behind a sign, and its own length right behind it."""
    sign = phrases[n - 1]
    following = phrases[n + 1] if n + 1 < len(phrases) else None
    parted = isinstance(sign, Mark) and sign.kind in ("comma", "and")
    return parted and isinstance(following, Length) and not following.after


def _headed(stretch: list[Phrase]) -> bool:
    """Whether days stand before the dose ("week 1: 25 mg daily"), and so before the next one."""
    kinds = [type(phrase) for phrase in stretch if isinstance(phrase, OnDays | Dose)]
    return len(kinds) > 1 and kinds[0] is OnDays and kinds[-1] is Dose


def _give_length(stretches: list[list[Phrase]], after: Length) -> None:
    """ "Increase to 2 after a week": the week is the length of the phase before."""
    current = stretches[-1]
    at = len(stretches) - 2 if any(isinstance(p, Dose) for p in current) else len(stretches) - 1
    if len(stretches) == 1:
        if not any(isinstance(p, Dose) for p in current):
            raise UnreadableError("no dose", after.start, after.end)
        stretches[0].append(replace(after, after=False))
        stretches.append([])
        return
    if not any(isinstance(p, Dose) for p in current) and not _says_something(current):
        at = len(stretches) - 2
    stretches[at].append(replace(after, after=False))


def _one_day(stretches: list[list[Phrase]], phrases: list[Phrase]) -> list[list[Phrase]]:
    """ "1 in the morning then 2 at night" is one day, not two phases."""
    timed = all(
        not any(isinstance(p, Length | OnDays | Rate | Step) for p in stretch)
        and any(isinstance(p, Moment) for p in stretch)
        for stretch in stretches
    )
    if not timed:
        return stretches
    return [[p for p in phrases if not (isinstance(p, Mark) and p.kind == "then")]]


def _check_lengths(phases: list[Phase], stretches: list[list[Phrase]]) -> None:
    """Every phase but the last needs its length; days that are numbered must follow each other."""
    for phase, stretch in zip(phases[:-1], stretches[:-1], strict=True):
        if phase.days is None:
            raise UnreadableError("no length", stretch[0].start, stretch[-1].end)
    for one, two in pairwise(phases):
        if one.unit != two.unit:
            raise UnreadableError("several readings", stretches[0][0].start, stretches[-1][-1].end)
        if one.single and not two.once_daily:
            stretch = stretches[0]  # a first dose beside the day's others, or instead of them
            raise UnreadableError("several readings", stretch[0].start, stretch[-1].end)
    day = 1
    for phase, stretch in zip(phases, stretches, strict=True):
        for phrase in stretch:
            if isinstance(phrase, OnDays) and phrase.first != day:
                raise UnreadableError("contradiction", phrase.start, phrase.end)
        day += phase.days or 0
    if len(phases) == 1 and any(isinstance(p, OnDays) for p in stretches[0]):
        first = stretches[0]
        raise UnreadableError("open-ended", first[0].start, first[-1].end)


def _stepped(stretches: list[list[Phrase]], steps: list[Step]) -> list[Phase]:
    """A start, and steps of one size to a stated end."""
    step = steps[0]
    place = (step.start, step.end)
    bare = [[p for p in stretch if not isinstance(p, Step)] for stretch in stretches]
    bare = [stretch for stretch in bare if _says_something(stretch)]
    if len(steps) > 1 or not bare or not any(step is p for p in stretches[-1]):
        raise UnreadableError("several readings", *place)
    phases: list[Phase] = []
    for stretch in bare:
        phases.append(phase_of(stretch, phases[-1] if phases else None, daily_meant=False))
    _check_lengths(phases, bare)
    start = phases[-1]
    if start.prn or not start.once_daily or start.dose[0] != start.dose[1] or start.single:
        raise UnreadableError("several readings", *place)
    if (step.unit or start.unit) != start.unit or (step.end_unit or start.unit) != start.unit:
        raise UnreadableError("several readings", *place)
    if step.end_dose is None:
        raise UnreadableError("open-ended", *place)
    phases[-1] = replace(start, days=start.days or step.days)
    return phases + _steps(phases[-1], step)


def _steps(start: Phase, step: Step) -> list[Phase]:
    place = (step.start, step.end)
    end = step.end_dose or Fraction(0)
    dose = start.dose[0]
    steps = (end - dose) / step.by
    if steps < 1 or steps.denominator != 1 or steps > MOST_STEPS:
        raise UnreadableError("contradiction", *place)
    phases: list[Phase] = []
    for number in range(1, int(steps) + 1):
        amount = dose + step.by * number
        if amount == 0:
            break
        last = amount == end
        phases.append(
            replace(
                start,
                dose=(amount, amount),
                daily=(amount, amount),
                days=None if last and not step.stops else step.days,
                parts=(),
                also=None,
                also_unit=None,
            )
        )
    return phases
