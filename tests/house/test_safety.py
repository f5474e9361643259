"""The safety documents name tests and controls that are there."""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAFETY = ROOT / "docs" / "safety"
CLASSES = {
    "A": 31, "B": 24, "C": 15, "D": 14, "E": 11, "F": 5, "N": 6, "X": 2, "G": 22, "H": 14,
    "I": 17, "J": 7,
}  # fmt: skip


def rows(name: str) -> list[dict[str, str]]:
    with (SAFETY / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and name.startswith("test_") and name in names_in(path)


def test_every_class_of_bad_input_has_one_row() -> None:
    wanted = {f"{letter}{n}" for letter, last in CLASSES.items() for n in range(1, last + 1)}
    assert len(wanted) == 168
    assert Counter(row["class"] for row in rows("inputs.csv")) == Counter(wanted)


@pytest.mark.parametrize("name", ["inputs.csv", "hazards.csv", "invariants.csv"])
def test_every_test_that_a_table_names_is_there(name: str) -> None:
    named = [test for row in rows(name) for test in row["tests"].split()]
    assert len(named) > 16
    assert [test for test in named if not is_there(test)] == []


def test_a_class_is_proven_or_says_what_is_missing() -> None:
    for row in rows("inputs.csv"):
        assert row["state"] in {"done", "part", "open"}
        assert bool(row["tests"]) == (row["state"] != "open"), row["class"]
        assert row["state"] == "done" or row["note"], row["class"]


def test_every_hazard_has_a_cause_a_control_and_a_test() -> None:
    found = rows("hazards.csv")
    assert [row["id"] for row in found] == [f"H{n:02}" for n in range(1, len(found) + 1)]
    for row in found:
        assert row["hazard"], row["id"]
        assert row["cause"], row["id"]
        assert row["control"], row["id"]
        assert row["tests"], row["id"]
        assert row["left"], row["id"]


def test_the_figures_of_the_pages_are_those_of_the_tables() -> None:
    states = Counter(row["state"] for row in rows("inputs.csv"))
    said = (SAFETY / "index.md").read_text("utf-8")
    wanted = f"{states['done']} done, {states['part']} in part, {states['open']} open"
    assert wanted in " ".join(said.split())


def test_the_evidence_names_files_and_commands_that_are_there() -> None:
    text = (SAFETY / "evidence.md").read_text("utf-8")
    paths = set(re.findall(r"`(?:[^`]* )?(tests/[\w/.]+)", text))
    assert len(paths) > 8
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    numbers = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert numbers == [str(n) for n in range(1, 21)]


def test_an_invariant_names_its_room_and_says_what_is_left() -> None:
    found = rows("invariants.csv")
    assert [row["number"] for row in found] == [str(n) for n in range(1, 18)]
    for row in found:
        assert (ROOT / row["checked by"]).is_file(), row["number"]
        assert row["tests"]
        assert row["in every run"] == "yes" or row["left"], row["number"]
