"""Drugs of rules and lists that are not where their author thinks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from screener.rule.implied import partners_of
from screener.rule.linted import DrugFacts, LintedRule, Note, checks_in, items
from screener.rule.reading import Reading
from screener.rule.values import DrugSet
from screener.rule.yaml_reader import Mapping, Scalar

_CODE = re.compile(r"\b(?:[A-Z]\d{2}[A-Z]{2}\d{2}|(?i:rxnorm|rxcui)[ :=]*\d{2,8})\b")
_MOST_NAMED = 4


def both_sides(linted: LintedRule) -> Iterator[Note]:
    """Drugs on both sides of a pair that the check drops, though other drugs are left for them.

    With one drug on a side there is nothing to say: it is no partner of itself.
    """
    places = {
        name: [node for found, node in checks_in(linted) if found == name]
        for name in {use.check for use in linted.rule.uses}
    }
    for use in linted.rule.uses:
        params = use.params
        nodes = places[use.check]
        this = getattr(params, "this", None)
        if not isinstance(this, DrugSet) or not nodes:
            continue
        node = nodes.pop(0)
        if hasattr(params, "with_"):
            left_out = params.except_.ingredients if params.except_ else frozenset()
            both = (this.ingredients & params.with_.ingredients) - left_out
            if both and len(this.ingredients) > 1 and partners_of(params):
                what = f"{_named(both)} on both sides, and so no partner of the other drugs"
                fix = "for two drugs of one list, write several_of; else leave out with except"
                yield node.get("with").mark, f"{what}; {fix}"  # type: ignore[union-attr]
        elif hasattr(params, "without"):
            both = this.ingredients & params.without.ingredients
            if both:
                what = f"{_named(both)} on both sides: whoever takes it is never without"
                yield node.get("without").mark, what  # type: ignore[union-attr]


def _named(drugs: frozenset[str]) -> str:
    names = sorted(drugs)
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more stand"
    return f"{', '.join(names)} {'stand' if len(names) > 1 else 'stands'}"


def codes_beside_names(reading: Reading, root: Mapping, facts: DrugFacts) -> Iterator[Note]:
    """A member whose comment gives a code (`- diazepam  # N05BA01`) that is another drug's."""
    factors = root.get("factors")
    keys = [e.key for e in factors.entries] if isinstance(factors, Mapping) else []
    for node in (*items(root.get("members")), *items(root.get("except")), *keys):
        if not isinstance(node, Scalar):
            continue
        line = reading.source.lines[node.mark.line - 1]
        written = {_plain(code) for code in _CODE.findall(line.partition("#")[2])}
        drug = reading.vocabulary.ingredient_named(node.text.partition(" by ")[0])
        known = facts.codes.get(drug or "", frozenset())
        for code in sorted(written - known) if drug and known else ():
            owner = next((one for one, codes in sorted(facts.codes.items()) if code in codes), None)
            said = f"the code of {owner}" if owner else "not one of its codes"
            alike = ", ".join(sorted(one for one in known if one.isdigit() == code.isdigit()))
            yield node.mark, f"{code} is {said}; {drug} has {alike or 'none'}"


def _plain(code: str) -> str:
    return re.sub(r"(?i)(rxnorm|rxcui)[ :=]*", "", code)
