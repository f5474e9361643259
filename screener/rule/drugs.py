"""Drug expressions (`baclofen by mouth`, `list cns-depressants`, a list of them); list files.

`modified-release` or `immediate-release` may stand before a drug.
"""

from __future__ import annotations

import re
from functools import partial

from screener.rule.amounts import whole_number
from screener.rule.reading import DrugList, Reading, items_of, keys_of, read_with, text_of
from screener.rule.unknown_drugs import RELEASES, unknown_drug
from screener.rule.values import SYSTEMIC_TRACKS, DrugSet
from screener.rule.yaml_reader import Mapping, Node, Sequence

ROUTES: dict[str, frozenset[str]] = {
    "by mouth": frozenset({"by mouth", "sublingual"}),  # swallowed, or dissolved in the mouth
    "under the tongue": frozenset({"sublingual"}),
    "as a patch": frozenset({"transdermal"}),
    "injected": frozenset({"injected"}),
    "rectally": frozenset({"rectal"}),
    "intrathecally": frozenset({"intrathecal"}),
    "by any route": SYSTEMIC_TRACKS | {"local", "unknown"},
}
_ROUTE = "|".join(ROUTES)
_WITH_ROUTE = re.compile(rf"^(?P<name>.+?)\s+(?P<routes>(?:{_ROUTE})(?:\s+or\s+(?:{_ROUTE}))*)$")


def route_in(text: str) -> tuple[str, str]:
    """A drug expression without its route words, and the route words ("" when none)."""
    found = _WITH_ROUTE.match(text)
    return (found["name"], found["routes"]) if found else (text, "")


def drug_set(reading: Reading, node: Node, what: str) -> DrugSet | None:
    """One expression or a list of them, resolved; every expression of a list has the same route."""
    if isinstance(node, Sequence) and not node.items:
        reading.problem(node, f"{what} is an empty list")
        return None
    sets = [_one(reading, item, what) for item in items_of(node)]
    known = [one for one in sets if one is not None]
    if len(known) < len(sets):
        return None
    if len({one.tracks for one in known}) > 1:
        fix = "give all drugs of one list the same route words"
        reading.problem(node, f"{what} mixes routes", fix)
        return None
    if len({one.releases for one in known}) > 1:
        fix = "write modified-release or immediate-release before all drugs of one list, or none"
        reading.problem(node, f"{what} mixes kinds of release", fix)
        return None
    for number, (item, one) in enumerate(zip(items_of(node), known, strict=True)):
        before = (other.ingredients for other in known[:number])
        if number and one.ingredients <= frozenset().union(*before):
            reading.source.warn(item.mark, f"{what}: all of {one.text} is named already")
    members = frozenset().union(*(one.ingredients for one in known))
    words = ", ".join(one.text for one in known)
    return DrugSet(words, members, known[0].tracks, known[0].releases)


def _one(reading: Reading, node: Node, what: str) -> DrugSet | None:
    if isinstance(node, Mapping) and len(node.entries) == 1:  # `- class: opioid`
        entry = node.entries[0]
        if entry.key.text in ("class", "list"):
            inner = text_of(reading, entry.value, what)
            return _named(reading, node, f"{entry.key.text} {inner}") if inner else None
    text = text_of(reading, node, what)
    return _named(reading, node, text) if text is not None else None


def _named(reading: Reading, node: Node, text: str) -> DrugSet | None:
    name, routes = route_in(" ".join(text.split()))
    tracks = SYSTEMIC_TRACKS
    if routes:
        tracks = frozenset().union(*(ROUTES[route] for route in routes.split(" or ")))
    release, name = _release(name)
    prefix, bare = _prefix(name)
    members = _members(reading, prefix, bare)
    if members is None:
        known = partial(_members, reading)
        reading.problem(node, *unknown_drug(known, reading.lists, prefix, bare))
        return None
    releases = frozenset({release}) if release else frozenset()
    return DrugSet(f"{release} {bare} {routes}".strip(), members, tracks, releases)


def _release(name: str) -> tuple[str, str]:
    first, _, rest = name.partition(" ")
    return (first, rest.strip()) if first in RELEASES and rest else ("", name)


def _prefix(name: str) -> tuple[str, str]:
    for prefix in ("list", "class"):
        if name.startswith((f"{prefix} ", f"{prefix}: ")):
            return prefix, name[len(prefix) :].lstrip(": ")
    return "", name


def _members(reading: Reading, prefix: str, name: str) -> frozenset[str] | None:
    """Ingredient, then list, then class: an ingredient's own name always means that drug."""
    if not prefix:
        ingredient = reading.vocabulary.ingredient_named(name)
        if ingredient is not None:
            return frozenset({ingredient})
    if prefix in ("", "list") and name in reading.lists:
        reading.lists_used.add(name)
        return reading.lists[name].ingredients
    if prefix in ("", "class"):
        tag = name.replace(" ", "_").replace("-", "_")
        for candidate in (name, tag, tag.removesuffix("s")):
            members = reading.vocabulary.class_members(candidate)
            if members is not None and not (prefix and _is_plural(reading, tag)):
                return members
    return None


def _is_plural(reading: Reading, tag: str) -> bool:
    """`class opioids`: the terminology forgives it, but a class has one name in rule files."""
    return tag.endswith("s") and reading.vocabulary.class_members(tag.removesuffix("s")) is not None


def read_list(reading: Reading, root: Mapping, name: str) -> DrugList | None:
    """A list file: `members` less `except`, resolved to ingredients, or None with problems."""
    before = len(reading.source.problems)
    found = keys_of(
        reading,
        root,
        "a list file",
        required=("list", "title", "version", "members"),
        optional=("schema", "except", "source", "evidence", "owners", "why"),
    )
    if found is None:
        return None
    if "list" in found:
        own_name(reading, found["list"].value, name, "list")
    title = text_of(reading, found["title"].value, "title") if "title" in found else None
    version = None
    if "version" in found:
        version = read_with(reading, found["version"].value, "version", whole_number)
    members = drug_set(reading, found["members"].value, "members") if "members" in found else None
    left_out: frozenset[str] = frozenset()
    if "except" in found:
        dropped = drug_set(reading, found["except"].value, "except")
        left_out = dropped.ingredients if dropped else left_out
    if members is not None and not members.ingredients - left_out:
        reading.problem(found["except" if "except" in found else "members"].key, "no drug is left")
    elif members is not None and left_out and not members.ingredients & left_out:
        reading.source.warn(found["except"].key.mark, "none of these drugs is in the list")
    if len(reading.source.problems) > before or members is None:
        return None
    return DrugList(
        name, title or "", version or 0, members.ingredients - left_out, reading.source.name
    )


def own_name(reading: Reading, node: Node, file_name: str, kind: str) -> None:
    """The id inside a file must be its file name, so that an id leads to its file."""
    said = text_of(reading, node, kind)
    if said is not None and said != file_name:
        fix = f'rename the file to "{said}.yaml" or the {kind} to "{file_name}"'
        reading.problem(node, f'the {kind} is called "{said}", but its file "{file_name}"', fix)
