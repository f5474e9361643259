"""Reads mapping files strictly: every problem is named with its file, line and column."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

import polars as pl

from screener.errors import UsageError
from screener.rule.problems import SourceFile, all_problems
from screener.rule.yaml_reader import Mapping as YamlMapping
from screener.rule.yaml_reader import Node, Scalar, Sequence, read_yaml
from screener.sources.mapping import NATIVE, ColumnRule, Mapping, TableRules
from screener.tables import TABLES

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
OTHERWISE = ("keep", "blank", "leave_out")
SOURCES = ("from", "constant", "first_of", "extract", "when", "days_between")
TOP_KEYS = ("mapping", "schema", "title", "separator", "null_tokens", "trim_ids", "ids", "cautions")
TABLE_KEYS = ("files", "separator", "null_tokens", "only_rows", "columns")
COLUMN_KEYS = (*SOURCES, "values", "periods", "otherwise", "date")


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
        raise UsageError(
            f"there is no mapping '{text}'{_did_you_mean(text, mapping_names())}.",
            fix=f"Use {', '.join(mapping_names())}, or the path of a .yaml file.",
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


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _known_keys(source: SourceFile, node: YamlMapping, known: tuple[str, ...], what: str) -> None:
    for entry in node.entries:
        if entry.key.text not in known:
            guess = _did_you_mean(entry.key.text, known).removeprefix("; ")
            source.problem(
                entry.key.mark,
                f'"{entry.key.text}" is no {what}',
                guess or f"known are {', '.join(known)}",
            )


def _mapping(source: SourceFile, root: YamlMapping) -> Mapping | None:
    _known_keys(source, root, (*TOP_KEYS, "tables"), "key of a mapping")
    schema = _word(source, root.get("schema"))
    if schema != "1":
        source.problem(root.mark, "the mapping must say `schema: 1`")
    name, title = _word(source, root.get("mapping")), _word(source, root.get("title"))
    if not name:
        source.problem(root.mark, "the mapping has no name", "write `mapping: its-name`")
    separator = _choice(source, root.get("separator"), SEPARATORS)
    nulls = _words(source, root.get("null_tokens"))
    tables = root.get("tables")
    if not isinstance(tables, YamlMapping):
        source.problem(root.mark, "`tables` must name the canonical tables")
        return None
    _known_keys(source, tables, tuple(TABLES), "canonical table")
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
        trim_ids=_choice(source, root.get("trim_ids"), {"yes": "y", "no": ""}) == "y",
        integer_ids=_choice(source, root.get("ids"), {"integers": "y", "text": ""}) == "y",
        cautions=_words(source, root.get("cautions")),
    )


def _table(
    source: SourceFile, table: str, node: YamlMapping, separator: str | None, nulls: tuple[str, ...]
) -> TableRules:
    _known_keys(source, node, TABLE_KEYS, "key of a table")
    columns = node.get("columns")
    rules: dict[str, ColumnRule] = {}
    if isinstance(columns, YamlMapping):
        _known_keys(source, columns, tuple(c.name for c in TABLES[table]), f"column of {table}")
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
    patterns = _words(source, node.get("files"))
    if not patterns:
        source.problem(node.mark, "`files` must list the file names of this table")
    own = node.get("null_tokens")
    return TableRules(
        patterns,
        rules,
        _choice(source, node.get("separator"), SEPARATORS) or separator,
        _words(source, own) if own is not None else nulls,
        _only_rows(source, node.get("only_rows")),
    )


def _only_rows(
    source: SourceFile, node: Node | None
) -> tuple[tuple[str, ...], frozenset[str]] | None:
    if node is None:
        return None
    if not isinstance(node, YamlMapping):
        source.problem(node.mark, "`only_rows` must give a `column` and a list `in`")
        return None
    _known_keys(source, node, ("column", "in"), "key of only_rows")
    return _words(source, node.get("column")), frozenset(_words(source, node.get("in")))


def _column(source: SourceFile, node: Node) -> ColumnRule | None:
    """A plain name is short for `{from: name}`."""
    if not isinstance(node, YamlMapping):
        return ColumnRule("from", (_words(source, node),))
    _known_keys(source, node, COLUMN_KEYS, "function or step")
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
    date = node.get("date")
    return ColumnRule(
        made.source,
        made.columns,
        made.constant,
        made.pattern,
        made.wanted,
        made.last_day_counts,
        values={e.key.text: _word(source, e.value) for e in values.entries} if values else None,
        periods=_choice(source, node.get("periods"), {"yes": "y", "no": ""}) == "y",
        otherwise=_choice(source, node.get("otherwise"), {word: word for word in OTHERWISE})
        or "keep",
        date=_word(source, date) if date is not None else None,
    )


def _from(source: SourceFile, node: Node) -> ColumnRule | None:
    return ColumnRule("from", (_words(source, node),))


def _constant(source: SourceFile, node: Node) -> ColumnRule | None:
    return ColumnRule("constant", constant=_word(source, node))


def _first_of(source: SourceFile, node: Node) -> ColumnRule | None:
    return ColumnRule("first_of", tuple((name,) for name in _words(source, node)))


def _extract(source: SourceFile, node: Node) -> ColumnRule | None:
    parts = _parts(source, node, ("from", "pattern"))
    if parts is None:
        return None
    pattern = _word(source, parts["pattern"])
    if not (pattern.startswith("^") and pattern.endswith("$")):
        source.problem(parts["pattern"].mark, "the pattern must begin with ^ and end with $")
        return None
    try:
        pl.Series([""]).str.extract(pattern, 1)
    except pl.exceptions.PolarsError:
        source.problem(
            parts["pattern"].mark,
            "the pattern cannot be used",
            "it is a Rust regular expression with one group in parentheses, "
            "without look-around or back-references",
        )
        return None
    return ColumnRule("extract", (_words(source, parts["from"]),), pattern=pattern)


def _when(source: SourceFile, node: Node) -> ColumnRule | None:
    parts = _parts(source, node, ("column", "in", "then"))
    if parts is None:
        return None
    return ColumnRule(
        "when",
        (_words(source, parts["column"]), _words(source, parts["then"])),
        wanted=frozenset(_words(source, parts["in"])),
    )


def _days_between(source: SourceFile, node: Node) -> ColumnRule | None:
    parts = _parts(source, node, ("first", "last", "last_day_counts"))
    if parts is None:
        return None
    counts = _choice(source, parts["last_day_counts"], {"yes": "y", "no": ""})
    return ColumnRule(
        "days_between",
        (_words(source, parts["first"]), _words(source, parts["last"])),
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


def _parts(source: SourceFile, node: Node, keys: tuple[str, ...]) -> dict[str, Node] | None:
    if not isinstance(node, YamlMapping):
        source.problem(node.mark, f"this function needs {', '.join(keys)}")
        return None
    _known_keys(source, node, keys, "part of this function")
    parts = {entry.key.text: entry.value for entry in node.entries}
    missing = [key for key in keys if key not in parts]
    if missing:
        source.problem(node.mark, f"this function lacks {', '.join(missing)}")
        return None
    return parts


def _word(source: SourceFile, node: Node | None) -> str:
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        source.problem(node.mark, "one word or text is expected here")
        return ""
    return node.text


def _words(source: SourceFile, node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    if isinstance(node, Sequence):
        return tuple(_word(source, item) for item in node.items)
    return (_word(source, node),)


def _choice(source: SourceFile, node: Node | None, choices: dict[str, str]) -> str | None:
    if node is None:
        return None
    word = _word(source, node)
    if word not in choices:
        source.problem(
            node.mark,
            f"one of {', '.join(choices)} is expected here{_did_you_mean(word, tuple(choices))}",
        )
        return None
    return choices[word]
