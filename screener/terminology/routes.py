"""How a drug reaches the body: route, else form, else the form in the name, else the dose unit."""

from __future__ import annotations

from functools import cache

import polars as pl

from screener.terminology.forms import form_facts, form_of
from screener.terminology.lists import entries, read_list
from screener.terminology.spelling import plain
from screener.units import resolve_units

_KEYS = ("route", "form", "name_form", "dose_unit")
_DOSE_UNIT_TRACKS = {"tablet": "by mouth", "capsule": "by mouth", "patch": "transdermal"}


def resolve_routes(distinct: pl.DataFrame) -> pl.DataFrame:
    """The track of every combination of route, form, name_form and dose_unit (all text or null).

    Adds track (null: nothing to go by), form_key (the form, else the form in the name, else ""),
    injection (given by some injection, and nothing says that it is intrathecal) and route_given.
    A route that is given decides alone; one that no list knows gives the track `unknown` rather
    than a guess from the form. Words such as "misc" or "as directed" count as blank. Nasal sprays
    are local, also of drugs that act on the whole body (midazolam, butorphanol).
    """
    facts = form_facts()
    rows = distinct.select(pl.col(key).cast(pl.String) for key in _KEYS).with_columns(
        _route=_route_key(pl.col("route")),
        _form=form_of(distinct["form"]),
        _name_form=form_of(distinct["name_form"]),
    )
    rows = (
        rows.join(_routes(), on="_route", how="left", maintain_order="left")
        .join(_prefixed(facts, "_form"), on="_form", how="left", maintain_order="left")
        .join(_prefixed(facts, "_name_form"), on="_name_form", how="left", maintain_order="left")
        .join(_dose_units(rows["dose_unit"]), on="dose_unit", how="left", maintain_order="left")
    )
    given = (pl.col("_route") != "").fill_null(False) & ~pl.col("_says_nothing").fill_null(False)
    from_form = pl.coalesce("_form_track", "_name_form_track", "_dose_unit_track")
    track = pl.when(given).then(pl.coalesce("_route_track", pl.lit("unknown"))).otherwise(from_form)
    form_injection = (
        pl.when(pl.col("_form_track").is_not_null())
        .then("_form_injection")
        .otherwise("_name_form_injection")
    )
    injection = pl.when(given).then(pl.col("_route_track") == "injected").otherwise(form_injection)
    return rows.select(
        *_KEYS,
        track=track,
        form_key=pl.coalesce("_form", "_name_form", pl.lit("")),
        injection=injection.fill_null(False) & (track == "injected").fill_null(False),
        route_given=given,
    )


def _route_key(route: pl.Expr) -> pl.Expr:
    return (
        plain(route)
        .str.replace(r" ?\(qualifier value\)$", "")
        .str.replace(r"[.,;: ]+$", "")
        .fill_null("")
    )


@cache
def _routes() -> pl.DataFrame:
    spelled = read_list("routes").select("track", _route=entries("spellings")).explode("_route")
    return spelled.select(
        _route_key(pl.col("_route")).alias("_route"),
        pl.col("track").replace("", None).alias("_route_track"),
        (pl.col("track") == "").alias("_says_nothing"),
    ).unique("_route", keep="first", maintain_order=True)


def _prefixed(facts: pl.DataFrame, by: str) -> pl.DataFrame:
    return facts.select(
        pl.col("form").alias(by),
        pl.col("track").alias(f"{by}_track"),
        pl.col("injection").alias(f"{by}_injection"),
    )


def _dose_units(texts: pl.Series) -> pl.DataFrame:
    """Dose unit as written -> the track that it implies."""
    return resolve_units(texts).select(
        dose_unit="unit",
        _dose_unit_track=pl.col("name").replace_strict(
            _DOSE_UNIT_TRACKS, default=None, return_dtype=pl.String
        ),
    )
