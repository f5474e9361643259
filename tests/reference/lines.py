"""What one order says of its own (docs/timeline.md, section 2): track, daily dose, length.

An order makes one line per ingredient. Amounts are exact fractions of a microgram until the
daily dose is rounded, once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.reference import drugs
from tests.reference.drugs import COUNTABLE, MASS_UG, VOLUME, exact, half_up, tidy
from tests.reference.rows import Flag

DAY = dt.timedelta(days=1)


@dataclass(slots=True)
class Line:
    """One ingredient of one used order. `end` None: unplaced, it stands on no day.

    `low` and `high` are micrograms a day; high None = unknown. `first` to `last` are the days on
    which the line counts, after everything that section 3 does to it.
    """

    order: int
    prescription_id: str | None
    ingredient: str
    track: str
    prn: bool
    strength_key: tuple[int | None, str]
    low: int
    high: int | None
    plausible: int
    uncertain: bool
    doses_per_day: Fraction | None
    sig_text: str
    mass_unit: str | None
    start: dt.date
    end: dt.date | None = None
    stop: dt.date | None = None
    replaced_on: dt.date | None = None
    unknown_supply: bool = False
    first: dt.date | None = None
    last: dt.date | None = None
    other_days: set[dt.date] = field(default_factory=set)
    twice: tuple[dt.date, dt.date] | None = None
    product: tuple[str, ...] = ()
    release: str = "immediate-release"
    without_factor: bool = False  # a conversion list has no factor for it
    run_before: tuple[object, ...] | None = None  # its supply run, before it was converted

    @property
    def sig_key(self) -> tuple[object, ...]:
        """Lines of one strength and one sig key are fills of the same supply."""
        key = (self.low, self.high, self.doses_per_day)
        return (*key, self.sig_text) if self.uncertain else key

    @property
    def lane(self) -> tuple[str, str, bool, tuple[str, ...]]:
        """Ingredient, track, as needed or not, and what else is in the product."""
        return (self.ingredient, self.track, self.prn, self.product)

    @property
    def run(self) -> tuple[object, ...]:
        """The supply run: lane, strength key and sig key."""
        return self.run_before or (self.lane, self.strength_key, self.sig_key)

    @property
    def length(self) -> int:
        """Days of the raw interval."""
        assert self.end is not None
        return (self.end - self.start).days + 1


def order_lines(order: dict[str, Any], number: int) -> tuple[list[Line], set[Flag]]:
    """The lines of one used order, not yet side by side with others, and its flags."""
    start = order["start_date"]
    product = drugs.product_of(order["drug"])
    if product is None:
        return [], {("unmapped-drug", start)}
    flags: set[Flag] = set()
    lines = []
    for place, ingredient in enumerate(product.ingredients):
        track = track_of(order, product, ingredient)
        if track == "unknown":
            flags.add(("unknown-route", start))
        strength = Strength.of(order, place, len(product.ingredients))
        order = order | {"prn": as_needed(order, ingredient)}
        hourly = gives_off_by_the_hour(order, track)
        dose = daily_dose(order, strength, ingredient, hourly=hourly)
        in_mass = tidy(order["dose_unit"]) in MASS_UG  # of which of them?
        if len(product.ingredients) > 1 and (strength.ug_per_unit is None or in_mass):
            dose = Dose(flags={"unknown-combination"})
        line = Line(
            order=number,
            prescription_id=order["prescription_id"],
            ingredient=ingredient,
            track=track,
            prn=order["prn"],
            strength_key=(strength.key(), tidy(order["form"]) or product.form or ""),
            low=dose.low,
            high=dose.high,
            plausible=dose.plausible,
            uncertain=dose.uncertain or dose.high is None,
            doses_per_day=Fraction(1)
            if is_patch(order) and track == "transdermal"
            else frequency(order),
            sig_text=tidy(order["sig"]),
            mass_unit=mass_unit(order),
            start=start,
            stop=order["stop_date"],
            product=tuple(sorted(product.ingredients)),
            release=release_of(order, product),
        )
        line.end = raw_end(order, strength, dose)
        line.unknown_supply = line.end is None
        lines.append(line)
        if track != "local":
            flags |= {(flag, start) for flag in dose.flags}
        if line.unknown_supply:
            flags.add(("unknown-supply", start))
    return lines, flags


def release_of(order: dict[str, Any], product: drugs.Product) -> str:
    """Modified only where the form says so."""
    form = tidy(order["form"]) or product.form or ""
    return "modified-release" if form in drugs.MODIFIED_RELEASE else "immediate-release"


def as_needed(order: dict[str, Any], ingredient: str) -> bool:
    """Written so, or a rescue drug: a benzodiazepine given buccally or rectally."""
    rescue = ingredient in drugs.BENZODIAZEPINES and tidy(order["route"]) in {"buccal", "rectal"}
    return bool(order["prn"]) or rescue


def track_of(order: dict[str, Any], product: drugs.Product, ingredient: str) -> str:
    """How an ingredient reaches the body; `unknown` when nothing says so."""
    route, form = tidy(order["route"]), tidy(order["form"])
    dual = ingredient in drugs.GIVEN_BY_MOUTH_OR_INTRATHECALLY
    if route:
        track = drugs.ROUTES[route]
        if track == "injected" and dual and tidy(order["dose_unit"]) == "mg":
            return "unknown"
        if route == "nasal" and ingredient in drugs.SYSTEMIC_BY_NOSE:
            return "by nose"
        patch = (form or product.form) == "patch"
        if route == "topical" and patch and ingredient not in drugs.ACTS_WHERE_IT_IS_PUT:
            return "transdermal"
        return track
    track = drugs.FORMS.get(form) or drugs.FORMS.get(product.form or "") or ""
    if track == "injected" and dual:
        return "unknown"
    return track or drugs.DOSE_UNIT_TRACKS.get(tidy(order["dose_unit"]), "unknown")


def gives_off_by_the_hour(order: dict[str, Any], track: str) -> bool:
    """Whether the strength is what a patch gives off in an hour, and not what is in it."""
    unit = tidy(order["strength_unit"])
    return unit.endswith("/h") or (track == "transdermal" and unit in drugs.PATCH_RATES)


def is_patch(order: dict[str, Any]) -> bool:
    """Whether the dose counts patches."""
    return tidy(order["dose_unit"]) == "patch"


@dataclass(frozen=True, slots=True)
class Strength:
    """Micrograms in one countable unit or one mL; None when the order does not say."""

    ug_per_unit: Fraction | None
    ug_per_ml: Fraction | None
    liquid: bool

    @staticmethod
    def of(order: dict[str, Any], place: int, parts: int) -> Strength:
        """The strength of one ingredient ("30/500": in the product's order)."""
        texts = (order["strength_value"] or "").split("/")
        unit = MASS_UG.get(tidy(order["strength_unit"]).removesuffix("/h"))
        liquid = tidy(order["strength_per_unit"]) in VOLUME
        if len(texts) != parts or not texts[place].strip() or unit is None:
            return Strength(None, None, liquid)
        amount = exact(texts[place]) * unit
        per = order["strength_per_value"]
        if liquid:
            return Strength(None, amount / exact(per) if per else None, True)
        return Strength(amount / exact(per or 1), None, False)

    def key(self) -> int | None:
        """The strength to the microgram."""
        amount = self.ug_per_ml if self.liquid else self.ug_per_unit
        return None if amount is None else half_up(amount)


@dataclass(slots=True)
class Dose:
    """A day's dose of one line in micrograms; high None = unknown (and low 0)."""

    low: int = 0
    high: int | None = None
    uncertain: bool = False
    plausible: int = 0  # what the line adds when doses are tested for being plausible
    units_per_day: Fraction | None = None  # the most countable units (or mL) a day
    flags: set[str] = field(default_factory=set)


def frequency(order: dict[str, Any]) -> Fraction | None:
    """Doses a day (the maximum of an as-needed order), or None when count or period is missing."""
    if order["prn"] and order["max_doses_per_day"] is not None:
        return exact(order["max_doses_per_day"])
    count, period = order["frequency_count"], order["frequency_period_days"]
    return exact(count) / exact(period) if count is not None and period else None


def daily_dose(
    order: dict[str, Any], strength: Strength, ingredient: str, *, hourly: bool = False
) -> Dose:
    """Dose each time x times a day, both ends, rounded half up to the microgram at the end."""
    smallest, largest = order["dose_min"], order["dose_max"]
    largest = smallest if largest is None else largest
    prn, maximum = bool(order["prn"]), order["max_doses_per_day"]
    if smallest is None or largest < smallest or largest == 0:
        return _from_quantity(order, strength, hourly=hourly)
    needless = (is_patch(order) and hourly) or (prn and maximum is not None)
    factors, flags = _ug_per_dose_unit(order, strength, ingredient)
    times = frequency(order)
    if times is None and not needless and order["frequency_count"]:
        flags = flags | {"missing-period"}
    beside_a_rate = hourly and tidy(order["dose_unit"]) in MASS_UG
    if beside_a_rate:
        flags = flags | {"unit"}
    if not order["frequency_count"] and not needless:
        without_maximum = Dose(flags={"prn-without-maximum"} | flags)
        return without_maximum if prn else _from_quantity(order, strength, hourly=hourly)
    if factors is None or beside_a_rate:
        return Dose(flags=flags)
    if is_patch(order):
        low, high = (half_up(exact(n) * factors[0] * 24) for n in (smallest, largest))
        units = None if times is None else exact(largest) * times
        return Dose(0 if prn else low, high, plausible=high, units_per_day=units, flags=flags)
    if times is None:
        return Dose(flags=flags)
    low = 0 if prn else half_up(exact(smallest) * factors[0] * times)
    high = half_up(exact(largest) * factors[1] * times)
    bounds = "missing-concentration" in flags
    return Dose(
        low=low,
        high=high,
        uncertain=bounds,
        plausible=half_up(exact(largest) * factors[0] * times) if bounds else high,
        units_per_day=_units(order, strength, exact(largest)) * times,
        flags=flags,
    )


def _from_quantity(order: dict[str, Any], strength: Strength, *, hourly: bool) -> Dose:
    """An unreadable sig: somewhere between nothing and everything that was supplied. How long a
    patch was worn nobody says."""
    per_unit = strength.ug_per_ml if strength.liquid else strength.ug_per_unit
    quantity, days = order["quantity"], order["days_supply"]
    if hourly or quantity is None or days is None or per_unit is None:
        return Dose(flags={"unreadable-sig"})
    high = half_up(exact(quantity) * per_unit / days)
    return Dose(high=high, uncertain=True, plausible=high, flags={"unreadable-sig"})


def _ug_per_dose_unit(
    order: dict[str, Any], strength: Strength, ingredient: str
) -> tuple[tuple[Fraction, Fraction] | None, set[str]]:
    """Micrograms in one dose unit (least, most); None with a flag when that cannot be said."""
    unit = tidy(order["dose_unit"])
    if unit in MASS_UG:
        return (Fraction(MASS_UG[unit]), Fraction(MASS_UG[unit])), set()
    if is_patch(order) and tidy(order["strength_unit"]) not in drugs.PATCH_RATES:
        return None, {"unit"}
    if unit in COUNTABLE and strength.ug_per_unit is not None:
        return (strength.ug_per_unit, strength.ug_per_unit), set()
    if unit in VOLUME and strength.ug_per_ml is not None:
        return (strength.ug_per_ml, strength.ug_per_ml), set()
    if unit in VOLUME and (strength.liquid or order["strength_value"] is None):
        return drugs.MARKETED_UG_PER_ML.get(ingredient), {"missing-concentration"}
    return None, {"unit"}


def _units(order: dict[str, Any], strength: Strength, dose: Fraction) -> Fraction:
    """A dose in the units in which the quantity is counted."""
    unit = tidy(order["dose_unit"])
    per_unit = strength.ug_per_ml if strength.liquid else strength.ug_per_unit
    if unit in MASS_UG:
        return dose * MASS_UG[unit] / per_unit if per_unit else Fraction(0)
    return dose


def mass_unit(order: dict[str, Any]) -> str | None:
    """The unit of the dose when it is a mass."""
    unit = tidy(order["dose_unit"])
    return {"ug": "mcg"}.get(unit, unit) if unit in MASS_UG else None


def raw_end(order: dict[str, Any], strength: Strength, dose: Dose) -> dt.date | None:
    """Last day of the supply as recorded, cut by its own stop date; None = length unknown."""
    start, stop = order["start_date"], order["stop_date"]
    end: dt.date
    if order["days_supply"] is not None:
        end = start + (order["days_supply"] - 1) * DAY
    elif order["quantity"] is not None and dose.units_per_day:
        days = max(1, int(exact(order["quantity"]) / dose.units_per_day))
        end = start + (days - 1) * DAY
    elif stop is not None:
        end = stop - DAY
    else:
        return None
    return end if stop is None else min(end, stop - DAY)
