"""`rules fmt`: only white space and the order of the top-level keys, and comments stay."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from screener.cli.main import ended_with
from screener.errors import RuleFileError
from screener.rulebook.layout import ORDERS, comments, formatted
from tests.rule.authoring import LIST, SOUND, folder_with, load

RULES = Path(__file__).resolve().parents[2] / "rules"


def laid_out(text: str) -> str:
    return formatted("a file", text.encode())


@pytest.mark.parametrize("path", sorted(RULES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_files_have_the_house_layout(path: Path) -> None:
    assert formatted(str(path), path.read_bytes()) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("title:    x\n", "title: x\n"),
        ("title: x   \n", "title: x\n"),
        ("title: x", "title: x\n"),
        ("title: x\n\n\n\n", "title: x\n"),
        ("\n\ntitle: x\n", "title: x\n"),
        ("\ufefftitle: x\r\n", "title: x\n"),
        ("title: x\n\n\n\nwhy: y\n", "title: x\n\nwhy: y\n"),
        ("a: { b : 1,c: [ 2 ,3 ], d: e }\n", "a: {b: 1, c: [2, 3], d: e}\n"),
        ("a:\n- b\n- c\n", "a:\n  - b\n  - c\n"),
        ("a:\n-   b: 1\n    c: 2\n", "a:\n  - b: 1\n    c: 2\n"),
        ("a:\n     b:\n       c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("a:\n      b\n", "a:\n  b\n"),
        ("a: >-\n     b\n       c\n", "a: >-\n  b\n    c\n"),
        ("a: |\n b\n\n c  \n", "a: |\n  b\n\n  c  \n"),
        ("a: |2\n   b\n", "a: |2\n   b\n"),
        ("a: |+\n  b\n\n\nc: d\n", "a: |+\n  b\n\n\nc: d\n"),
        ('a: "b\n c\\\n    d"\n', 'a: "b\n  c\\\n  d"\n'),
        ("a: 'b  '   # note\n", "a: 'b  '   # note\n"),
        ("a: b # cut\n", "a: b # cut\n"),
        ("a:\n# on a\n- b\n   # odd\n", "a:\n  # on a\n  - b\n     # odd\n"),
        ("a: [\n   b,\n   c ]\n", "a: [\n   b,\n   c]\n"),
        ("a:\n- - b\n  - c\n-    - d\n", "a:\n  - - b\n    - c\n  - - d\n"),
    ],
)
def test_white_space_is_put_in_order(before: str, after: str) -> None:
    assert laid_out(before) == after
    assert laid_out(after) == after


def test_top_level_keys_stand_in_the_order_of_the_manual_with_their_comments() -> None:
    text = """\
# of the file

# why it is so
why: b
status: draft  # for now
  # survives: a
rule: x

# two lines
# above the title
title: t
# at the end
"""
    assert (
        laid_out(text)
        == """\
# of the file

rule: x

# two lines
# above the title
title: t
status: draft  # for now
# survives: a
# why it is so
why: b
# at the end
""".replace("# survives", "  # survives")
    )


def test_a_note_for_editors_stays_on_the_first_line() -> None:
    text = "# yaml-language-server: $schema=../rule.schema.json\ntitle: t\nrule: x\n"
    assert laid_out(text).splitlines() == [text.splitlines()[0], "rule: x", "title: t"]


def test_keys_that_no_manual_names_stay_below_the_one_above() -> None:
    assert laid_out("rule: x\nodd: 1\nstatus: s\ntitle: t\n").split() == (
        ["rule:", "x", "odd:", "1", "title:", "t", "status:", "s"]
    )


def test_the_order_is_the_order_of_the_manual() -> None:
    manual = (RULES.parent / "docs" / "rules.md").read_text(encoding="utf-8")
    table = manual.split("| key | what it holds |")[1].split("\n\n")[0]
    named = [key for row in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
             for key in re.findall(r"`(\w+)`", row)]  # fmt: skip
    assert sorted(named) == sorted(ORDERS["rule"])
    assert [key for key in ORDERS["rule"] if key in named] == list(ORDERS["rule"])


def test_a_file_that_is_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(RuleFileError) as refused:
        laid_out("title: x\ntitle: y\n")
    assert "a file:2:1" in refused.value.problems[0]


def test_a_rule_is_loaded_the_same_whatever_its_layout(tmp_path: Path) -> None:
    lines = SOUND.splitlines(keepends=True)
    shuffled = "".join([*lines[13:], *lines[:13]]).replace("  daily_dose:", "     daily_dose:")
    shuffled = shuffled.replace("    of:", "           of:").replace(
        "    more_", "           more_"
    )
    before = load(tmp_path / "a", shuffled)
    after = load(tmp_path / "b", laid_out(shuffled))
    assert laid_out(shuffled) == SOUND
    assert before.fingerprint == after.fingerprint
    told = [(one.story, one.takes, one.facts, one.expect) for one in before.stories]
    assert told == [(one.story, one.takes, one.facts, one.expect) for one in after.stories]


def fmt(folder: Path, *more: str) -> int:
    return ended_with(["rules", "fmt", "--rules", str(folder), *more])


def test_the_command_says_what_it_changed_and_then_has_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = SOUND.replace("title: Oral", "title:   Oral")
    folder = folder_with(tmp_path, {"limits/too-much.yaml": odd, "lists/sleepers.yaml": LIST})
    path = folder / "limits" / "too-much.yaml"
    path.chmod(0o640)
    assert fmt(folder, "--check") == 1
    told = [f"would change: {path}", "1 of 2 files would change."]
    assert capsys.readouterr().out.splitlines() == told
    assert path.read_text(encoding="utf-8") == odd
    assert fmt(folder) == 0
    assert capsys.readouterr().out.splitlines() == [f"changed: {path}", "1 of 2 files changed."]
    assert path.read_text(encoding="utf-8") == SOUND
    assert path.stat().st_mode & 0o777 == 0o640
    assert fmt(folder, "--check") == 0
    assert [one.name for one in path.parent.iterdir()] == ["too-much.yaml"]


def test_one_file_that_is_no_yaml_leaves_all_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = SOUND.replace("title: Oral", "title:   Oral")
    folder = folder_with(tmp_path, {"limits/a.yaml": odd, "limits/b.yaml": "a: [1\n"})
    assert fmt(folder) == 2
    assert f"{folder}/limits/b.yaml:1:" in capsys.readouterr().err
    assert (folder / "limits" / "a.yaml").read_text(encoding="utf-8") == odd


def test_a_site_file_that_cannot_be_read_shows_no_patient() -> None:
    text = "site_rules: a\nwaivers:\n  - patient: P-17\n    patient: P-18\n"
    with pytest.raises(RuleFileError) as refused:
        laid_out(text)
    assert "a file:4:5" in refused.value.problems[0]
    assert "P-1" not in "".join(refused.value.problems)


# Layouts nobody would write, of trees like those of rule files.
WORDS = st.sampled_from(["a", "80 mg/day", "a, b", "#no", "x # y", "it's", 'say "a"', "é 😀", ": "])
PLAIN = st.sampled_from(["a", "80 mg/day", "a b-c", "2027-11-22", "é", "😀", "-1", "a,b"])


def trees() -> st.SearchStrategy[Any]:
    leaf = st.one_of(
        st.tuples(st.just("plain"), PLAIN),
        st.tuples(st.just("'"), WORDS),
        st.tuples(st.just('"'), WORDS),
        st.tuples(st.sampled_from(["|", ">", "|-", ">-"]), st.lists(PLAIN, min_size=1, max_size=4)),
        st.tuples(st.just("long"), st.lists(PLAIN, min_size=2, max_size=3)),
    )
    keys = st.sampled_from(["b", "c d", "e", "f_g"])
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(st.just("list"), st.lists(inner, min_size=1, max_size=3)),
            st.tuples(st.just("map"), st.dictionaries(keys, inner, min_size=1, max_size=3)),
        ),
        max_leaves=6,
    )


class Writer:
    """Writes a tree with white space and comments as the draws say."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.notes = 0

    def some(self, most: int, least: int = 0) -> str:
        return " " * self.draw(st.integers(least, most))

    def note(self) -> str:
        self.notes += 1
        return f"# note {self.notes}."

    def apart(self, column: int) -> str:
        """Blank lines and comments between two lines."""
        made = ""
        for kind in self.draw(st.lists(st.sampled_from(["blank", "note", "odd"]), max_size=2)):
            if kind == "blank":
                made += f"{self.some(3)}\n"
            else:
                made += " " * (column if kind == "note" else column // 2) + self.note() + "\n"
        return made

    def end(self) -> str:
        if self.draw(st.booleans()):
            return self.some(2) + "\n"
        return f"  {self.some(2)}{self.note()}\n"

    def flow(self, tree: Any) -> str | None:
        kind, held = tree
        if kind == "plain":
            return str(held) if "," not in held else None
        if kind in ("'", '"'):
            return self.quoted(tree)
        if kind in ("list", "map"):
            parts = [self.flow(one) for one in (held.values() if kind == "map" else held)]
            if None in parts:
                return None
            if kind == "map":
                parts = [f"{k}:{self.some(2, 1)}{p}" for k, p in zip(held, parts, strict=True)]
            inside = f"{self.some(1)},{self.some(2)}".join(str(p) for p in parts)
            ends = "{}" if kind == "map" else "[]"
            return f"{ends[0]}{self.some(1)}{inside}{self.some(1)}{ends[1]}"
        return None

    def quoted(self, tree: Any) -> str:
        kind, text = tree
        return f"'{text.replace(chr(39), 2 * chr(39))}'" if kind == "'" else yaml.dump(
            text, default_style='"', allow_unicode=True, width=1000
        ).strip()  # fmt: skip

    def value(self, tree: Any, column: int, *, after_dash: bool = False) -> str:
        """What follows a key or a dash that stands at `column`, with the end of its line."""
        kind, held = tree
        gap = self.some(3, 1)
        if kind == "plain":
            return f"{gap}{held}{self.end()}"
        if kind in ("'", '"'):
            return f"{gap}{self.quoted(tree)}{self.end()}"
        inner = column + self.draw(st.integers(1, 4))
        if kind == "long":
            return gap + f"\n{' ' * inner}".join(held) + self.end()
        if kind[0] in "|>":
            lines = "".join(
                f"{' ' * inner}{self.some(2) if at else ''}{line}\n" + "\n" * (at % 2)
                for at, line in enumerate(held)
            )
            return f"{gap}{kind}\n{lines}"
        written = self.flow(tree)
        if written is not None and self.draw(st.booleans()):
            return f"{gap}{written}{self.end()}"
        if kind == "list" and not after_dash and self.draw(st.booleans()):
            inner = column  # dashes below the key's own column
        return self.end() + self.block(tree, inner)

    def block(self, tree: Any, column: int) -> str:
        kind, held = tree
        made = ""
        for part in held:
            made += self.apart(column) + " " * column
            if kind == "list":
                made += "-" + self.value(part, column, after_dash=True)
            else:
                made += f"{part}:" + self.value(held[part], column)
        return made


@st.composite
def files(draw: Any) -> tuple[str, int]:
    """A rule file in some layout, and how many comments are in it."""
    others = [*(key for key in ORDERS["rule"] if key != "rule"), "odd"]
    keys = draw(st.lists(st.sampled_from(others), unique=True, max_size=6))
    keys.insert(draw(st.integers(0, len(keys))), "rule")
    writer = Writer(draw)
    return writer.block(("map", {key: draw(trees()) for key in keys}), 0), writer.notes


@given(files())
def test_no_layout_loses_a_meaning_or_a_comment(made: tuple[str, int]) -> None:
    text, notes = made
    after = laid_out(text)
    values = yaml.load(after, Loader=yaml.BaseLoader)
    assert values == yaml.load(text, Loader=yaml.BaseLoader)
    numbered = sorted(f"# note {n}." for n in range(1, notes + 1))
    assert sorted(re.findall(r"# note \d+\.", after)) == numbered
    assert sorted(comments(after)) == numbered
    assert laid_out(after) == after
    known = [key for key in values if key in ORDERS["rule"]]
    assert known == [key for key in ORDERS["rule"] if key in known]
