"""What stands behind a rule: evidence and owners, which an active rule cannot do without."""

from __future__ import annotations

from typing import Any

from screener.rule.amounts import calendar_date
from screener.rule.reading import Reading, items_of, keys_of, read_with, text_of
from screener.rule.suggest import closest
from screener.rule.yaml_reader import Entry, Mapping, Scalar, Sequence

_EVIDENCE = ("where", "read_on", "note", "link")


def read_evidence(reading: Reading, entry: Entry | None) -> tuple[dict[str, str], ...]:
    """Sources, as texts."""
    made = []
    for item in items_of(entry.value) if entry else ():
        what = "an entry of evidence"
        example = f"{{source: {item.text}}}" if isinstance(item, Scalar) else ""
        found = keys_of(
            reading, item, what, required=("source",), optional=_EVIDENCE, example=example
        )
        texts = {k: text_of(reading, e.value, k) or "" for k, e in (found or {}).items()}
        if found and "read_on" in found:
            read_with(reading, found["read_on"].value, "read_on", calendar_date)
        made.append(texts)
    return tuple(made)


def read_owners(reading: Reading, entry: Entry | None) -> dict[str, Any]:
    """Who wrote, who checked (a list), and the date of the next review."""
    if entry is None:
        return {}
    keys = ("wrote", "checked", "next_review")
    found = keys_of(reading, entry.value, "owners", required=keys) or {}
    owners: dict[str, Any] = {}
    if "wrote" in found:
        owners["wrote"] = text_of(reading, found["wrote"].value, "wrote")
    if "checked" in found:
        names = [text_of(reading, item, "checked") for item in items_of(found["checked"].value)]
        owners["checked"] = [name for name in names if name]
        if owners.get("wrote") in owners["checked"]:
            what = f'"{owners["wrote"]}" wrote the rule, so somebody else must check it'
            reading.problem(found["checked"].value, what)
        if not names:
            reading.problem(found["checked"].value, "nobody has checked the rule")
    if "next_review" in found:
        owners["next_review"] = read_with(
            reading, found["next_review"].value, "next_review", calendar_date
        )
    return owners


def demand_signature(
    reading: Reading, root: Mapping, found: dict[str, Entry], *, known: tuple[str, ...]
) -> None:
    """An active rule has evidence and owners: somebody stands for it."""
    for key in ("evidence", "owners"):
        entry = found.get(key)
        empty = isinstance(entry.value, Sequence) and not entry.value.items if entry else True
        misspelled = any(
            e.key.text not in found and closest(e.key.text, known) == key for e in root.entries
        )
        if empty and not misspelled:
            where = found["status"].value if "status" in found else root
            where = entry.key if entry else where
            reading.problem(where, f'an active rule needs "{key}"', "or set status: draft")
