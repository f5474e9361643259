"""A site file: a site's own changes to what rules allow it to adjust, and its waivers.

An adjustment changes one value of a rule's file, in memory, and the rule is compiled again by the
ordinary reader, so that an adjusted rule is checked like any other. Nothing here knows today's
date: a rule is compiled for every stretch of days between the ends of its adjustments, and
`rules_on` picks by the day that it is given.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from screener.errors import RuleFileError, UsageError
from screener.rule.adjusting import Adjustment, Variant, variants_of
from screener.rule.load import RulesFolder
from screener.rule.model import Rule
from screener.rule.problems import SourceFile, all_problems, all_warnings
from screener.rule.reading import KnownCheck, Reading, Vocabulary, keys_of, text_of
from screener.rule.site_entries import Waiver, read_adjustment, read_waiver, without_patients
from screener.rule.yaml_reader import Entry, Node, Scalar, Sequence, read_yaml
from screener.rule.yaml_reader import Mapping as YamlMapping

SCHEMA = "1"


@dataclass(frozen=True, slots=True)
class SiteRules:
    """A site file, read and compiled against the rules of a folder."""

    id: str
    title: str
    path: str
    file: str  # its name without folders
    data: bytes
    sha256: str
    adjustments: tuple[Adjustment, ...]
    waivers: tuple[Waiver, ...]
    variants: Mapping[str, tuple[Variant, ...]]  # rule id -> its forms, the first to end first
    warnings: tuple[str, ...]


def adjustments_on(site: SiteRules | None, day: dt.date) -> dict[str, tuple[Adjustment, ...]]:
    """Rule id -> the adjustments of it that count on a day; rules without any are left out."""
    found: dict[str, tuple[Adjustment, ...]] = {}
    for one in site.adjustments if site else ():
        if day <= one.until:
            found[one.rule] = (*found.get(one.rule, ()), one)
    return found


def rules_on(library: tuple[Rule, ...], site: SiteRules | None, day: dt.date) -> tuple[Rule, ...]:
    """The rules as they are on a day: each adjusted as long as its adjustments last."""
    if site is None:
        return library
    forms = site.variants

    def form(rule: Rule) -> Rule:
        return next((v.rule for v in forms.get(rule.id, ()) if day <= v.until), rule)

    return tuple(form(rule) for rule in library)


def expired(site: SiteRules, day: dt.date) -> list[str]:
    """`file:line:column: ...` of every adjustment and waiver that no longer counts on a day."""
    ended = [("adjustment", one.ends, one.until) for one in site.adjustments]
    ended += [("waiver", one.ends, one.until) for one in site.waivers]
    return [
        f"{site.path}:{mark.line}:{mark.column}: the {what} ended on {until.isoformat()} and "
        "no longer counts; approve it again with a later day, or take it out"
        for what, mark, until in ended
        if day > until
    ]


def read_site_rules(
    path: Path,
    folder: RulesFolder,
    *,
    checks: Mapping[str, KnownCheck],
    vocabulary: Vocabulary,
) -> SiteRules:
    """The site file. Raises RuleFileError with every problem, UsageError when it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"The site file cannot be read ({error.strerror}).",
            where=str(path),
            fix="Give it with --site-rules FILE.",
        ) from error
    reading = Reading(SourceFile(str(path)), checks, vocabulary)
    made = _read(reading, data, path.name, folder)
    if problems := all_problems(reading.source):
        raise RuleFileError(problems)
    if made is None:  # cannot be: a reader that gives nothing notes a problem
        raise UsageError("The site file cannot be used.", where=str(path))
    return made


def _read(reading: Reading, data: bytes, name: str, folder: RulesFolder) -> SiteRules | None:
    root = read_yaml(reading.source, data)
    reading.source.lines = without_patients(reading.source.lines)
    if root is None:
        return None
    needed, may_be = ("schema", "site_rules"), ("title", "adjust", "waivers")
    found = keys_of(reading, root, "a site file", required=needed, optional=may_be) or {}
    texts = {
        key: text_of(reading, found[key].value, key)
        for key in ("schema", "site_rules", "title")
        if key in found
    }
    if texts.get("schema") not in (None, SCHEMA):
        what = f'schema "{texts["schema"]}" is not known'
        reading.problem(found["schema"].value, what, f"expected {SCHEMA}")
    if not {"adjust", "waivers"} & set(found) and not reading.source.problems:
        reading.problem(root, "the site file changes nothing", "expected adjust or waivers")
    items = _list_of(reading, found.get("adjust"))
    read = [read_adjustment(reading, item, folder) for item in items]
    adjustments = tuple(one for one in read if one is not None)
    # Without what could not be read, the other adjustments of its rule may look wrong.
    broken = {_rule_of(item) for item, one in zip(items, read, strict=True) if one is None}
    whole = tuple(one for one in adjustments if one.rule not in broken)
    waivers = [
        read_waiver(reading, item, folder, data) for item in _list_of(reading, found.get("waivers"))
    ]
    return SiteRules(
        id=texts.get("site_rules") or "",
        title=texts.get("title") or texts.get("site_rules") or "",
        path=reading.source.name,
        file=name,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        adjustments=adjustments,
        waivers=tuple(one for one in waivers if one is not None),
        variants=variants_of(reading, whole, folder),
        warnings=tuple(all_warnings(reading.source)),
    )


def _list_of(reading: Reading, entry: Entry | None) -> tuple[Node, ...]:
    if entry is None:
        return ()
    if isinstance(entry.value, Sequence):
        return entry.value.items
    what = f"{entry.key.text} must be a list"
    reading.problem(entry.value, what, "begin each of its entries with a hyphen: `- rule: ...`")
    return ()


def _rule_of(node: Node) -> str | None:
    named = node.get("rule") if isinstance(node, YamlMapping) else None
    return named.text.strip() if isinstance(named, Scalar) else None
