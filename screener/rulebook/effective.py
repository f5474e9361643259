"""The rules as a site uses them: its file read, and where each value of a rule comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from screener.checks import CHECKS
from screener.rule.adjusting import Adjustment
from screener.rule.load import RulesFolder
from screener.rule.places import BLOCKS, Place, in_words, inside
from screener.rule.sites import SiteRules, read_site_rules
from screener.rule.yaml_reader import Node, Scalar
from screener.rulebook.library import ShippedVocabulary

SHOWN = ("status", "severity", "for", *BLOCKS)  # what decides; the rest is wording


def load_site(path: Path, folder: RulesFolder) -> SiteRules:
    """A site file against the rules of a folder. Raises RuleFileError or UsageError."""
    return read_site_rules(path, folder, checks=CHECKS, vocabulary=ShippedVocabulary())


def effective_values(
    folder: RulesFolder, rule_id: str, site: SiteRules | None, day: dt.date
) -> list[tuple[str, str, str]]:
    """Each value of a rule on a day: its place in words, the value, and where it comes from."""
    reading, root = folder.read_from[rule_id]
    adjusted = {one.place: one for one in _of_rule(site, rule_id) if day <= one.until}
    unseen = dict(adjusted)
    rows = []
    for entry in (e for key in SHOWN for e in root.entries if e.key.text == key):
        for place, node in _values(entry.value, (entry.key.text,), adjusted):
            one = unseen.pop(place, None)
            source = f"{reading.relative}:{node.mark.line}"
            value = in_words(node)
            if one is not None:
                source, value = f"{_said(site, one)}; {source} says {one.was}", one.now
            rows.append((".".join(place), value, source))
    for place, one in unseen.items():  # what the rule does not write
        rows.append((".".join(place), one.now, f"{_said(site, one)}; the rule does not set it"))
    return rows


def site_lines(rule_id: str, site: SiteRules, day: dt.date) -> list[str]:
    """What else a site file holds of a rule: what has ended, and its waivers."""
    lines = [
        f"{_place(site, one)}: expired on {one.until.isoformat()}: "
        f"{'.'.join(one.place)} was {one.now}"
        for one in _of_rule(site, rule_id)
        if day > one.until
    ]
    for waiver in site.waivers:
        if rule_id in waiver.rules:
            until = waiver.until.isoformat()
            ended = f"expired on {until}" if day > waiver.until else f"until {until}"
            whom = " and ".join(f"one {name}" for name in waiver.named)
            lines.append(
                f"{site.file}:{waiver.line}: findings of {whom} are waived "
                f"({waiver.reason}; by {waiver.by}; {ended})"
            )
    return lines


def _of_rule(site: SiteRules | None, rule_id: str) -> list[Adjustment]:
    return [one for one in site.adjustments if one.rule == rule_id] if site else []


def _values(
    node: Node, place: Place, adjusted: dict[Place, Adjustment]
) -> Iterator[tuple[Place, Node]]:
    """The single values below a node, and whole nodes where they are adjusted as a whole."""
    found = [(place, node), *inside(node, place)]
    for way, value in found:
        above = any(way[: len(one)] == one and way != one for one in adjusted)
        if way in adjusted or (isinstance(value, Scalar) and not above):
            yield way, value


def _place(site: SiteRules | None, one: Adjustment) -> str:
    return f"{site.file if site else ''}:{one.mark.line}"


def _said(site: SiteRules | None, one: Adjustment) -> str:
    until = one.until.isoformat()
    return f"{_place(site, one)} because {one.because}; by {one.by}; until {until}"
