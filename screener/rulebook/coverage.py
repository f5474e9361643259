"""What the stories of a rule leave open: its mutants that no story tells from the rule.

All mutants of a rule are judged on one timeline, which holds one patient for each story; what two
of them share (a check with the same parameters, a condition) is worked out once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from screener.checks import CHECKS
from screener.checks.judge import Judged, judge
from screener.errors import UsageError
from screener.rule.model import SEVERITIES, Rule
from screener.rulebook.mutants import Mutant, mutants_of
from screener.rulebook.stories import heard, tables_of
from screener.timeline import Timeline, build

SEVERITY_OF = dict(enumerate(SEVERITIES))
_SURVIVES = re.compile(r"^\s*#\s*survives:\s*(.+?)\s*$", re.MULTILINE)
# What only a name says: "without diazepam: ", "more_than 80 mg/day -> 81 mg/day: ".
_A_CHANGE = re.compile(r"(?:(?:without|negated|not)\b|[^:]* -> )[^:]*:\s")
_KEY = re.compile(r"([a-z_]+):")
_STORIES = re.compile(r"^examples:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One rule: the story that tells each mutant from the rule, or that none does.

    killed: mutant -> story. survivors: mutant -> the reason that the rule's file gives, or None.
    stale: explanations in the file that fit no survivor.
    """

    rule_id: str
    killed: Mapping[str, str]
    survivors: Mapping[str, str | None]
    stale: tuple[str, ...]

    @property
    def unexplained(self) -> tuple[str, ...]:
        """The survivors that the rule's file does not explain."""
        return tuple(name for name, reason in self.survivors.items() if reason is None)


def coverage(rules: Iterable[Rule], folder: Path) -> Iterator[Coverage]:
    """The coverage of each rule that has stories; `folder` is where the rules were read.

    Raises UsageError for a rule with a story that does not come out: it would kill every mutant.
    """
    for rule in rules:
        if rule.stories:
            text = (folder / rule.file).read_text(encoding="utf-8")
            yield coverage_of(rule, text)


def coverage_of(rule: Rule, text: str) -> Coverage:
    """One rule against its mutants; `text` is its file, for what it says and explains."""
    mutants = mutants_of(rule, keys_said(text))
    tables, as_of = tables_of(rule.stories)
    asked = {"": rule} | {mutant.name: mutant.rule for mutant in mutants}
    frames = _judged(build(tables, as_of), asked)
    cases = [(name, n, story) for name in asked for n, story in enumerate(rule.stories)]
    fails: dict[str, str] = {}
    for told in heard(*frames, cases):
        if not told.passed:
            fails.setdefault(told.rule_id, told.story.story)
    if "" in fails:
        raise UsageError(
            f'the story "{fails[""]}" does not come out.',
            where=rule.file,
            fix=f"Run `screener rules test {rule.id}` and mend it first.",
        )
    reasons, stale = explained(text, mutants, fails)
    return Coverage(
        rule.id,
        killed={m.name: fails[m.name] for m in mutants if m.name in fails},
        survivors={m.name: reasons.get(m.name) for m in mutants if m.name not in fails},
        stale=stale,
    )


def keys_said(text: str) -> frozenset[str]:
    """Every key of a rule file before its stories."""
    return frozenset(_KEY.findall(_STORIES.split(text, maxsplit=1)[0]))


def explained(
    text: str, mutants: Iterable[Mutant], killed: Iterable[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Mutant -> reason of the lines `# survives: NAME: reason`, and the lines that fit no survivor.

    NAME may be the beginning of one or several names. Names hold colons, too: of the ways to read
    a line the longest name counts.
    """
    names = [mutant.name for mutant in mutants]
    left = set(names) - set(killed)
    reasons: dict[str, str] = {}
    stale = []
    for line in _SURVIVES.findall(text):
        name, reason = _parted(line, names)
        fitting = [one for one in names if name and one.startswith(name) and one in left]
        if not fitting or not reason:
            stale.append(line)
        else:
            reasons |= dict.fromkeys(fitting, reason)
    return reasons, tuple(stale)


def _parted(line: str, names: list[str]) -> tuple[str, str]:
    """Name and reason; neither when the line says no reason, or names a change that is gone."""
    if any(one.startswith(line) for one in names):
        return "", ""
    for colon in reversed([found.start() for found in re.finditer(r":\s", line)]):
        name, reason = line[:colon], line[colon + 1 :].strip()
        if any(one.startswith(name) for one in names):
            return ("", "") if _A_CHANGE.match(reason) else (name, reason)
    return "", ""


def _judged(
    timeline: Timeline, asked: Mapping[str, Rule]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Findings, outcomes and not assessed of each rule under its key: what stories speak of."""
    people = timeline.people.select("patient", "patient_id")
    sites = _sites(people)
    found, outcomes, unknown = [], [], []
    for key, rule in asked.items():
        one = judge(timeline, rule, CHECKS)
        name = pl.lit(key).alias("rule_id")
        found.append(one.runs.select(name, "patient", "subject", "from_day", "level", "definite"))
        unknown.append(one.unknown.select(name, "patient", "reason"))
        outcomes.append(_outcome(one, sites).with_columns(name))
    findings = pl.concat(found).join(people, on="patient", maintain_order="left")
    return (
        findings.with_columns(
            date=pl.from_epoch("from_day", time_unit="d"),
            severity=pl.col("level").replace_strict(SEVERITY_OF, return_dtype=pl.String),
            certainty=pl.when("definite").then(pl.lit("definite")).otherwise(pl.lit("possible")),
        ),
        pl.concat(outcomes),
        pl.concat(unknown).join(people, on="patient", maintain_order="left"),
    )


def _sites(people: pl.DataFrame) -> pl.DataFrame:
    """Each story is a patient at a site of its own: story-00012 at site-12."""
    number = pl.col("patient_id").str.strip_prefix("story-").cast(pl.Int64).cast(pl.String)
    return people.select("patient", site_id="site-" + number, patients=pl.lit(1, pl.Int64))


def _outcome(judged: Judged, sites: pl.DataFrame) -> pl.DataFrame:
    def among(frame: pl.DataFrame) -> pl.Expr:
        return pl.col("patient").is_in(frame["patient"].unique().implode())

    word = (
        pl.when(~among(judged.scope)).then(pl.lit("out_of_scope"))
        .when(among(judged.runs)).then(pl.lit("flagged"))
        .when(among(judged.unknown)).then(pl.lit("not_assessed"))
        .otherwise(pl.lit("clear"))
    )  # fmt: skip
    return sites.with_columns(outcome=word)
