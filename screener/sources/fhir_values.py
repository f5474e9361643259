"""The data types of FHIR R4 as texts: references, codings, quantities, dates, numbers.

A resource comes from outside, so nothing here trusts its shape: what is not built as the standard
says counts as absent, and the record stays.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from screener.units import unit_of

Json = dict[str, Any]
# HL7 "Terminologies and identifier systems": the URI and the OID of each code system.
CODE_SYSTEMS = {
    "http://www.whocc.no/atc": "atc",
    "urn:oid:2.16.840.1.113883.6.73": "atc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "http://hl7.org/fhir/sid/ndc": "ndc",
    "urn:oid:2.16.840.1.113883.6.69": "ndc",
    "http://snomed.info/sct": "snomed",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
}
DAYS_IN = {  # UCUM: a month is a twelfth of the year of 365.25 days
    "s": Fraction(1, 86400),
    "min": Fraction(1, 1440),
    "h": Fraction(1, 24),
    "d": Fraction(1),
    "wk": Fraction(7),
    "mo": Fraction(36525, 1200),
    "a": Fraction(36525, 100),
}
_WORDS_OF_TIME = {
    "hour": "h", "hours": "h", "hr": "h", "day": "d", "days": "d", "week": "wk", "weeks": "wk",
    "month": "mo", "months": "mo", "year": "a", "years": "a", "minute": "min", "minutes": "min",
}  # fmt: skip
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:T.*)?", re.DOTALL)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?")
_LONG = re.compile(r"\d{1,15}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,2})?")
_BRACES = re.compile(r"\{([^{}]*)\}")


def part(value: object, name: str) -> Json:
    """An element that holds others; empty when it is not there."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def parts(value: object, name: str) -> list[Json]:
    """A repeating element; one that should repeat but does not counts as a list of one."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, dict):
        return [found]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def texts(value: object, name: str) -> list[str]:
    """A repeating element of texts."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, str):
        return [found]
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def word(value: object, name: str) -> str | None:
    """A text; null when it is not there, blank, or no text."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found.strip() else None


def number(value: object, name: str) -> str | None:
    """A number as it was written, as readers keep decimals as text: 0.10 stays 0.10. One with an
    exponent or more than 15 decimal places is written out and cut to 15."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or _NUMBER.fullmatch(found) or not _LONG.fullmatch(found):
        return found if isinstance(found, str) and found else None
    return decimal(Fraction(found))


def amount(text: str | None) -> Fraction | None:
    """A number text as an exact number; null unless it is a plain decimal, zero or more."""
    return Fraction(text) if text is not None and _NUMBER.fullmatch(text) else None


def decimal(value: Fraction) -> str:
    """An exact number as decimal text; what does not end is cut to 15 places."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = round(value * 10**15)
    whole, rest = divmod(scaled, 10**15)
    return f"{whole}.{rest:015d}".rstrip("0").rstrip(".")


def concept_text(concept: Json) -> str | None:
    """What a CodeableConcept says in words: its text, else the display of a coding."""
    said = word(concept, "text")
    if said is not None:
        return said
    shown = (word(coding, "display") for coding in parts(concept, "coding"))
    return next((display for display in shown if display is not None), None)


def codings(concept: Json) -> Iterator[tuple[str, str]]:
    """(system, code) of each coding that has a code; the system is empty when it is missing."""
    for coding in parts(concept, "coding"):
        code = word(coding, "code")
        if code is not None:
            yield word(coding, "system") or "", code


def codes(resource: Json, name: str) -> list[str]:
    """The codes of an element that is a code, a Coding or CodeableConcepts (R4 and R5 differ)."""
    found = resource.get(name)
    if isinstance(found, str):
        return [found]
    given = [code for concept in parts(resource, name) for _, code in codings(concept)]
    bare = [code for item in parts(resource, name) if (code := word(item, "code")) is not None]
    return given + bare


def reference_id(reference: Json, kind: str = "") -> str | None:
    """The id that a Reference leads to, of a resource of that kind (of any, when none is named).

    Relative, absolute and urn:uuid references; a search ("Patient?identifier=...") leads nowhere.
    """
    text = word(reference, "reference")
    if text is None or text.startswith("#") or "?" in text:
        return None
    if text.startswith("urn:"):
        return text.rpartition(":")[2]
    pieces = text.partition("/_history/")[0].rstrip("/").split("/")
    if len(pieces) < 2 or (kind and pieces[-2] != kind):
        return None
    return pieces[-1]


def who(reference: Json) -> str | None:
    """An id of a person or place: what the reference leads to, else its identifier."""
    text = word(reference, "reference") or ""
    found = reference_id(reference) or word(part(reference, "identifier"), "value")
    return found or (text.rpartition("|")[2] if "|" in text else None)


def is_day(text: str | None) -> bool:
    """Whether a date or dateTime names a day; 2024-05 does not."""
    return text is not None and _DAY.fullmatch(text) is not None


def day(text: str | None) -> dt.date | None:
    """The date as written, without its time and zone; null when no day is named."""
    if text is None or not is_day(text):
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def version_of(resource: Json) -> str | None:
    """A text by which versions of a resource sort: meta.lastUpdated in UTC, else a whole-number
    meta.versionId (other version ids have no order)."""
    meta = part(resource, "meta")
    updated, number_of = word(meta, "lastUpdated"), word(meta, "versionId")
    if updated is not None and "T" in updated:
        try:
            instant = dt.datetime.fromisoformat(updated)
        except ValueError:
            return None
        if instant.tzinfo is not None and 1 < instant.year < 9999:
            return instant.astimezone(dt.UTC).isoformat(timespec="microseconds")
        return None
    return number_of if number_of is not None and number_of.isdecimal() else None


def days_of(duration: Json) -> Fraction | None:
    """The length of a Duration in days."""
    value = amount(number(duration, "value"))
    if value is None or word(duration, "comparator") is not None:
        return None
    for name in ("code", "unit"):
        unit = (word(duration, name) or "").strip().lower()
        unit = _WORDS_OF_TIME.get(unit, unit)
        if unit in DAYS_IN:
            return value * DAYS_IN[unit]
    return None


def unit_text(quantity: Json) -> str | None:
    """The unit of a Quantity; where its words and its UCUM code say different things, both, so
    that it counts as no unit instead of being wrong by a factor."""
    return _one_unit(word(quantity, "unit"), word(quantity, "code"))


@lru_cache(4096)
def _one_unit(said: str | None, code: str | None) -> str | None:
    if said is None or code is None or said == code:
        return said or code
    by_words, by_code = unit_of(said), unit_of(code)
    if by_words is None or by_code is None:
        return said if by_code is None else code
    if by_words.name == "piece" or by_code.name == "piece":
        return code if by_words.name == "piece" else said
    same = (by_words.kind, by_words.factor) == (by_code.kind, by_code.factor)
    if by_words.kind in ("activity", "local", "countable"):
        same = by_words.name == by_code.name
    return said if same else f"{said} or {code}"


@cache
def bare_unit(text: str) -> str:
    """A UCUM unit without annotation marks: mL/min/{1.73_m2} is mL/min/1.73m2."""
    return _BRACES.sub(lambda found: found[1].replace("_", ""), text)
