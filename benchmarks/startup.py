"""The small jobs whose time is mostly start-up: help, a thousand orders, five hundred rules."""

from __future__ import annotations

import shutil
from pathlib import Path

RULES = 500


def many_rules(rules: Path, folder: Path, wanted: int = RULES) -> Path:
    """A folder of `wanted` rules: the library, copied again and again under other names.

    Copies say the same as their original, so the check has a notice for each: more work, not less.
    """
    place = folder / f"{wanted}-rules"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(rules / "lists", place / "lists")
    originals = [
        path for path in sorted(rules.rglob("*.yaml")) if path.parent.name not in {"lists", "sites"}
    ]
    for number in range(wanted):
        source = originals[number % len(originals)]
        name = f"{source.stem}-{number // len(originals)}"
        text = source.read_text(encoding="utf-8").replace(
            f"\nrule: {source.stem}\n", f"\nrule: {name}\n", 1
        )
        target = place / source.parent.name / f"{name}.yaml"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return place
