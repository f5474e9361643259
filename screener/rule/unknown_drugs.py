"""What to say of a drug expression that names nothing known: its words, never another drug.

Hundreds of pairs of real drug names lie within two letters of each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from screener.rule.suggest import did_you_mean

RELEASES = ("modified-release", "immediate-release")
_OTHER_RELEASE_WORDS = {
    "extended-release": "modified-release",
    "slow-release": "modified-release",
    "sustained-release": "modified-release",
    "prolonged-release": "modified-release",
    "controlled-release": "modified-release",
    "er": "modified-release",
    "xr": "modified-release",
    "mr": "modified-release",
    "sr": "modified-release",
    "cr": "modified-release",
    "xl": "modified-release",
    "la": "modified-release",
    "ir": "immediate-release",
}
_OTHER_ROUTE_WORDS = {
    "oral": "by mouth",
    "orally": "by mouth",
    "po": "by mouth",
    "intrathecal": "intrathecally",
    "sublingual": "under the tongue",
    "sublingually": "under the tongue",
    "transdermal": "as a patch",
    "patch": "as a patch",
    "iv": "injected",
    "im": "injected",
    "injection": "injected",
    "rectal": "rectally",
}

# (prefix, name) -> ingredients, or None: "class", "list" or "" and a name.
Members = Callable[[str, str], frozenset[str] | None]


def unknown_drug(
    members: Members, lists: Iterable[str], prefix: str, name: str
) -> tuple[str, str, str]:
    """What is wrong, what was expected, and a suggestion ("" for none)."""
    advice = (
        _known_with_other_words(members, prefix, name)
        or _several(members, name)
        or _other_kind(members, lists, prefix, name)
    )
    if advice is not None:
        return *advice, ""
    kind = prefix or "drug, list or class"
    expected = "" if prefix else "expected a known ingredient, the name of a list, or a class"
    if prefix == "list" and lists:
        expected = f"expected one of {', '.join(sorted(lists))}"
    hint = "" if prefix == "class" else did_you_mean(name, lists)
    return f'no {kind} is called "{name}"', expected, hint


def _known_with_other_words(members: Members, prefix: str, name: str) -> tuple[str, str] | None:
    """A known drug whose route or kind of release is said in other words, or elsewhere."""
    words = name.split()
    for cut in range(1, len(words)):
        for drug, other in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            low, bare = " ".join(other).lower(), " ".join(drug)
            if low not in _OTHER_ROUTE_WORDS and low not in _OTHER_RELEASE_WORDS:
                continue
            if members(prefix, bare) is None:
                continue
            full = f"{prefix} {bare}".strip()
            if low in _OTHER_RELEASE_WORDS:
                what = f'"{" ".join(other)}" is not a kind of release of the rule language'
                right = f'write "{_OTHER_RELEASE_WORDS[low]} {full}"'
                return what, f"expected {' or '.join(RELEASES)}; {right}"
            what = f'"{low}" is not a route of the rule language'
            routes = ", ".join(dict.fromkeys(_OTHER_ROUTE_WORDS.values()))
            right = f'write "{full} {_OTHER_ROUTE_WORDS[low]}"'
            return what, f"expected {routes} behind the drug; {right}"
    return None


def _several(members: Members, name: str) -> tuple[str, str] | None:
    parts = [part.strip() for part in re.split(r",|\+|/|\band\b|\bor\b", name)]
    if len(parts) > 1 and all(part and members("", part) is not None for part in parts):
        return f'"{name}": several drugs stand in brackets', f"write [{', '.join(parts)}]"
    return None


def _other_kind(
    members: Members, lists: Iterable[str], prefix: str, name: str
) -> tuple[str, str] | None:
    if prefix == "list" and members("class", name) is not None:
        return f'"{name}" is a class and not a list', f'write "class {name}"'
    if prefix == "class" and members("class", name.removesuffix("s")) is not None:
        return f'no class is called "{name}"', f'write "class {name.removesuffix("s")}"'
    if prefix == "class" and name in lists:
        return f'"{name}" is a list and not a class', f'write "list {name}"'
    return None
