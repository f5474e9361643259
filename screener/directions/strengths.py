"""How strong the directions say the product is: "two 500 mg tablets", "5 mL (250 mg)"."""

from __future__ import annotations

from fractions import Fraction

from screener.directions.grammar import Dose, Phrase, Strength
from screener.directions.phase import stopped
from screener.units import Unit


def strengths_of(phrases: list[Phrase], doses: list[Dose]) -> frozenset[Fraction]:
    """Micrograms in one unit of the product, or in 1 mL, as far as the text says so.

    One figure; or two, where a mass may be that of each unit or of the whole dose ("2 tablets
    (10 mg)"): one of them holds. Empty: nothing was said. UnreadableError: figures contradict
    each other.
    """
    said = [
        frozenset({phrase.amount * _micrograms(phrase.unit)})
        for phrase in phrases
        if isinstance(phrase, Strength)
    ]
    said += [one for one in map(_beside, doses) if one]
    if not said:
        return frozenset()
    agreed = frozenset.intersection(*said)
    if not agreed:
        raise stopped("contradiction", *(p for p in phrases if isinstance(p, Dose | Strength)))
    return agreed


def _beside(dose: Dose) -> frozenset[Fraction]:
    """What a mass beside a counted or measured dose says of one unit of it."""
    if dose.unit is None or dose.unit.kind not in ("countable", "volume") or not dose.high:
        return frozenset()
    size = Fraction(dose.unit.factor) if dose.unit.kind == "volume" else Fraction(1)
    if dose.beside is not None and dose.beside[1].kind == "mass":
        mass = dose.beside[0] * _micrograms(dose.beside[1])
        return frozenset({mass / size, mass / (dose.high * size)})
    if dose.also_high is None or dose.also_unit is None or dose.also_unit.kind != "mass":
        return frozenset()
    if dose.also_low is None or dose.also_low * dose.high != dose.also_high * dose.low:
        return frozenset()
    return frozenset({dose.also_high * _micrograms(dose.also_unit) / (dose.high * size)})


def _micrograms(unit: Unit) -> Fraction:
    return Fraction(str(unit.factor))
