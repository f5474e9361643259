"""The drug, form, route, condition and test lists of the screener, read strictly as text.

`data/README.md` says where the facts are from. Every cell is text until a loader here types it;
several entries of one cell are separated by semicolons.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import polars as pl

LISTS_VERSION = "2026.11.3"

_FILES = (
    "ingredients",
    "combinations",
    "rxnorm_products",
    "not_drugs",
    "forms",
    "routes",
    "conditions",
    "tests",
)


@cache
def _bytes_of(name: str) -> bytes:
    return (resources.files(__package__) / "data" / f"{name}.csv").read_bytes()


@cache
def read_list(name: str) -> pl.DataFrame:
    """One list as it stands: every column text, an empty cell an empty text."""
    return pl.read_csv(_bytes_of(name), infer_schema=False).fill_null("")


def list_versions() -> dict[str, str]:
    """File name -> SHA-256, and `lists` -> the version of them all, for run.json."""
    hashes = {f"{name}.csv": hashlib.sha256(_bytes_of(name)).hexdigest() for name in _FILES}
    return {"lists": LISTS_VERSION} | hashes


def entries(column: str) -> pl.Expr:
    """The entries of a cell as a list, without the empty ones."""
    return pl.col(column).str.split(";").list.eval(pl.element().filter(pl.element() != ""))


@cache
def ingredient_table() -> pl.DataFrame:
    """What is known of every ingredient, one row each, in the order of the list.

    ingredient; classes (tags); given_intrathecally: taken by mouth or intrathecally, so that any
    injection of it is an intrathecal one (baclofen) or there is no other way (ziconotide);
    intrathecal: "only" for those, "also" where other injections are common (morphine), else null;
    the marketed range of oral liquids in micrograms per mL; the daily amount by mouth in
    micrograms above which a record is implausible; weekly: taken once a week by default.
    """
    raw = read_list("ingredients")
    ug = 1000.0
    return raw.select(
        "ingredient",
        entries("classes").alias("classes"),
        (pl.col("intrathecal") == "only").alias("given_intrathecally"),
        _number("liquid_mg_per_ml_low").mul(ug).alias("liquid_low_ug_per_ml"),
        _number("liquid_mg_per_ml_high").mul(ug).alias("liquid_high_ug_per_ml"),
        _number("implausible_above_mg_per_day")
        .mul(ug)
        .round()
        .cast(pl.Int64)
        .alias("implausible_above_ug"),
        (pl.col("weekly") == "yes").alias("weekly"),
        pl.col("intrathecal").replace("", None).alias("intrathecal"),
    )


def _number(column: str) -> pl.Expr:
    return pl.col(column).replace("", None).cast(pl.Float64)


@cache
def ingredient_names() -> tuple[str, ...]:
    """The canonical names, in alphabetical order."""
    return tuple(sorted(read_list("ingredients")["ingredient"]))


@cache
def _members_by_class() -> dict[str, frozenset[str]]:
    rows = ingredient_table().select("ingredient", tag="classes").explode("tag").drop_nulls("tag")
    grouped = rows.group_by("tag").agg("ingredient")
    return {tag: frozenset(members) for tag, members in grouped.iter_rows()}


def class_names() -> tuple[str, ...]:
    """The tags of the drug classes, in alphabetical order."""
    return tuple(sorted(_members_by_class()))


def class_members(tag: str) -> frozenset[str] | None:
    """The ingredients of a class; None when there is no such class.

    `cns_depressant`, `CNS-depressant` and `CNS depressants` are the same tag.
    """
    key = "_".join(tag.strip().lower().replace("-", " ").replace("_", " ").split())
    classes = _members_by_class()
    return classes.get(key) or classes.get(key.removesuffix("s"))


@cache
def _conditions() -> dict[str, frozenset[str]]:
    rows = read_list("conditions").with_columns(pl.col("name_or_code").str.to_lowercase())
    # ICD-10 codes are often exported without their dot.
    no_dots = rows.filter(pl.col("system") == "icd10").with_columns(
        pl.col("name_or_code").str.replace_all(".", "", literal=True)
    )
    grouped = pl.concat([rows, no_dots]).group_by("list").agg("name_or_code")
    return {name: frozenset(words) for name, words in grouped.iter_rows()}


def condition_names(list_name: str) -> frozenset[str] | None:
    """The names and codes of a condition list in lower case; None when there is no such list."""
    key = " ".join(list_name.strip().lower().replace("-", " ").replace("_", " ").split())
    return _conditions().get(key)


@cache
def condition_list_names() -> tuple[str, ...]:
    """The names of the condition lists, in alphabetical order."""
    return tuple(sorted(_conditions()))
