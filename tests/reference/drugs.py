"""The two dozen drugs, routes and units that the slow reference knows: a closed dictionary.

It stands in for the terminology of the fast engine, so that the two share no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Product:
    """What a drug text means: its ingredients in the product's order, and a form in its name."""

    ingredients: tuple[str, ...]
    form: str | None = None


PRODUCTS: dict[str, Product] = {
    "baclofen": Product(("baclofen",)),
    "baclofen 20mg tablets": Product(("baclofen",), "tablet"),
    "baclofen tab 5 mg": Product(("baclofen",), "tablet"),
    "lioresal": Product(("baclofen",)),
    "fleqsuvy": Product(("baclofen",)),
    "ozobax": Product(("baclofen",)),
    "lyvispah": Product(("baclofen",)),
    "oxycodone": Product(("oxycodone",)),
    "diazepam": Product(("diazepam",)),
    "co-codamol": Product(("codeine", "paracetamol")),
    "fentanyl": Product(("fentanyl",)),
    "tizanidine": Product(("tizanidine",)),
    "lisinopril": Product(("lisinopril",)),
    "furosemide": Product(("furosemide",)),
    "cetirizine": Product(("cetirizine",)),
    "diclofenac": Product(("diclofenac",)),
    "disulfiram": Product(("disulfiram",)),
    "amitriptyline": Product(("amitriptyline",)),
    "elavil": Product(("amitriptyline",)),
    "sodium oxybate": Product(("sodium oxybate",)),
    "lithium": Product(("lithium",)),
    "morphine": Product(("morphine",)),
    "tramadol": Product(("tramadol",)),
    "codeine": Product(("codeine",)),
    "zolpidem": Product(("zolpidem",)),
    "clonazepam": Product(("clonazepam",)),
    "gabapentin": Product(("gabapentin",)),
    "pregabalin": Product(("pregabalin",)),
    "ibuprofen": Product(("ibuprofen",)),
    "naproxen": Product(("naproxen",)),
    "omeprazole": Product(("omeprazole",)),
    "methotrexate": Product(("methotrexate",)),
    "warfarin": Product(("warfarin",)),
    "loperamide": Product(("loperamide",)),
}

ROUTES: dict[str, str] = {
    "oral": "by mouth",
    "by mouth": "by mouth",
    "po": "by mouth",
    "sublingual": "sublingual",
    "transdermal": "transdermal",
    "topical": "local",
    "intrathecal": "intrathecal",
    "rectal": "rectal",
    "buccal": "sublingual",
    "nasal": "local",
    "injection": "injected",
}
FORMS: dict[str, str] = {
    "tablet": "by mouth",
    "capsule": "by mouth",
    "modified-release tablet": "by mouth",
    "modified-release capsule": "by mouth",
    "granules": "by mouth",
    "oral solution": "by mouth",
    "patch": "transdermal",
    "gel": "local",
    "injection": "injected",
    "solution for injection": "injected",
}
MODIFIED_RELEASE = frozenset({"modified-release tablet", "modified-release capsule"})
DOSE_UNIT_TRACKS: dict[str, str] = {
    "tablet": "by mouth",
    "capsule": "by mouth",
    "patch": "transdermal",
}
# A patch is named by what it gives off in an hour, with "/h" or without.
PATCH_RATES = frozenset({"mcg", "ug", "mcg/h"})
MASS_UG: dict[str, int] = {"mcg": 1, "ug": 1, "mg": 1000, "g": 1_000_000}
COUNTABLE = frozenset({"tablet", "capsule", "packet", "patch"})
VOLUME = frozenset({"ml"})

# Marketed strengths of oral baclofen liquids: 1 to 5 mg per mL.
MARKETED_UG_PER_ML: dict[str, tuple[Fraction, Fraction]] = {
    "baclofen": (Fraction(1000), Fraction(5000)),
}
# Highest daily dose that a person could plausibly be given by mouth.
PLAUSIBLE_MAXIMUM_UG: dict[str, int] = {"baclofen": 200_000}
BENZODIAZEPINES = frozenset({"diazepam", "clonazepam"})
SYSTEMIC_BY_NOSE = BENZODIAZEPINES | {"oxycodone", "codeine", "fentanyl", "morphine"}
ACTS_WHERE_IT_IS_PUT = frozenset({"diclofenac"})
GIVEN_BY_MOUTH_OR_INTRATHECALLY = frozenset({"baclofen"})


def tidy(text: str | None) -> str:
    """Lower case, single spaces, nothing at the ends; '' for a missing text."""
    return " ".join((text or "").lower().split())


def exact(number: float | str) -> Fraction:
    """The decimal number as it is written: 26.67 is 2667/100, not its binary neighbour."""
    return Fraction(str(number).strip())


def half_up(amount: Fraction) -> int:
    """The nearest whole number, a half upwards."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


def product_of(drug: str | None) -> Product | None:
    """The product a drug text means, or None when it is unmapped."""
    return PRODUCTS.get(tidy(drug))
