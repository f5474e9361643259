"""The library as a list, and one rule in full."""

from __future__ import annotations

from screener.rule.model import DrugSet, Rule
from screener.rulebook.read import sentence
from screener.rulebook.stories import in_words

_WIDE = 8  # ingredients a line


def rows(rules: tuple[Rule, ...]) -> list[tuple[str, ...]]:
    """id, status, severity, version, stories and title of every rule."""
    return [
        (r.id, r.status, r.severity, str(r.version), str(len(r.stories)), r.title) for r in rules
    ]


def in_full(rule: Rule) -> list[str]:
    """Everything that a reader may want to know of a rule, as lines."""
    reviewed = rule.owners.get("next_review")
    checked = ", ".join(rule.owners.get("checked", ()))
    lines = [
        f"{rule.id}, version {rule.version}, {rule.status}, fingerprint {rule.fingerprint}",
        rule.title,
        "",
        sentence(rule),
        "",
        f"why: {rule.why}",
        f"action: {rule.action}",
        f"message: {rule.message or 'made from the check'}",
        f"file: {rule.file}",
        f"wrote: {rule.owners.get('wrote', '')}; checked: {checked}; next review: {reviewed}",
        f"sites may adjust: {', '.join(rule.sites_may_adjust) or 'nothing'}",
    ]
    lines += ["", "evidence:", *(f"  {_evidence(one)}" for one in rule.evidence)]
    lines += ["", "drugs:", *_drugs_of(rule)]
    lines += ["", "stories:"]
    for story in rule.stories:
        expected = ", ".join(in_words(one) for one in story.expect)
        lines.append(f"  {story.story}: {expected}")
    return lines


def _evidence(one: dict[str, str]) -> str:
    rest = "; ".join(value for key, value in one.items() if key != "source")
    return f"{one.get('source', '')}; {rest}" if rest else one.get("source", "")


def _drugs_of(rule: Rule) -> list[str]:
    """Every drug set of the rule with its ingredients and routes written out."""
    lines: list[str] = []
    for use in rule.uses:
        for name in type(use.params).__dataclass_fields__:
            value = getattr(use.params, name)
            if isinstance(value, DrugSet):
                members = sorted(value.ingredients)
                head = f"  {name.rstrip('_')}: {value.text} ({', '.join(sorted(value.tracks))})"
                lines.append(head)
                if members != [value.text]:
                    lines += [
                        f"    {', '.join(members[at : at + _WIDE])}"
                        for at in range(0, len(members), _WIDE)
                    ]
    return lines
