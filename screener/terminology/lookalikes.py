"""Names that look like a known drug but hold letters of another alphabet ("mеtformin").

Such a name is never matched: it stays unmapped, and the run says aloud what it looks like. The
letters are those that Unicode counts as confusable with one Latin letter (UTS #39, confusables.txt;
`data/README.md`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

import polars as pl

from screener.terminology.drugs import resolve_drugs
from screener.terminology.lists import read_list


@cache
def latin_letters() -> dict[int, str]:
    """Code point of a letter -> the ASCII letter that it looks like, in its own case."""
    table = read_list("lookalikes").select("code_point", "looks_like")
    return {int(point, 16): letter for point, letter in table.iter_rows()}


def look_like_known(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Text -> the ingredients, in order of the name, that its look gives and its letters do not.

    Takes drug texts that did not resolve wholly; those in which nothing is confusable cost nothing.
    Each is tried as it is written and as it looks in capitals, since exports change the case.
    """
    looks = {text: seen for text in texts if not text.isascii() and (seen := _looks(text))}
    if not looks:
        return {}
    known = _ingredients({*looks, *(look for seen in looks.values() for look in seen)})
    found = {}
    for text, seen in looks.items():
        own = known.get(text, ())
        more = (known[look] for look in seen if set(known.get(look, ())) > set(own))
        if (best := next(more, None)) is not None:
            found[text] = best
    return found


def _looks(text: str) -> list[str]:
    """The text in Latin letters as it looks, and as it looks in capitals; none when unchanged."""
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    looks: dict[str, None] = {}
    for way in (bare, bare.upper()):
        look = way.translate(latin_letters())
        if look != way and any(c.isascii() and c.isalpha() for c in look):
            looks[look] = None
    return list(looks)


def _ingredients(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    none = pl.lit(None, dtype=pl.String)
    named = pl.DataFrame({"drug": sorted(texts)}, schema={"drug": pl.String})
    resolved = resolve_drugs(named.with_columns(drug_code=none, drug_code_system=none))
    by_text = (
        resolved.drop_nulls("ingredient").group_by("drug", maintain_order=True).agg("ingredient")
    )
    return {text: tuple(names) for text, names in by_text.iter_rows()}
