"""`stops_suddenly` as a sentence: the check with the most words."""

from __future__ import annotations

from typing import Any

from screener.rulebook.say_values import days_of, drugs_of


def stops_suddenly(p: Any) -> tuple[str, str]:
    """What is flagged, and the edges."""
    together = f", counted as {p.counted_as.text}," if p.counted_as is not None else ""
    length = days_of(p.taken_for_at_least)
    what = f"who stops {drugs_of(p.of)}{together} after at least {length}"
    edges = [f"Exactly {length} count."]
    if p.stable_dose_at_least is not None:
        limit = p.stable_dose_at_least.text
        what += f" and a stable dose of at least {limit}"
        edges = [f"Exactly {length} and exactly {limit} count."]
    if p.stable_dose_more_than is not None:
        limit = p.stable_dose_more_than.text
        what += f" and a stable dose of more than {limit}"
        edges = [f"Exactly {length} count, exactly {limit} does not."]
    if p.last_dose_more_than is not None:
        limit = p.last_dose_more_than.text
        what += f" from a last dose of more than {limit}"
        edges.append(f"A last dose of exactly {limit} is allowed.")
    if p.unless_lowered is not None:
        what += f", unless the dose {_lowered(p.unless_lowered)}"
    edges.append(f"A stable dose is one that was held for at least {days_of(p.held_for)}.")
    edges.append(f"Gaps of up to {days_of(p.grace)} are no stop.")
    if len(p.of.ingredients) > 1 and p.counted_as is None:
        edges.append("Each drug is looked at by itself; a switch to another of them is no stop.")
    if p.continued_by is not None:
        edges.append(f"Going on with {drugs_of(p.continued_by)} is no stop.")
    return what, " ".join(edges)


def _lowered(taper: Any) -> str:
    limits = []
    if taper.to_at_most is not None:
        limits.append(taper.to_at_most.text)
    if taper.to_at_most_share is not None:
        limits.append(f"{taper.to_at_most_share.percent:g} % of the stable dose")
    length = f"was lowered for at least {days_of(taper.for_at_least)}"
    if not limits:
        return f"{length} before"
    lowest = f"the lower of {' and '.join(limits)}" if len(limits) > 1 else limits[0]
    return f"{length} and ended at or below {lowest}"
