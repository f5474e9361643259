"""`screener rules test --coverage`: which changes to a rule no story of it would notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from screener.cli import logs
from screener.cli.say import plural, say, table

if TYPE_CHECKING:
    from screener.rule.model import Rule
    from screener.rulebook.coverage import Coverage

COUNTS = ("rule", "changes", "noticed", "explained", "open")


def tell_coverage(rules: Sequence[Rule], folder: Path, *, everything: bool) -> int:
    """Print the coverage of rules whose stories come out; 1 when a survivor is unexplained."""
    from screener.rulebook.coverage import coverage

    told = []
    with_stories = [rule for rule in rules if rule.stories]
    for one in coverage(with_stories, folder):
        told.append(one)
        logs.current.moved("coverage", len(told), len(with_stories))
    files = {rule.id: folder / rule.file for rule in with_stories}
    for one in told:
        for line in one.stale:
            logs.current.noticed(
                f'{files[one.rule_id]}: "survives: {line}" explains nothing that survives'
            )
    logs.current.close_bars()
    say(*table(COUNTS, (_counts(one) for one in told)), "")
    explained = [row for one in told for row in _survivors(one, explained=True)]
    if everything:
        rows = [(one.rule_id, *pair) for one in told for pair in one.killed.items()]
        say(*table(("rule", "change", "noticed by the story"), rows), "")
    if explained:
        say(*table(("rule", "change that no story notices", "explained"), explained), "")
    left = [row[:2] for one in told for row in _survivors(one, explained=False)]
    if left:
        say(*table(("rule", "change that no story notices"), left), "")
    changes = sum(len(one.killed) + len(one.survivors) for one in told)
    killed = sum(len(one.killed) for one in told)
    say(
        f"{plural(changes, 'change')} to {plural(len(told), 'rule')}: {killed:,} noticed by a "
        f"story, {len(explained):,} explained, {len(left):,} open."
    )
    return 1 if left else 0


def _counts(one: Coverage) -> tuple[object, ...]:
    left = len(one.unexplained)
    explained = len(one.survivors) - left
    return one.rule_id, len(one.killed) + len(one.survivors), len(one.killed), explained, left


def _survivors(one: Coverage, *, explained: bool) -> Iterator[tuple[str, str, str]]:
    for name, reason in one.survivors.items():
        if (reason is not None) is explained:
            yield one.rule_id, name, reason or ""
