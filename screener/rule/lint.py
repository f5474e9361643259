"""What an author should look at although the rules can run, judged at a day.

Only what is certain and worth a pharmacist's time: one list of small functions, each of which
looks at one thing and yields places and sentences.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from screener.rule.lint_drugs import both_sides, codes_beside_names
from screener.rule.lint_rules import alike
from screener.rule.lint_values import doubtful_changes, hardly_windows, vain_guards
from screener.rule.lint_wording import (
    message_without_figures,
    old_signatures,
    stories_missing,
    stories_without_day,
    unexplained_pilot,
    unwritten_texts,
)
from screener.rule.linted import DrugFacts, LintedRule, Note
from screener.rule.load import RulesFolder
from screener.rule.problems import rendered

OF_ONE_RULE: tuple[Callable[[LintedRule], Iterator[Note]], ...] = (
    both_sides,
    doubtful_changes,
    hardly_windows,
    vain_guards,
    stories_missing,
    stories_without_day,
    message_without_figures,
    unwritten_texts,
    old_signatures,
    unexplained_pilot,
)


def lint(folder: RulesFolder, as_of: dt.date, facts: DrugFacts) -> list[str]:
    """`file:line:column: ...` with source line and caret, of every rule and list of a folder."""
    rules = [
        LintedRule(rule, *folder.read_from[rule.id], as_of, facts)
        for rule in folder.rules
        if rule.id in folder.read_from and rule.status not in ("deprecated", "retired")
    ]
    found = [(one, note) for one in rules for look in OF_ONE_RULE for note in look(one)]
    found += list(alike(rules))
    said = [(one.reading.source, mark, text) for one, (mark, text) in found]
    for name, (reading, root) in folder.lists_from.items():
        if name not in folder.lists_used:
            said.append((reading.source, root.mark, "no rule uses this list"))
        notes = codes_beside_names(reading, root, facts)
        said += [(reading.source, mark, text) for mark, text in notes]
    said.sort(key=lambda one: (one[0].name, one[1].line, one[1].column, one[2]))
    return list(dict.fromkeys(rendered(*one) for one in said))
