"""Orders whose drug no list knows: which names, in which files, and what they look like.

No rule sees such an order, so that their number stands beside the findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from screener.outputs.facts import BucketFacts, counted
from screener.terminology import look_like_known

SHOWN = 50
ALOUD = 50.0  # percent of a file's drug orders; more without a known drug are told in a notice


def unmapped_of(facts: Sequence[BucketFacts]) -> list[dict[str, Any]]:
    """The drug texts that resolved to nothing: those that look like a known drug, then the
    commonest. looks_like, on the former alone: the ingredients that it looks like."""
    texts = counted([f.unmapped for f in facts])
    looks = look_like_known(texts)
    worst = sorted(texts.items(), key=lambda item: (item[0] not in looks, -item[1], item[0]))
    return [
        {"text": text, "orders": orders}
        | ({"looks_like": list(looks[text])} if text in looks else {})
        for text, orders in worst[: max(SHOWN, len(looks))]
    ]


def notices_of(
    unmapped: Iterable[Mapping[str, Any]],
    facts: Sequence[BucketFacts],
    inputs: Iterable[Mapping[str, Any]],
) -> list[str]:
    """What a reader must know of orders that no rule saw; `unmapped` is that of `unmapped_of`."""
    alike = [entry for entry in unmapped if "looks_like" in entry]
    said = []
    if alike:
        drugs = sorted({drug for entry in alike for drug in entry["looks_like"]})
        said.append(
            "orders whose drug name looks like a known drug but holds letters of another "
            f"alphabet, so that no rule saw them: {sum(e['orders'] for e in alike):,} "
            f"(looks like: {', '.join(drugs)})"
        )
    said += [
        f"{file}: {words}; no rule sees those orders"
        for file, words in _above(facts, inputs, ALOUD)
    ]
    return said


def too_many(
    facts: Sequence[BucketFacts], inputs: Iterable[Mapping[str, Any]], allowed: float
) -> list[str]:
    """A sentence for each file of prescriptions in which more than `allowed` percent of the used
    orders of drugs have a drug that no list knows."""
    return [
        f"{file}: {words}, more than the {allowed:g} % allowed."
        for file, words in _above(facts, inputs, allowed)
    ]


def _above(
    facts: Sequence[BucketFacts], inputs: Iterable[Mapping[str, Any]], percent: float
) -> list[tuple[str, str]]:
    unknown = counted([f.unmapped_in for f in facts])
    no_drug = counted([f.no_drug_in for f in facts])
    found = []
    for file in inputs:
        name = file["file"]
        orders = file["used"] - no_drug.get(name, 0) if file["table"] == "prescriptions" else 0
        if orders and 100 * unknown.get(name, 0) > percent * orders:
            share = 100 * unknown[name] / orders
            found.append(
                (
                    name,
                    f"orders whose drug is not in the lists: {unknown[name]:,} of {orders:,} "
                    f"({share:.1f} %)",
                )
            )
    return found
