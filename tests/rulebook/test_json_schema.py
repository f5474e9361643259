"""The JSON Schema of rule files: current, true to the loader, and of use in an editor."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from screener.checks import CHECKS
from screener.cli.main import ended_with
from screener.rule.amounts import Wrong, daily_amount, days, share, years
from screener.rule.conditions import CONDITIONS, GROUPS
from screener.rule.facts import KEYS, expected_of
from screener.rule.params import KINDS, parameters_of
from screener.rule.problems import SourceFile
from screener.rule.yaml_reader import Mapping, Node, Sequence, read_yaml
from screener.rulebook.json_schema import SHIPPED, rule_schema, schema_text
from screener.rulebook.layout import ORDERS
from tests.rule.authoring import SOUND, changed
from tests.rulebook.language_server import Editor

RULES = Path(__file__).resolve().parents[2] / "rules"
RULE_FILES = sorted(
    path for path in RULES.rglob("*.yaml") if path.parent.name not in {"lists", "sites"}
)
SCHEMA = rule_schema()


def as_data(node: Node) -> Any:
    """What an editor makes of a file: YAML 1.2, where `yes` is a text and 80 a number."""
    if isinstance(node, Mapping):
        return {entry.key.text: as_data(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return [as_data(item) for item in node.items]
    if node.plain and re.fullmatch(r"[-+]?\d+", node.text):
        return int(node.text)
    if node.plain and re.fullmatch(r"[-+]?\d*\.\d+", node.text):
        return float(node.text)
    words = {"true": True, "false": False, "null": None, "~": None, "": None}
    return words.get(node.text, node.text) if node.plain else node.text


def data_of(text: str) -> Any:
    root = read_yaml(SourceFile("a rule"), text.encode())
    assert root is not None
    return as_data(root)


@cache
def validator() -> Any:
    """A compiled validator; None where there is none to be had."""
    try:
        import fastjsonschema
    except ImportError:
        return None
    return fastjsonschema.compile(SCHEMA)


def faults(text: str) -> list[str]:
    """What a validator says of a rule file: nothing, or the first fault."""
    validate = validator()
    if validate is None:
        pytest.skip("no validator of JSON Schema here: the package fastjsonschema is one")
    try:
        validate(data_of(text))
    except ValueError as fault:  # JsonSchemaException is one
        return [str(fault)]
    return []


def test_the_shipped_schema_is_current() -> None:
    current = schema_text(SCHEMA)
    shipped = (RULES / SHIPPED).read_text(encoding="utf-8")
    assert shipped == current, f"run `screener rules schema --to rules/{SHIPPED}`"


def test_the_command_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_with(["rules", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
    target = tmp_path / "a" / SHIPPED
    assert ended_with(["rules", "schema", "--to", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == schema_text(SCHEMA)


def test_it_knows_every_check_parameter_condition_and_key() -> None:
    definitions = SCHEMA["definitions"]
    assert set(CHECKS) < set(SCHEMA["properties"]["flag_when"]["properties"])
    for name, check in CHECKS.items():
        known = parameters_of(check)
        schema = definitions[f"check {name}"]
        assert set(schema["properties"]) == set(known)
        assert schema.get("required", []) == [k for k, one in known.items() if one.required]
        assert all(one["description"] for one in schema["properties"].values())
    conditions = set(definitions["conditions"]["properties"]) - set(CHECKS)
    assert conditions == {*CONDITIONS, *GROUPS}
    assert set(definitions["story"]["properties"]) == {*KEYS, "story", "takes", "expect"}
    assert tuple(SCHEMA["properties"]) == ORDERS["rule"]


def test_every_kind_of_value_has_a_definition() -> None:
    assert set(KINDS) - {"choice"} <= set(SCHEMA["definitions"])


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(SCHEMA)
    names = set(re.findall(r'"#/definitions/([^"]+)"', text))
    assert names
    assert names <= set(SCHEMA["definitions"])


@pytest.mark.parametrize(
    ("kind", "read", "texts"),
    [
        (
            "daily_amount",
            daily_amount,
            ["80 mg/day", "80mg/day", "0.5 mg/day", "80.01 mg per day", "1000 mcg/day", "2 g a day",
             "80", "80 mg", "80.0 mg/day", ".5 mg/day", "1,000 mg/day", "80 mL/day", "> 80 mg/day",
             "10U/day", "80 mg/kg/day", "80 mg/week"],
        ),
        ("days", days, ["14 days", "1 day", "2 weeks", "0 days", "14", "2 months", "1.5 days"]),
        ("share", share, ["50 %", "50%", "33.3 %", "50", "50.0 %", "half"]),
        ("years", years, ["65 years", "1 year", "65", "65.5 years", "65 y"]),
    ],
)  # fmt: skip
def test_patterns_take_what_the_loader_takes(kind: str, read: Any, texts: list[str]) -> None:
    pattern = SCHEMA["definitions"][kind]["pattern"]
    taken = []
    for text in texts:
        try:
            read(text)
        except Wrong:
            continue
        taken.append(text)
    assert [text for text in texts if re.search(pattern, text)] == taken
    assert 0 < len(taken) < len(texts)


def test_outcomes_are_those_that_the_loader_takes() -> None:
    outcome = SCHEMA["definitions"]["story"]["properties"]["expect"]["anyOf"][0]
    texts = ["clear", "out of scope", "not assessed", "not assessed because dose-unknown",
             "flag high from day 0", "flag low possible with a b from day -3", "flag high",
             "flag serious from day 0", "fine", "flagged"]  # fmt: skip
    taken = []
    for text in texts:
        try:
            expected_of(text)
        except Wrong:
            continue
        taken.append(text)
    assert [text for text in texts if re.search(outcome["pattern"], text)] == taken
    assert 0 < len(taken) < len(texts)


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_every_shipped_rule_is_valid(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "change",
    [
        ("severity: high", "sevrity: high"),
        ("severity: high", "severity: serious"),
        ("    more_than: 80 mg/day", "    max: 80 mg/day"),
        ("    more_than: 80 mg/day", "    more_than: 80 mg"),
        ("    more_than: 80 mg/day", "    more_than: 80"),
        ("    more_than: 80 mg/day\n", ""),
        ("    more_than: 80 mg/day", "    more_than: 80 mg/day\n    less_than: 5 mg/day"),
        ("  daily_dose:\n", "  daily_doze:\n"),
        ("  daily_dose:\n", "  taken: {of: baclofen}\n  daily_dose:\n"),
        ("    expect: clear", "    expect: fine"),
        ("    expect: clear\n", ""),
        ("next_review: 2027-11-22", "next_review: next year"),
        ("when: {daily_dose: {more_than: 100 mg/day}}", "when: {dose: {more_than: 100 mg/day}}"),
    ],
)
def test_mistakes_are_seen_while_typing(change: tuple[str, str]) -> None:
    assert faults(SOUND) == []
    assert len(faults(changed(change))) == 1


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    program = shutil.which("yaml-language-server")
    if program is None or shutil.which("node") is None:
        pytest.skip("no yaml-language-server here; it is a package of Node.js")
    schema = tmp_path_factory.mktemp("schema") / SHIPPED
    schema.write_text(schema_text(SCHEMA), encoding="utf-8")
    opened = Editor(program, schema)
    yield opened
    opened.close()


@pytest.mark.editor
def test_an_editor_offers_the_checks_with_their_skeletons(editor: Editor) -> None:
    text = SOUND.split("  daily_dose:")[0] + "  \n"
    editor.open("gap", text)
    line = text.count("\n") - 1
    offered = editor.completions("gap", line, 2)
    first = {one["label"]: one.get("insertText", "") for one in reversed(offered)}
    assert {*CHECKS, "any_of", "all_of", "measure"} <= set(first)
    assert re.sub(r"\$\{\d:(.*?)\}", r"\1", first["dose_rises"]).split("\n") == [
        "dose_rises:",
        "  of: a drug by mouth",
        "  by_more_than: 80 mg/day",
        "  within: 14 days",
    ]


@pytest.mark.editor
def test_an_editor_explains_a_parameter(editor: Editor) -> None:
    assert editor.open("sound", SOUND) == []
    line = next(n for n, text in enumerate(SOUND.splitlines()) if "more_than: 80" in text)
    said = editor.hover("sound", line, 6)
    assert "Flag above this" in said
    assert "more_than, at_least, less_than" in said
    assert "80 mg/day" in said


@pytest.mark.editor
def test_an_editor_marks_an_unknown_key_and_a_wrong_amount(editor: Editor) -> None:
    text = changed(("    more_than: 80 mg/day", "    more_than: 80 mg\n    mor: 3"))
    told = {one["message"]: one["range"]["start"] for one in editor.open("wrong", text)}
    unknown = next(place for said, place in told.items() if "mor is not allowed" in said)
    wrong = next(place for said, place in told.items() if said.startswith("An amount a day"))
    assert (unknown["line"], unknown["character"]) == (10, 4)
    assert (wrong["line"], wrong["character"]) == (9, 15)


@pytest.mark.editor
def test_an_editor_has_nothing_against_the_shipped_rules(editor: Editor) -> None:
    said = {p.stem: editor.open(p.stem, p.read_text(encoding="utf-8")) for p in RULE_FILES}
    assert {name: told for name, told in said.items() if told} == {}
