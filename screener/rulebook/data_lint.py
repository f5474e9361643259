"""Lists held against data: drugs that were really ordered and look like members of a list.

Names and counts only, never a patient's data: of a text that the terminology does not know, the
one word that looks like a member.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import polars as pl

from screener.intake import Intake
from screener.rule.drugs import drug_set
from screener.rule.linted import items
from screener.rule.load import RulesFolder
from screener.rule.yaml_reader import Scalar
from screener.terminology import ingredient_table, resolve_drugs
from screener.terminology.lists import read_list

COLUMNS = ("list", "not in it", "why it may belong there", "orders", "patients")
_KEYS = ["drug", "drug_code", "drug_code_system"]
_FEWEST_MEMBERS = 3  # of fewer, nothing can be said to be common
_SHORTEST_STEM = 4  # -pril; three letters end half of all names
_BEFORE_STEM = 3  # letters, or April would be an ACE inhibitor
_LONGEST_GROUP = 5  # letters of an ATC code: C09AA, the chemical subgroup


@dataclass(frozen=True, slots=True)
class Seen:
    """What an export orders: `drugs` (ingredient, orders, patients), `words` (word, orders,
    patients) of texts that the terminology does not know, one row each."""

    drugs: pl.DataFrame
    words: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _List:
    """A list with what it leaves out on purpose; `by_name` when some member is written by name.

    Of a list that names classes alone the author chose the class: another class that most members
    have as well is no reason. Their ATC subgroup still is, since a drug may lack its class tag.
    """

    name: str
    members: frozenset[str]
    left_out: frozenset[str]
    by_name: bool


def seen_in(intake: Intake) -> Seen:
    """Ingredients and unknown words of every order, bucket by bucket."""
    drugs, words = [], []
    for number in range(intake.bucket_count):
        orders = intake.bucket(number).prescriptions.select("patient_id", *_KEYS)
        known = resolve_drugs(orders.select(_KEYS).unique(maintain_order=True))
        named = orders.with_row_index("row").join(
            known.select(*_KEYS, "ingredient"), on=_KEYS, how="left", nulls_equal=True
        )
        drugs.append(_counted(named.drop_nulls("ingredient"), "ingredient"))
        unknown = named.filter(pl.col("ingredient").is_null().all().over("row")).unique("row")
        word = pl.col("drug").str.to_lowercase().str.extract_all(r"\p{L}{5,}")
        words.append(
            _counted(unknown.with_columns(word=word).explode("word").drop_nulls("word"), "word")
        )
    return Seen(_together(drugs, "ingredient"), _together(words, "word"))


def _counted(orders: pl.DataFrame, by: str) -> pl.DataFrame:
    return orders.group_by(by).agg(
        orders=pl.col("row").n_unique(), patients=pl.col("patient_id").n_unique()
    )


def _together(parts: list[pl.DataFrame], by: str) -> pl.DataFrame:
    """The buckets added up: a patient is in one of them only."""
    return pl.concat(parts).group_by(by).agg(pl.col("orders", "patients").sum()).sort(by)


def missing_members(folder: RulesFolder, seen: Seen) -> list[tuple[str, str, str, int, int]]:
    """Rows of COLUMNS: what looks like a member of a list, was ordered, and is not named by it."""
    rows = []
    for one in _lists(folder):
        if len(one.members) < _FEWEST_MEMBERS:
            continue
        groups = _common_groups(one.members)
        if not one.by_name:
            groups = frozenset(group for group in groups if group.startswith("ATC"))
        for drug, orders, patients in seen.drugs.iter_rows():
            shared = _groups().get(drug, frozenset()) & groups
            if shared and drug not in one.members | one.left_out:
                rows.append((one.name, drug, _because(shared), orders, patients))
        stem = common_stem(one.members)
        for word, orders, patients in _with_stem(seen.words, stem) if stem else ():
            why = f"unknown name with -{stem}, as most of the list"
            rows.append((one.name, word, why, orders, patients))
    return sorted(rows, key=lambda row: (row[0], -row[4], row[1]))


def _lists(folder: RulesFolder) -> Iterator[_List]:
    for drugs in folder.lists:
        reading, root = folder.lists_from[drugs.name]
        dropped = root.get("except")
        found = drug_set(reading, dropped, "except") if dropped is not None else None
        left_out = found.ingredients if found else frozenset[str]()
        by_name = any(isinstance(node, Scalar) for node in items(root.get("members")))
        yield _List(drugs.name, drugs.ingredients, left_out, by_name)
    for one in folder.conversions:
        members = frozenset(factor.ingredient for factor in one.conversion.factors)
        yield _List(one.name, members, frozenset(), by_name=True)


def _common_groups(members: frozenset[str]) -> frozenset[str]:
    """Groups that most members belong to, and of which most drugs are members."""
    counts = Counter(group for one in members for group in _groups().get(one, ()))
    sizes = Counter(group for groups in _groups().values() for group in groups)
    return frozenset(
        group
        for group, count in counts.items()
        if 2 * count > len(members) and 2 * count > sizes[group]
    )


@cache
def _groups() -> dict[str, frozenset[str]]:
    """Ingredient -> its ATC subgroup (`ATC C09AA`) and its classes (`class acei`)."""
    codes = dict(read_list("ingredients").select("ingredient", "atc").iter_rows())
    classes = ingredient_table().select("ingredient", "classes").iter_rows()
    return {
        drug: frozenset(f"class {tag}" for tag in tags)
        | frozenset(f"ATC {code[:_LONGEST_GROUP]}" for code in codes[drug].split(";") if code)
        for drug, tags in classes
    }


def _because(shared: frozenset[str]) -> str:
    return f"{', '.join(sorted(shared))}, as most of the list"


def common_stem(members: frozenset[str]) -> str:
    """The longest ending of at least four letters that most names have: `pril`; "" for none."""
    ends = Counter(
        name[-length:]
        for name in members
        for length in range(_SHORTEST_STEM, len(name))
        if name[-length:].isalpha()
    )
    common = [end for end, count in ends.items() if 2 * count > len(members)]
    return max(common, key=lambda end: (len(end), end), default="")


def _with_stem(words: pl.DataFrame, stem: str) -> Iterator[tuple[str, int, int]]:
    """Words of unknown texts with the stem at their end, or before the ending of a language."""
    ending = rf"\p{{L}}{{{_BEFORE_STEM}}}{stem.removesuffix('e')}[a-z]{{0,2}}$"
    yield from words.filter(pl.col("word").str.contains(ending)).iter_rows()
