"""First stories of a new rule: one on each side of its limit, made from its parameters.

Every function gives stories as they should come out; the engine then says which of them do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from screener.rule.amounts import Wrong, daily_amount, days, decimal_number, share, whole_number

# The smallest change of a written amount that a reader sees at once.
_STEP = {"mg": Decimal("0.01"), "mcg": Decimal(1), "g": Decimal("0.001")}
_MONTH = "for 28 days"
_LOW_DOSE = "10 mg once a day"


@dataclass(frozen=True, slots=True)
class Draft:
    """A story to be: `takes` holds (drug, words), `facts` what is said of the patient."""

    story: str
    takes: tuple[tuple[str, str], ...]
    expect: str
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plot:
    """What the stories are made of: the parameters as written, and drugs to take.

    members: drugs of the rule's set; partner: a drug of the second set ("" without one).
    """

    values: dict[str, str]
    members: tuple[str, ...]
    partner: str
    other: str
    severity: str

    @property
    def drug(self) -> str:
        """The drug that most stories are about."""
        return self.members[0]

    def flagged(self, day: int = 0) -> str:
        """A finding of the rule's severity from this day."""
        return f"flag {self.severity} from day {day}"


def stories_of(check: str, plot: Plot) -> tuple[Draft, ...]:
    """The stories for a check; only those about the scope for a check that has none here."""
    try:
        own = STORIES.get(check, _none)(plot)
    except Wrong:  # a value that these stories cannot be made of
        own = ()
    other = Draft("another drug", ((plot.other, f"{_LOW_DOSE} {_MONTH}"),), "out of scope")
    return (*own, other)


def _none(plot: Plot) -> tuple[Draft, ...]:
    return ()


def _amount(text: str, factor: int = 1, steps: int = 0) -> str:
    """A written amount a day, multiplied, and some small steps further."""
    daily_amount(text)  # raises Wrong for anything else
    number, _, unit = text.removesuffix("/day").partition(" ")
    step = _STEP.get(unit)
    if step is None:
        raise Wrong(f'"{unit}" has no step')
    value = decimal_number(number) * factor + step * steps
    return f"{value.normalize():f} {unit}/day"


def _story(plot: Plot, story: str, words: str, expect: str, **facts: str) -> Draft:
    return Draft(story, ((plot.drug, words),), expect, facts)


def _unknown_dose(plot: Plot) -> Draft:
    expect = "not assessed because dose-unknown"
    return _story(plot, "the dose is not known", f"unknown dose {_MONTH}", expect)


def _daily_dose(plot: Plot) -> tuple[Draft, ...]:
    key = next(key for key in ("more_than", "at_least", "less_than") if key in plot.values)
    limit = plot.values[key]
    at, side, step, exactly, beyond = {
        "more_than": ("exactly at the limit is allowed", "a little above", 1, False, True),
        "at_least": ("exactly at the limit is flagged", "a little below", -1, True, False),
        "less_than": ("exactly at the limit is allowed", "a little below", -1, False, True),
    }[key]
    return (
        _story(plot, at, f"{_amount(limit)} {_MONTH}", plot.flagged() if exactly else "clear"),
        _story(plot, side, f"{_amount(limit, steps=step)} {_MONTH}",
               plot.flagged() if beyond else "clear"),
        _unknown_dose(plot),
    )  # fmt: skip


def _starting_dose(plot: Plot) -> tuple[Draft, ...]:
    limit = plot.values["more_than"]
    above = f"{_amount(limit, steps=1)} {_MONTH}"
    return (
        _story(plot, "exactly at the limit", f"{_amount(limit)} {_MONTH}", "clear"),
        _story(plot, "a little above", above, plot.flagged()),
        _unwatched(plot, above),
    )


def _starts(plot: Plot) -> tuple[Draft, ...]:
    words = f"{_LOW_DOSE} {_MONTH}"
    return (_story(plot, "a start", words, plot.flagged()), _unwatched(plot, words))


def _unwatched(plot: Plot, words: str) -> Draft:
    expect = "not assessed because history-not-observed"
    return _story(plot, "nobody knows what was before", words, expect, observed="30 days before")


def _dose_rises(plot: Plot) -> tuple[Draft, ...]:
    step = plot.values["by_more_than"]
    base = f"{_amount(step)} {_MONTH}"
    return (
        _story(plot, "a rise of exactly that much is allowed",
               f"{base}, {_amount(step, 2)} {_MONTH}", "clear"),
        _story(plot, "a little more", f"{base}, {_amount(step, 2, 1)} {_MONTH}", plot.flagged(28)),
    )  # fmt: skip


def _dose_falls(plot: Plot) -> tuple[Draft, ...]:
    fall, percent = plot.values["by_at_least"], share(plot.values["to_at_most"]).percent
    if percent != 50:  # the amounts below are halves
        raise Wrong("not a half")
    base = f"{_amount(fall, 4)} {_MONTH}"
    return (
        _story(plot, "exactly to that share is flagged",
               f"{base}, {_amount(fall, 2)} {_MONTH}", plot.flagged(28)),
        _story(plot, "a little less", f"{base}, {_amount(fall, 2, 1)} {_MONTH}", "clear"),
    )  # fmt: skip


def _stops_suddenly(plot: Plot) -> tuple[Draft, ...]:
    least = days(plot.values["taken_for_at_least"], least=2)
    dose = next((plot.values[k] for k in ("stable_dose_at_least",) if k in plot.values), None)
    words = f"{_amount(dose)}" if dose else _LOW_DOSE
    return (
        _story(plot, "a sudden end", f"{words} for {least} days", plot.flagged(least)),
        _story(plot, "a day too short", f"{words} for {least - 1} days", "clear"),
    )


def _taken_together(plot: Plot) -> tuple[Draft, ...]:
    first = (plot.drug, f"{_LOW_DOSE} {_MONTH}")
    after = (plot.partner, f"{_LOW_DOSE} {_MONTH} from day 28")
    return (
        Draft("both at once", (first, (plot.partner, first[1])), plot.flagged()),
        Draft("one after the other", (first, after), "clear"),
        Draft("alone", (first,), "clear"),
    )


def _dose_for_kidney_function(plot: Plot) -> tuple[Draft, ...]:
    words = f"{_LOW_DOSE} {_MONTH}"
    unknown = "not assessed because no-recent-kidney-test"
    return (
        _story(plot, "exactly at the edge", words, "clear", egfr="30 on day -10"),
        _story(plot, "just below", words, plot.flagged(), egfr="29.9 on day -10"),
        _story(plot, "never tested", words, unknown, creatinine="none"),
    )


def _doses_per_day(plot: Plot) -> tuple[Draft, ...]:
    few = "fewer_than" in plot.values
    limit = whole_number(plot.values["fewer_than" if few else "more_than"])
    beyond = limit - 1 if few else limit + 1
    return (
        _story(plot, "exactly so many", f"10 mg {_a_day(limit)} {_MONTH}", "clear"),
        _story(plot, f"one {'less' if few else 'more'}", f"10 mg {_a_day(beyond)} {_MONTH}",
               plot.flagged()),
    )  # fmt: skip


def _a_day(number: int) -> str:
    return {1: "once a day", 2: "twice a day"}.get(number, f"{number} times a day")


def _doses_per_week(plot: Plot) -> tuple[Draft, ...]:
    least = whole_number(plot.values["at_least"])
    fewer = {1: "once a week"}.get(least - 1, f"{least - 1} times a week")
    return (
        _story(plot, "so many doses", f"10 mg {least} times a week {_MONTH}", plot.flagged()),
        _story(plot, "one less", f"10 mg {fewer} {_MONTH}", "clear"),
    )


def _supplied_twice(plot: Plot) -> tuple[Draft, ...]:
    one = f"{_LOW_DOSE} {_MONTH}"
    return (
        _story(plot, "refilled 7 days early", f"{one}, refilled 7 days early", "clear"),
        _story(plot, "refilled 8 days early", f"{one}, refilled 8 days early",
               plot.flagged(20)),
    )  # fmt: skip


def _taken(plot: Plot) -> tuple[Draft, ...]:
    return (_story(plot, "taken", f"{_LOW_DOSE} {_MONTH}", plot.flagged()),)


def _taken_without(plot: Plot) -> tuple[Draft, ...]:
    words = f"{_LOW_DOSE} {_MONTH}"
    still = {"observed": "400 days before, until day 60"}
    return (
        Draft("without it", ((plot.drug, words),), plot.flagged(), still),
        Draft("with it", ((plot.drug, words), (plot.partner, words)), "clear", still),
    )


def _several_of(plot: Plot) -> tuple[Draft, ...]:
    least = whole_number(plot.values["at_least"])
    words = f"{_LOW_DOSE} {_MONTH}"
    return (
        Draft("so many", tuple((one, words) for one in plot.members[:least]), plot.flagged()),
        Draft("one less", tuple((one, words) for one in plot.members[: least - 1]), "clear"),
    )


def _test_overdue(plot: Plot) -> tuple[Draft, ...]:
    within, test = days(plot.values["within"], least=1), plot.values["test"]
    known = {"tests_of_the_site": test}
    return (
        _story(plot, "on the last day the test is due", f"{_LOW_DOSE} for {within + 1} days",
               "clear", **known),
        _story(plot, "a day later it is overdue", f"{_LOW_DOSE} for {within + 2} days",
               plot.flagged(within + 1), **known),
        _story(plot, "the site never sends this test", f"{_LOW_DOSE} for {within + 2} days",
               "not assessed because test-not-seen-at-site"),
    )  # fmt: skip


def _supply_gap(plot: Plot) -> tuple[Draft, ...]:
    least, most = (days(plot.values[key], least=1) for key in ("at_least", "at_most"))
    one = f"{_LOW_DOSE} {_MONTH}"
    gaps = {least - 1: "clear", least: plot.flagged(28), most: plot.flagged(28)}
    return tuple(
        _story(plot, f"a gap of {gap} days", f"{one}, after a gap of {gap} days", expect)
        for gap, expect in gaps.items()
        if gap > 0
    )


STORIES: dict[str, Callable[[Plot], tuple[Draft, ...]]] = {
    "daily_dose": _daily_dose,
    "starting_dose": _starting_dose,
    "starts": _starts,
    "dose_rises": _dose_rises,
    "dose_falls": _dose_falls,
    "stops_suddenly": _stops_suddenly,
    "taken_together": _taken_together,
    "dose_for_kidney_function": _dose_for_kidney_function,
    "doses_per_day": _doses_per_day,
    "doses_per_week": _doses_per_week,
    "supplied_twice": _supplied_twice,
    "taken": _taken,
    "taken_without": _taken_without,
    "several_of": _several_of,
    "test_overdue": _test_overdue,
    "supply_gap": _supply_gap,
}
