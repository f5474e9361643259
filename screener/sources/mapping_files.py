"""Reads mapping files strictly: every problem is named with its file, line and column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import polars as pl

from screener.errors import UsageError
from screener.rule.problems import SourceFile, all_problems
from screener.rule.yaml_reader import Mapping as YamlMapping
from screener.rule.yaml_reader import Node, Sequence, read_yaml
from screener.sources.mapping import NATIVE, ColumnRule, Mapping, TableRules
from screener.sources.mapping_rows import instead, look_up, row_tests
from screener.sources.mapping_words import (
    choice,
    date,
    did_you_mean,
    known_keys,
    parts,
    word,
    words,
)
from screener.tables import TABLES

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
OTHERWISE = ("keep", "blank", "leave_out")
SOURCES = ("from", "constant", "first_of", "extract", "when", "days_between")
TOP_KEYS = ("mapping", "schema", "title", "separator", "null_tokens", "trim_ids", "ids", "cautions")
TABLE_KEYS = (
    "files", "separator", "null_tokens", "only_rows", "look_up", "also", "more_rows", "columns",
)  # fmt: skip
ROW_KEYS = ("only_rows", "columns")
STEPS = (
    "values", "any_case", "thousands", "prefix", "periods", "otherwise", "date", "minutes_after",
    "years_before", "instead",
)  # fmt: skip
COLUMN_KEYS = (*SOURCES, *STEPS)
YES = {"yes": "y", "no": ""}


BUILT_IN = ("fhir", "omop")  # formats that no mapping can say (sources.read.MODELS)


def mapping_names() -> tuple[str, ...]:
    """The names that `load_mapping` knows: native, and those that come with the program."""
    folder = files("screener") / "mappings"
    found = (entry.name.removesuffix(".yaml") for entry in folder.iterdir())
    return ("native", *sorted(name for name in found if not name.startswith((".", "_"))))


def load_mapping(mapping: str | Path) -> Mapping:
    """A mapping by name or by the path of a YAML file.

    Raises UsageError for an unknown name, or with every problem of the file, one a line.
    """
    text = str(mapping)
    if text == "native":
        return NATIVE
    if text in mapping_names():
        data = (files("screener") / "mappings" / f"{text}.yaml").read_bytes()
        return read_mapping(f"{text}.yaml", data)
    if not text.endswith((".yaml", ".yml")):
        names = (*mapping_names(), *BUILT_IN)
        raise UsageError(
            f"there is no format '{text}'{did_you_mean(text, names)}.",
            fix=f"Use {', '.join(names)}, or the path of a .yaml file.",
        )
    try:
        data = Path(text).read_bytes()
    except OSError:
        raise UsageError(
            "the mapping file cannot be opened.", where=text, fix="Check its path."
        ) from None
    return read_mapping(text, data)


def read_mapping(name: str, data: bytes) -> Mapping:
    """The mapping in a YAML text. Raises UsageError with every problem found, one a line."""
    source = SourceFile(name)
    root = read_yaml(source, data)
    result = _mapping(source, root) if root is not None else None
    if source.problems or result is None:
        raise UsageError("the mapping cannot be used:\n" + "\n".join(all_problems(source)))
    return result


def _mapping(source: SourceFile, root: YamlMapping) -> Mapping | None:
    known_keys(source, root, (*TOP_KEYS, "tables"), "key of a mapping")
    schema = word(source, root.get("schema"))
    if schema != "1":
        source.problem(root.mark, "the mapping must say `schema: 1`")
    name, title = word(source, root.get("mapping")), word(source, root.get("title"))
    if not name:
        source.problem(root.mark, "the mapping has no name", "write `mapping: its-name`")
    separator = choice(source, root.get("separator"), SEPARATORS)
    nulls = words(source, root.get("null_tokens"))
    tables = root.get("tables")
    if not isinstance(tables, YamlMapping):
        source.problem(root.mark, "`tables` must name the canonical tables")
        return None
    known_keys(source, tables, tuple(TABLES), "canonical table")
    read = {
        entry.key.text: _table(source, entry.key.text, entry.value, separator, nulls)
        for entry in tables.entries
        if entry.key.text in TABLES and isinstance(entry.value, YamlMapping)
    }
    if "prescriptions" not in read:
        source.problem(tables.mark, "`tables` must say how to read prescriptions")
    return Mapping(
        name,
        title,
        read,
        trim_ids=choice(source, root.get("trim_ids"), YES) == "y",
        integer_ids=choice(source, root.get("ids"), {"integers": "y", "text": ""}) == "y",
        cautions=words(source, root.get("cautions")),
    )


def _table(
    source: SourceFile,
    table: str,
    node: YamlMapping,
    separator: str | None,
    nulls: tuple[str, ...],
    *,
    patterns: tuple[str, ...] = (),
) -> TableRules:
    """One file's rules; with `patterns` those of further rows of the same file."""
    known_keys(source, node, ROW_KEYS if patterns else TABLE_KEYS, "key of a table")
    columns = node.get("columns")
    rules: dict[str, ColumnRule] = {}
    if isinstance(columns, YamlMapping):
        known_keys(source, columns, tuple(c.name for c in TABLES[table]), f"column of {table}")
        for entry in columns.entries:
            rule = _column(source, entry.value)
            if rule is not None:
                rules[entry.key.text] = rule
    else:
        source.problem(node.mark, "`columns` must say where each canonical column comes from")
    needed = [c.name for c in TABLES[table] if c.required and c.name not in rules]
    if "drug_code" in rules and "drug" in needed:
        needed.remove("drug")
    if isinstance(columns, YamlMapping) and needed:
        source.problem(columns.mark, f"{table} cannot do without {', '.join(needed)}")
    patterns = patterns or words(source, node.get("files"))
    if not patterns:
        source.problem(node.mark, "`files` must list the file names of this table")
    own = node.get("null_tokens")
    its_nulls = words(source, own) if own is not None else nulls
    its_separator = choice(source, node.get("separator"), SEPARATORS) or separator
    also = _listed(source, "also", node.get("also"))
    more = _listed(source, "more_rows", node.get("more_rows"))
    return TableRules(
        patterns,
        rules,
        its_separator,
        its_nulls,
        row_tests(source, node.get("only_rows")),
        look_up(source, node.get("look_up")),
        tuple(_table(source, table, item, separator, nulls) for item in also),
        tuple(
            _table(source, table, item, its_separator, its_nulls, patterns=patterns)
            for item in more
        ),
    )


def _listed(source: SourceFile, key: str, node: Node | None) -> list[YamlMapping]:
    """The items of `also` (other files of the table) or `more_rows` (of the same records)."""
    if node is None:
        return []
    if not isinstance(node, Sequence):
        source.problem(node.mark, f"`{key}` must be a list of rules with their columns")
        return []
    return [item for item in node.items if isinstance(item, YamlMapping)]


def _column(source: SourceFile, node: Node) -> ColumnRule | None:
    """A plain name is short for `{from: name}`."""
    if not isinstance(node, YamlMapping):
        return ColumnRule("from", (words(source, node),))
    known_keys(source, node, COLUMN_KEYS, "function or step")
    chosen = [entry for entry in node.entries if entry.key.text in SOURCES]
    if len(chosen) != 1:
        source.problem(node.mark, f"a column needs exactly one source: one of {', '.join(SOURCES)}")
        return None
    kind, value = chosen[0].key.text, chosen[0].value
    made = BUILDERS[kind](source, value)
    if made is None:
        return None
    values = node.get("values")
    if values is not None and not isinstance(values, YamlMapping):
        source.problem(values.mark, "`values` must be a list of `exported: canonical`")
        values = None
    any_case = choice(source, node.get("any_case"), YES) == "y"
    listed = {e.key.text: word(source, e.value) for e in values.entries} if values else None
    return replace(
        made,
        values={k.lower(): v for k, v in listed.items()} if listed and any_case else listed,
        any_case=any_case,
        thousands=choice(source, node.get("thousands"), {"comma": "y"}) == "y",
        instead=instead(source, node.get("instead")),
        prefix=word(source, node.get("prefix")),
        periods=choice(source, node.get("periods"), YES) == "y",
        otherwise=choice(source, node.get("otherwise"), {w: w for w in OTHERWISE}) or "keep",
        date=word(source, node.get("date")) or None,
        minutes_after=date(source, node.get("minutes_after")),
        years_before=date(source, node.get("years_before")),
    )


def _from(source: SourceFile, node: Node) -> ColumnRule | None:
    return ColumnRule("from", (words(source, node),))


def _constant(source: SourceFile, node: Node) -> ColumnRule | None:
    return ColumnRule("constant", constant=word(source, node))


def _first_of(source: SourceFile, node: Node) -> ColumnRule | None:
    return ColumnRule("first_of", tuple((name,) for name in words(source, node)))


def _extract(source: SourceFile, node: Node) -> ColumnRule | None:
    given = parts(source, node, ("from", "pattern"))
    if given is None:
        return None
    patterns = words(source, given["pattern"])
    if not all(p.startswith(("^", "(?i)^")) and p.endswith("$") for p in patterns):
        source.problem(given["pattern"].mark, "the pattern must begin with ^ and end with $")
        return None
    try:
        for pattern in patterns:
            pl.Series([""]).str.extract(pattern, 1)
    except pl.exceptions.PolarsError:
        source.problem(
            given["pattern"].mark,
            "the pattern cannot be used",
            "it is a Rust regular expression with one group in parentheses, "
            "without look-around or back-references",
        )
        return None
    return ColumnRule("extract", (words(source, given["from"]),), patterns=patterns)


def _when(source: SourceFile, node: Node) -> ColumnRule | None:
    given = parts(source, node, ("column", "in", "then"))
    if given is None:
        return None
    return ColumnRule(
        "when",
        (words(source, given["column"]), words(source, given["then"])),
        wanted=frozenset(words(source, given["in"])),
    )


def _days_between(source: SourceFile, node: Node) -> ColumnRule | None:
    given = parts(source, node, ("first", "last", "last_day_counts"))
    if given is None:
        return None
    counts = choice(source, given["last_day_counts"], YES)
    return ColumnRule(
        "days_between",
        (words(source, given["first"]), words(source, given["last"])),
        last_day_counts=counts == "y",
    )


BUILDERS: dict[str, Callable[[SourceFile, Node], ColumnRule | None]] = {
    "from": _from,
    "constant": _constant,
    "first_of": _first_of,
    "extract": _extract,
    "when": _when,
    "days_between": _days_between,
}
