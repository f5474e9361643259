"""What looks odd about a run beside the one before it: the data changed, and not the patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMED = 5  # rules or sites that a sentence names
FEWER = 0.8  # of the patients or orders of the run before
# Of the orders: the share without a known drug or dose may rise by half, and by one in a hundred.
HALF_AGAIN, AT_LEAST = 1.5, 0.01
SHARES = (("drugs_mapped", "without a known drug"), ("doses_known", "without a known dose"))


def odd(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """One sentence for each oddity. now, before: facts of runs (`series.facts_of`)."""
    day = before["as_of"]
    told = []
    silent = {
        rule: before["by_rule"][rule]
        for rule, mark in now["rules"].items()
        if before["rules"].get(rule) == mark
        and before["by_rule"].get(rule)
        and not now["by_rule"].get(rule)
    }
    if silent:
        worst = sorted(silent.items(), key=lambda one: (-one[1], one[0]))
        what = "A rule that" if len(silent) == 1 else f"{len(silent):,} rules that"
        finds = "finds" if len(silent) == 1 else "find"
        told.append(
            f"{what} found something on {day} {finds} nothing now: "
            f"{_named([f'{rule} ({n:,})' for rule, n in worst])}."
        )
    if gone := sorted(set(before["sites"]) - set(now["sites"])):
        sites = "A site" if len(gone) == 1 else f"{len(gone):,} sites"
        told.append(f"{sites} of {day} sent no orders now: {_named(gone)}.")
    for name, one, many in (("patients", "patient", "patients"),
                            ("orders", "order used", "orders used")):  # fmt: skip
        if now[name] < FEWER * before[name]:
            word = one if now[name] == 1 else many
            told.append(f"{now[name]:,} {word}, and {before[name]:,} on {day}.")
    for name, word in SHARES:
        (known, of), (once, of_once) = now["coverage"][name], before["coverage"][name]
        share, was = _lacking(known, of), _lacking(once, of_once)
        if share > max(HALF_AGAIN * was, was + AT_LEAST) + 1e-9:
            told.append(f"{share:.1%} of the orders {word}, and {was:.1%} on {day}.")
    return told


def _lacking(known: int, of: int) -> float:
    return 1 - known / of if of else 0.0


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
