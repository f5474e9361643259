"""The rules folder: every list and rule file read, every problem of all of them in one go.

A file that cannot be read stops the run: a rule is never skipped in silence.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from screener.errors import RuleFileError, UsageError
from screener.rule.conversions import is_conversion, read_conversion
from screener.rule.drugs import read_list
from screener.rule.envelope import read_rule
from screener.rule.model import Rule
from screener.rule.problems import Mark, SourceFile, all_problems, all_warnings
from screener.rule.reading import ConversionList, DrugList, KnownCheck, Reading, Vocabulary
from screener.rule.yaml_reader import Mapping as YamlMapping
from screener.rule.yaml_reader import read_yaml

LISTS_FOLDER = "lists"
# Site files adjust rules and are read elsewhere.
OTHER_FOLDERS = ("sites",)


@dataclass(frozen=True, slots=True)
class RulesFolder:
    """What a rules folder holds, and what its author should look at."""

    rules: tuple[Rule, ...]
    lists: tuple[DrugList, ...]
    warnings: tuple[str, ...]
    conversions: tuple[ConversionList, ...] = ()
    # Rule id -> what it was compiled from, for a site's changes and for lint.
    read_from: Mapping[str, tuple[Reading, YamlMapping]] = field(default_factory=dict)
    # The same of every list by its name; and the lists that some rule names.
    lists_from: Mapping[str, tuple[Reading, YamlMapping]] = field(default_factory=dict)
    lists_used: frozenset[str] = frozenset()
    texts: Mapping[str, bytes] = field(default_factory=dict)  # of every file, by its name below


def load_rules(
    folder: Path, *, checks: Mapping[str, KnownCheck], vocabulary: Vocabulary
) -> tuple[Rule, ...]:
    """Every rule of a folder, sorted by id. Raises RuleFileError with all problems of all files."""
    return read_folder(folder, checks=checks, vocabulary=vocabulary).rules


def read_folder(
    folder: Path, *, checks: Mapping[str, KnownCheck], vocabulary: Vocabulary
) -> RulesFolder:
    """Rules, lists and warnings of a folder. Raises RuleFileError, or UsageError without files."""
    collecting = gc.isenabled()
    gc.disable()  # all that is read stays: searching it for garbage takes a third of the time
    try:
        return _read_folder(folder, checks, vocabulary)
    finally:
        if collecting:
            gc.enable()


def _read_folder(
    folder: Path, checks: Mapping[str, KnownCheck], vocabulary: Vocabulary
) -> RulesFolder:
    list_files, rule_files, problems = _files(folder)
    if not rule_files and not problems:
        raise UsageError(
            "there is no rule file here.", where=str(folder), fix="Give the folder with --rules."
        )
    warnings: list[str] = []
    texts: dict[str, bytes] = {}
    lists: dict[str, DrugList] = {}
    conversions: dict[str, ConversionList] = {}
    lists_from: dict[str, tuple[Reading, YamlMapping]] = {}
    for path in list_files:
        reading = Reading(SourceFile(str(path)), checks, vocabulary)
        texts[path.relative_to(folder).as_posix()] = data = path.read_bytes()
        root = read_yaml(reading.source, data)
        if root is not None and is_conversion(root):
            counted = read_conversion(reading, root, path.stem)
            conversions |= {counted.name: counted} if counted else {}
        else:
            found = read_list(reading, root, path.stem) if root else None
            lists |= {found.name: found} if found else {}
        lists_from |= {path.stem: (reading, root)} if root else {}
        problems += all_problems(reading.source)
        warnings += all_warnings(reading.source)
    broken = {path.stem for path in list_files} - set(lists) - set(conversions)
    rules: list[Rule] = []
    read_from: dict[str, tuple[Reading, YamlMapping]] = {}
    used: set[str] = set()
    first_file: dict[str, Path] = {}
    for path in rule_files:
        relative = path.relative_to(folder).as_posix()
        reading = Reading(
            SourceFile(str(path)), checks, vocabulary, lists, used, relative, conversions
        )
        if path.stem in first_file:
            what = f'the rule id "{path.stem}" is taken by {first_file[path.stem]}'
            reading.problem(Mark(1, 1), what, "rename one of the files")
        first_file.setdefault(path.stem, path)
        texts[relative] = data = path.read_bytes()
        root = read_yaml(reading.source, data)
        rule = read_rule(reading, root, path.stem, _topic(folder, path)) if root else None
        if rule and root:
            rules.append(rule)
            read_from[rule.id] = (reading, root)
        problems += _without_echoes(all_problems(reading.source), broken)
        warnings += all_warnings(reading.source)
    if problems:
        raise RuleFileError(problems)
    return RulesFolder(
        tuple(sorted(rules, key=lambda rule: rule.id)),
        tuple(lists[name] for name in sorted(lists)),
        tuple(warnings),
        tuple(conversions[name] for name in sorted(conversions)),
        read_from,
        lists_from,
        frozenset(used),
        texts,
    )


def _files(folder: Path) -> tuple[list[Path], list[Path], list[str]]:
    """List files, rule files, and complaints about files that would otherwise be passed over."""
    if not folder.is_dir():
        raise UsageError(
            "this folder does not exist.", where=str(folder), fix="Give it with --rules."
        )
    lists: list[Path] = []
    rules: list[Path] = []
    problems: list[str] = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if hidden or not path.is_file() or parts[0] in OTHER_FOLDERS:
            continue
        if path.suffix.lower() in (".yml", ".yaml") and path.suffix != ".yaml":
            problems.append(f'{path}: rename the file so that it ends in ".yaml"')
        elif path.suffix != ".yaml":
            continue
        elif parts[0] == LISTS_FOLDER:
            lists.append(path)
        elif len(parts) < 2:
            problems.append(f"{path}: a rule file stands in the folder of its topic")
        else:
            rules.append(path)
    return lists, rules, problems


def _topic(folder: Path, path: Path) -> str:
    return path.relative_to(folder).parent.as_posix()


def _without_echoes(problems: list[str], broken: set[str]) -> list[str]:
    """A list that cannot be read is one fault, not one more in every rule that names it."""
    return [p for p in problems if not any(f'is called "{name}"' in p for name in broken)]
