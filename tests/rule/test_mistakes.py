"""Mistakes that authors make: noticed, on the right line, said once, and advised as asked.

`mistakes/README.md` says what stands in each folder and how its first line is read. The lists of
the project are read once; each mistake is read beside them.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from screener.checks import CHECKS
from screener.errors import RuleFileError
from screener.rule.conversions import is_conversion, read_conversion
from screener.rule.drugs import read_list
from screener.rule.envelope import read_rule
from screener.rule.load import RulesFolder
from screener.rule.load import _without_echoes as without_echoes
from screener.rule.problems import SourceFile, all_problems, all_warnings
from screener.rule.reading import ConversionList, DrugList, Reading
from screener.rule.sites import expired
from screener.rule.yaml_reader import Mapping, read_yaml
from screener.rulebook.effective import load_site
from screener.rulebook.library import ShippedVocabulary
from screener.rulebook.linting import library_warnings
from screener.terminology import ingredient_named

MISTAKES = Path(__file__).parent / "mistakes"
RULES = Path(__file__).parents[2] / "rules"
FOLDERS = sorted(path for path in MISTAKES.iterdir() if path.is_dir())
DAY = dt.date(2026, 11, 22)
HEAD = re.compile(
    r"# (?P<kind>warning )?line (?P<lines>\d+(?: or \d+)*): (?P<gist>.+?)"
    r"(?:; (?:suggest: (?P<suggest>.+)|(?P<none>no suggestion)))?"
)
PLACE = re.compile(r"(?P<file>[^\n]+?\.yaml):(?P<line>\d+):\d+: (?P<text>[^\n]+)")
CHOICE = re.compile(r"expected (one of |[^;]*, [^;]*, )")
FORM = re.compile(r"(for example|such as|, as|on line) [^;]*")
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Mistake:
    """The first line of the file with the mistake: where a message must stand, and what with."""

    file: Path
    warning: bool
    lines: tuple[int, ...]
    suggest: str | None
    no_suggestion: bool


def mistake_of(folder: Path) -> Mistake:
    """The one file of a folder that begins with a comment, and what the comment asks for."""
    files = sorted(folder.rglob("*.yaml"))
    heads = {path: HEAD.fullmatch(path.read_text("utf-8").split("\n")[0]) for path in files}
    ((path, head),) = [(path, head) for path, head in heads.items() if head]
    lines = tuple(int(line) for line in head["lines"].split(" or "))
    return Mistake(path, bool(head["kind"]), lines, head["suggest"], bool(head["none"]))


@dataclass
class Known:
    """Lists by their names, and the files that they were read from."""

    lists: dict[str, DrugList] = field(default_factory=dict)
    conversions: dict[str, ConversionList] = field(default_factory=dict)
    read_from: dict[str, tuple[Reading, Mapping]] = field(default_factory=dict)
    sources: list[SourceFile] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


def read_lists(files: list[Path]) -> Known:
    """Lists and conversion lists, and what is wrong with them."""
    known = Known()
    for path in files:
        source = SourceFile(str(path))
        reading = Reading(source, CHECKS, ShippedVocabulary())
        known.sources.append(source)
        root = read_yaml(source, path.read_bytes())
        made: DrugList | ConversionList | None = None
        if root is not None and is_conversion(root):
            made = read_conversion(reading, root, path.stem)
        elif root is not None:
            made = read_list(reading, root, path.stem)
        if isinstance(made, ConversionList):
            known.conversions[made.name] = made
        elif made is not None:
            known.lists[made.name] = made
        if made is None or root is None:
            known.broken.add(path.stem)
        else:
            known.read_from[path.stem] = (reading, root)
    return known


@cache
def project() -> Known:
    """The lists of the project, which no mistake is read without."""
    return read_lists(sorted((RULES / "lists").glob("*.yaml")))


def said_of(folder: Path) -> tuple[list[str], list[str]]:
    """The problems, else the warnings, of a folder beside the lists of the project."""
    own = read_lists(sorted(folder.glob("lists/*.yaml")))
    sources, used = own.sources, set[str]()
    rules, read_from = [], {}
    for path in sorted(folder.glob("*.yaml")):
        reading = Reading(
            SourceFile(str(path)),
            CHECKS,
            ShippedVocabulary(),
            project().lists | own.lists,
            used,
            path.name,
            project().conversions | own.conversions,
        )
        sources.append(reading.source)
        root = read_yaml(reading.source, path.read_bytes())
        rule = read_rule(reading, root, path.stem, folder.name) if root else None
        if rule and root:
            rules.append(rule)
            read_from[rule.id] = (reading, root)
    problems = [text for source in sources for text in all_problems(source)]
    if problems:
        return without_echoes(problems, own.broken), []
    read = RulesFolder(
        tuple(rules),
        tuple(own.lists.values()),
        tuple(text for source in sources for text in all_warnings(source)),
        tuple(own.conversions.values()),
        read_from,
        own.read_from,
        frozenset(used),
    )
    warnings = library_warnings(read, DAY)
    try:
        for path in sorted(folder.glob("sites/*.yaml")):
            site = load_site(path, read)
            warnings += [*site.warnings, *expired(site, DAY)]
    except RuleFileError as error:
        return list(error.problems), []
    return [], warnings


def test_every_mistake_is_read() -> None:
    assert len(FOLDERS) == 341
    for folder in FOLDERS:
        mistake_of(folder)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_mistake_is_said_once_where_it_stands(folder: Path) -> None:
    mistake = mistake_of(folder)
    problems, warnings = said_of(folder)
    said = problems or warnings
    assert len(said) == 1, said
    assert bool(problems) is not mistake.warning, said
    place = PLACE.match(said[0])
    assert place, said
    assert Path(place["file"]) == mistake.file
    assert int(place["line"]) in mistake.lines, said
    if mistake.suggest is not None:
        line = mistake.file.read_text("utf-8").split("\n")[int(place["line"]) - 1]
        exactly = rf"(?<![\w-]){re.escape(mistake.suggest)}(?![\w-])"
        assert re.search(exactly, offered(unquoted(place["text"], line))), said
    if mistake.no_suggestion:
        source = mistake.file.read_text("utf-8")
        advice = offered(place["text"].partition("; ")[2])
        assert "did you mean" not in advice, said
        assert drugs_in(advice) <= drugs_in(source), said
        assert values_in(advice) <= values_in(source), said


def offered(text: str) -> str:
    """What a message says, without the lists of all allowed words, which advise nothing."""
    kept = [
        one.partition("for example")[2] if CHOICE.match(one) else one for one in text.split("; ")
    ]
    return "; ".join(kept)


def unquoted(text: str, line: str) -> str:
    """A message whose first part does not repeat what stands in the line: that is no advice."""
    first, semicolon, advice = text.partition("; ")
    quoted = re.findall(r'"([^"]+)"', first)
    for words in quoted:
        first = first.replace(f'"{words}"', "") if words in line else first
    return first + semicolon + advice


def drugs_in(text: str) -> set[str]:
    """The ingredients that a text names."""
    words = set(re.findall(r"[A-Za-z]{4,}", text))
    return {found for word in words if (found := ingredient_named(word))}


def values_in(text: str) -> set[str]:
    """The numbers of a text, less places and those that only show a form (`for example ...`)."""
    return set(NUMBER.findall(FORM.sub("", text)))
