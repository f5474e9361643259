"""`screener rules new`, `fmt`, `lock`, `schema`, `docs`: the commands that write files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from screener.cli import clock, logs, settings
from screener.cli.run import Rules
from screener.cli.say import plural, say
from screener.errors import RuleFileError, UsageError

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE]...", help="Rule, list and site files; all of --rules without."),
]
CheckOnly = Annotated[bool, typer.Option("--check", help="Write nothing; say what is not so.")]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE", help="Write to this file.", show_default=False),
]


def _asked(name: str, help: str) -> Any:
    return typer.Option(name, metavar="TEXT", help=help, show_default=False)


Check = Annotated[str | None, _asked("--check", "The check, for example daily_dose.")]
Drug = Annotated[str | None, _asked("--drug", "The drug or list, with its route words.")]
Partner = Annotated[str | None, _asked("--partner", "The second drug or list, if one is needed.")]
Id = Annotated[str | None, _asked("--id", "The rule's id, which is its file name.")]
Topic = Annotated[str | None, _asked("--topic", "The folder for the rule.")]
Title = Annotated[str | None, _asked("--title", "One line that names the rule.")]
SeverityWord = Annotated[str | None, _asked("--severity", "critical, high, moderate, low, info.")]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A parameter of the check, as often as needed; else placeholders.",
        show_default=False,
    ),
]
DocsOut = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The catalogue's folder.")]


@settings.shared
def fmt(*, files: Files = None, rules: Rules = Path("rules"), check: CheckOnly = False) -> int:
    """screener rules fmt rules/baclofen/baclofen-max-dose.yaml

    Put white space and the order of the top-level keys in order; comments and texts stay.

    With --check nothing is written, and exit code 1 says that a file would change.
    """
    from screener.rulebook.layout import formatted
    from screener.rulebook.shared_files import write_text

    paths = files or _yaml_files(rules)
    texts: dict[Path, str] = {}
    problems: list[str] = []
    for path in paths:
        try:
            data = _bytes(path)
            text = formatted(str(path), data)
        except RuleFileError as error:
            problems += error.problems
            continue
        if text.encode() != data:
            texts[path] = text
    if problems:
        raise RuleFileError(problems)
    if not check:
        for path, text in texts.items():
            write_text(path, text)
    for path in texts:
        say(f"{'would change' if check else 'changed'}: {path}")
    said = "would change" if check else "changed"
    say(f"{len(texts)} of {plural(len(paths), 'file')} {said}.")
    return 1 if check and texts else 0


def _yaml_files(folder: Path) -> list[Path]:
    found = [p for p in sorted(folder.rglob("*.yaml")) if not _hidden(p.relative_to(folder))]
    if not found:
        raise UsageError("there is no rule file here.", where=str(folder), fix="Give --rules.")
    return found


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"The file cannot be read ({error.strerror}).", where=str(path)) from error


@settings.shared
def lock(*, rules: Rules = Path("rules"), check: CheckOnly = False) -> int:
    """screener rules lock

    Write rules.lock: which meaning every rule and list has at which version.

    A rule that means something else under the same version is refused with exit code 1, and
    nothing is written. With --check nothing is written at all, and 1 says that it does not fit.
    """
    from screener.rulebook import lock as locks
    from screener.rulebook.library import read_library
    from screener.rulebook.shared_files import write_text

    folder = read_library(rules)
    path = rules / locks.FILE
    before = locks.read_lock(path)
    if check and before is None:
        raise UsageError("There is no lock.", where=str(path), fix="Run screener rules lock.")
    now = locks.locked_now(folder, before or ())
    told = locks.forgotten(folder, before or (), now)
    if check:
        told += locks.outdated(before or (), now)
    say(*told)
    if told:
        return 1
    if not check:
        write_text(path, locks.lock_text(now))
    counts = " and ".join(
        plural(sum(one.kind == kind for one in now), kind) for kind in locks.KINDS
    )
    say(f"{path}: {counts}{' fit' if check else ''}.")
    return 0


@settings.shared
def schema(*, to: To = None) -> int:
    """screener rules schema --to rules/rule.schema.json

    The JSON Schema of rule files, for editors: completion, explanations, mistakes while typing.
    """
    from screener.rulebook.json_schema import rule_schema, schema_text
    from screener.rulebook.shared_files import write_text

    text = schema_text(rule_schema())
    if to is None:
        say(text.rstrip("\n"))
    else:
        write_text(to, text)
        logs.current.summary(f"Schema: {to}", {"exit_code": 0})
    return 0


@settings.shared
def new(
    *,
    check: Check = None,
    drug: Drug = None,
    partner: Partner = None,
    id: Id = None,
    topic: Topic = None,
    title: Title = None,
    severity: SeverityWord = None,
    values: Values = None,
    rules: Rules = Path("rules"),
) -> int:
    """screener rules new --check daily_dose --drug "baclofen by mouth" --set "more_than=80 mg/day"

    Write the file of a new rule: a draft with placeholders and first stories, ready to be changed.

    What is not given is asked for. A file that is there is never overwritten.
    """
    from screener.checks.bucket import screen_bucket
    from screener.rulebook import skeleton as made
    from screener.rulebook.shared_files import write_text

    chosen = _ask("--check", check, "Check", "daily_dose", lambda text: made.word(text, "check"))
    first = _ask("--drug", drug, "Drug or list", None, str.strip)
    second = ""
    if made.needs_partner(chosen):
        second = _ask("--partner", partner, "Second drug or list", None, str.strip)
    usual = "-".join(first.split(" ")[0].split("_")).lower()
    its_id = _ask("--id", id, "Rule id", None, lambda text: made.name(text, "rule id"))
    its_topic = _ask("--topic", topic, "Topic", usual, lambda text: made.name(text, "topic"))
    its_title = _ask("--title", title, "Title", None, str.strip)
    level = _ask("--severity", severity, "Severity", "moderate",
                 lambda text: made.word(text, "severity"))  # fmt: skip
    pairs = tuple(_pair(text) for text in values or ())
    answers = made.Answers(chosen, first, its_id, its_topic, its_title, level, second, pairs)
    path = made.path_of(answers, rules)
    text, left_out = made.skeleton(answers, rules, clock.today(), screen_bucket)
    write_text(path, text, new=True)
    for story in left_out:
        logs.current.noticed(f'the story "{story}" did not come out and was left out')
    say(f"{path}: a draft. Next: write what your source says, then screener rules check.")
    return 0


def _ask(
    option: str, given: str | None, what: str, usual: str | None, read: Callable[[str], str]
) -> str:
    """An answer: the option's, else asked for on the terminal until it can be used."""
    if given is not None:
        answer = read(given)
        if not answer:
            raise UsageError(f"{option} is empty.")
        return answer
    if not sys.stdin.isatty():
        raise UsageError(f"{option} is missing.", fix="Give it, or run the command on a terminal.")
    while True:
        try:
            answer = read(str(typer.prompt(what, default=usual, err=True)))
        except UsageError as error:
            typer.echo(str(error), err=True)
            continue
        if answer:
            return answer


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = (part.strip() for part in text.partition("="))
    if not (key and sign and value):
        raise UsageError(f'"{text}" is no KEY=VALUE.', fix='For example "more_than=80 mg/day".')
    return key, value


@settings.shared
def docs(*, out: DocsOut = Path("rules-catalogue"), rules: Rules = Path("rules")) -> int:
    """screener rules docs --out rules-catalogue

    The rules as pages for a browser: sentence, evidence, owners, drugs, every story as a picture.

    Pages of rules that are gone are removed; other files of the folder stay.
    """
    from screener.checks.bucket import screen_bucket
    from screener.rulebook.catalogue import INDEX, catalogue, is_ours
    from screener.rulebook.library import load_library
    from screener.rulebook.shared_files import write_text

    library = load_library(rules)
    pages = catalogue(library, screen_bucket)
    for name, text in pages.items():
        path = out / name
        if path.exists() and not is_ours(_bytes(path).decode("utf-8", "replace")):
            fix = "Give another folder with --out."
            raise UsageError("This page is not one of the catalogue.", where=str(path), fix=fix)
        write_text(path, text)
    for path in sorted(out.glob("*.html")):
        if path.name not in pages and is_ours(_bytes(path).decode("utf-8", "replace")):
            path.unlink()
    say(f"{out / INDEX}: {plural(len(library), 'rule')}.")
    return 0
