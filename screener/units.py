"""The one table of units: what each spelling means, and how much of it there is.

Kinds and what their factor counts: mass in micrograms, volume in millilitres, rate in micrograms an
hour, concentration in micrograms per millilitre; countable, local, activity and amount units count
themselves (1; a million units is 1,000,000). Units of the last four kinds compare by name only.
Case, spaces, the full stops of abbreviations and the UCUM braces of "{tablet}" do not matter. A
bare "u" is refused, as it is read as a zero; so are "gr" (grain or gram), a capital Greek mu (what
some programs make of a micro sign, and no different from an M to the eye), and every word that is
not in the table. A full stop between digits is a decimal point: "mg/1.0 mL" is not "mg/10 mL".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import polars as pl

UnitKind = Literal[
    "mass",
    "volume",
    "countable",
    "rate",
    "local",
    "activity",
    "amount",
    "concentration",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its canonical name, its kind, and its size in the base unit of that kind."""

    name: str
    kind: UnitKind
    factor: float


# Canonical name -> (size in micrograms, spellings). Micro is written with U+03BC once NFKC is done.
_MASS: dict[str, tuple[float, str]] = {
    "ng": (1e-3, "ng nanogram nanograms nanogramme nanogrammes"),
    "mcg": (
        1.0,
        "mcg mcgs ug ugs ugm \u03bcg \u03bcgs \u03bcgm mcgm microg microgm microgram micrograms "
        "microgramme microgrammes 258685003",
    ),
    "mg": (
        1e3,
        "mg mgs mgm mgms milligram milligrams milligramme milligrammes 258684004",
    ),
    "g": (1e6, "g gm gms gs gram grams gramme grammes 258682000"),
    "kg": (1e9, "kg kgs kilogram kilograms kilogramme kilogrammes"),
}
# Spoonfuls are the measured ones of dosing directions: 5 mL and 15 mL.
_VOLUME: dict[str, tuple[float, str]] = {
    "mL": (
        1.0,
        "ml mls cc ccs cm3 millilitre millilitres milliliter milliliters 258773002",
    ),
    "L": (1e3, "l litre litres liter liters"),
    "dL": (1e2, "dl decilitre decilitres deciliter deciliters"),
    "mcL": (
        1e-3,
        "\u03bcl ul mcl microlitre microlitres microliter microliters",
    ),
    "teaspoon": (
        5.0,
        "tsp tsps teaspoon teaspoons teaspoonful teaspoonfuls 5mlspoonful 5mlspoonfuls [tsp_m]",
    ),
    "tablespoon": (
        15.0,
        "tbsp tbsps tablespoon tablespoons tablespoonful tablespoonfuls [tbs_m]",
    ),
}
_COUNTABLE: dict[str, str] = {
    "tablet": "tablet tablets tab tabs tabl tbl tbls caplet caplets pill pills 732936001 428673006 "
    "tablet-unitofproductusage tablet(unitofpresentation)",
    "capsule": "capsule capsules cap caps capsul capsuls 732937005 capsule-unitofproductusage "
    "capsule(unitofpresentation) softgel softgels",
    "packet": "packet packets pkt pkts pckt sachet sachets granulepacket granulepackets stickpack",
    "patch": "patch patches ptch transdermalpatch transdermalpatches transdermalsystem",
    "suppository": "suppository suppositories supp supps suppos",
    "film": "film films strip strips wafer wafers",
    "lozenge": "lozenge lozenges troche troches pastille pastilles gum",
    "ampoule": "ampoule ampoules ampule ampules ampul ampuls amp amps",
    "vial": "vial vials 415818006",
    "syringe": "syringe syringes prefilledsyringe prefilledsyringes pen pens prefilledpen "
    "prefilledpens cartridge cartridges autoinjector autoinjectors injection injections",
    "implant": "implant implants device devices ring rings pessary pessaries",
    "bag": "bag bags bottle bottles kit kits pack packs blister blisters",
    "dose": "dose doses doseunit doseunits doseunitofpresentation unitdose unitdoses",
    "piece": "1 each ea piece pieces item items tablet/capsule tablets/capsules "
    "tablet(s)/capsule(s) tab/cap",
}
_LOCAL: dict[str, str] = {
    "application": "application applications applicator applicators applicatorful applicatorfuls "
    "appl app fingertipunit fingertipunits ftu inch inches dab",
    "drop": "drop drops drp drps gtt gtts [drp]",
    "puff": "puff puffs [puff] inhalation inhalations actuation actuations actuat act inh",
    "spray": "spray sprays squirt squirts",
    "nebule": "nebule nebules neb nebs respule respules",
}
_ACTIVITY: dict[str, tuple[float, str]] = {
    "IU": (
        1.0,
        "iu ius [iu] internationalunit internationalunits int'lunits intlunits",
    ),
    "unit": (1.0, "unit units unt unts [u] [usp'u] uspunit uspunits"),
    "million units": (
        1e6,
        "millionunit millionunits millionunt millioniu megaunit megaunits 10*6[iu]",
    ),
}
_AMOUNT: dict[str, tuple[float, str]] = {
    "mmol": (1.0, "mmol mmols mmole mmoles millimole millimoles"),
    "mEq": (1.0, "meq meqs milliequivalent milliequivalents 10*-3eq"),
}
_HOURS: dict[float, str] = {
    1.0: "h hr hrs hour hours 1h 1hr 1hour",
    12.0: "12h 12hr 12hrs 12hour 12hours",
    16.0: "16h 16hr 16hrs 16hour 16hours",
    24.0: "24h 24hr 24hrs 24hour 24hours d day days 1d 1day",
    72.0: "72h 72hr 72hrs 72hour 72hours 3d 3days",
}
_PER_ML: dict[float, str] = {1.0: "ml 1ml millilitre milliliter cc", 5.0: "5ml", 10.0: "10ml"}


def resolve_units(texts: pl.Series) -> pl.DataFrame:
    """Every distinct text with what it means: unit, name, kind, factor.

    `unit` is the text as given, once each, nulls left out. Name, kind and factor are null where
    the text is not a unit that the table knows.
    """
    distinct = pl.DataFrame({"unit": texts.cast(pl.String)}).drop_nulls().unique()
    return (
        distinct.with_columns(_key=_key(pl.col("unit")))
        .join(_table(), left_on="_key", right_on="spelling", how="left")
        .select("unit", "name", "kind", "factor")
        .sort("unit")
    )


def unit_of(text: str) -> Unit | None:
    """The unit that a single text names, null when unknown: for rule files and stories."""
    return known_units().get(_keys_of(text))


def _key(text: pl.Expr) -> pl.Expr:
    """The spelling that is looked up: NFKC, lower case, without spaces, braces, full stops that end
    an abbreviation, and zeros after a decimal point."""
    return (
        text.str.normalize("NFKC")
        .str.replace_all("\u039c", "?", literal=True)
        .str.to_lowercase()
        .str.replace_all(r"\bper\b", "/")
        .str.replace_all(r"[\s\p{Cf}{}]", "")
        .str.replace_all(r"(\d)\.0+([^\d]|$)", "${1}${2}")
        .str.replace_all(r"\.([^\d]|$)", "${1}")
        .str.replace_all("(s)", "s", literal=True)
        .str.replace_all("(es)", "es", literal=True)
    )


@cache
def _keys_of(text: str) -> str:
    key: str = pl.select(_key(pl.lit(text))).item()
    return key


@cache
def known_units() -> dict[str, Unit]:
    """Spelling, as it is looked up (lower case, without spaces) -> unit; every spelling once."""
    units: dict[str, Unit] = {}

    def add(spellings: str, unit: Unit) -> None:
        for spelling in spellings.split():
            if units.setdefault(spelling, unit) != unit:
                raise ValueError(f"The unit spelling {spelling!r} has two meanings.")

    sized: tuple[tuple[UnitKind, dict[str, tuple[float, str]]], ...] = (
        ("mass", _MASS),
        ("volume", _VOLUME),
        ("activity", _ACTIVITY),
        ("amount", _AMOUNT),
    )
    for kind, table in sized:
        for name, (factor, spellings) in table.items():
            add(spellings, Unit(name, kind, factor))
    counted: tuple[tuple[UnitKind, dict[str, str]], ...] = (
        ("countable", _COUNTABLE),
        ("local", _LOCAL),
    )
    for kind, counts in counted:
        for name, spellings in counts.items():
            add(spellings, Unit(name, kind, 1.0))
    for name, (factor, spellings) in _MASS.items():
        for hours, times in _HOURS.items():
            per = "h" if hours == 1.0 else f"{hours:g} h"
            add(_joined(spellings, times), Unit(f"{name}/{per}", "rate", factor / hours))
        for ml, volumes in _PER_ML.items():
            per = "mL" if ml == 1.0 else f"{ml:g} mL"
            add(_joined(spellings, volumes), Unit(f"{name}/{per}", "concentration", factor / ml))
    return units


def _joined(numerators: str, denominators: str) -> str:
    """All the spellings of a quotient: mcg/h, micrograms/hour, ..."""
    return " ".join(f"{a}/{b}" for a in numerators.split() for b in denominators.split())


@cache
def _table() -> pl.DataFrame:
    units = known_units()
    return pl.DataFrame(
        {
            "spelling": list(units),
            "name": [unit.name for unit in units.values()],
            "kind": [unit.kind for unit in units.values()],
            "factor": [unit.factor for unit in units.values()],
        }
    )


def divided(amount: pl.Expr, by: int) -> pl.Expr:
    """An amount over a whole number, as a float, rounded once.

    polars divides a column by one number by multiplying with its reciprocal: 36 µg would be
    0.036000000000000004 mg, and a single row otherwise than many. Two columns are divided truly.
    """
    return amount / (amount * 0 + by)
