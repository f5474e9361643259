"""What the shell offers for a rule id and for a run: names of files and folders, nothing read."""

from __future__ import annotations

from pathlib import Path

LISTS, SITES = "lists", "sites"  # folders of the rules that hold no rules


def rule_ids(incomplete: str) -> list[str]:
    """Rule ids of ./rules that begin like this; a rule's id is its file's name."""
    files = Path("rules").glob("*/*.yaml")
    ids = {f.stem for f in files if f.parent.name not in (LISTS, SITES)}
    return sorted(name for name in ids if name.startswith(incomplete))


def runs(incomplete: str) -> list[str]:
    """Run folders of ./reports that begin like this, and `latest`."""
    names = {f.parent.name for f in Path("reports").glob("*/run.json")} | {"latest"}
    return sorted(name for name in names if name.startswith(incomplete))
