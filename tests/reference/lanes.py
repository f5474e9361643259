"""Orders side by side (docs/timeline.md, section 3): who replaces whom, what is carried forward.

Works in place on the lines of one patient: sets `first`, `last`, `other_days` and `twice`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.reference.lines import DAY, Line
from tests.reference.tapers import phases_beside

FILL_GAP = 14  # days between two fills that still belong to one chain
REFILL_WINDOW = 7  # days of overlap that are always an early refill
CARRY_CAP = 30  # days by which a supply is carried forward at most


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Every day from first to last, both included; none when last is earlier."""
    return [first + n * DAY for n in range((last - first).days + 1)]


def lay_out(lines: list[Line], used: list[dict[str, Any]]) -> list[Line]:
    """Cuts by `replaces`, then every lane on its own. Returns the lines that stand somewhere."""
    cut_replaced(lines, used)
    placed = [line for line in lines if line.end is not None and line.end >= line.start]
    for lane in sorted({line.lane for line in placed}):
        in_lane = [line for line in placed if line.lane == lane]
        in_lane.sort(key=lambda line: (line.start, line.order))
        _lay_out_lane(in_lane)
    return placed


def cut_replaced(lines: list[Line], used: list[dict[str, Any]]) -> None:
    """An order that another used order names in `replaces` ends the day before that one starts."""
    for line in lines:
        if line.prescription_id is None:
            continue
        beside = [o["prescription_id"] for o in phases_beside(used[line.order], used)]
        starts = [o["start_date"] for o in used if o["replaces"] in beside]
        if starts:
            line.replaced_on = min(starts)
            if line.end is not None:
                line.end = min(line.end, line.replaced_on - DAY)


def _lay_out_lane(lane: list[Line]) -> None:
    chains = _chain_numbers(lane)
    for run in dict.fromkeys(line.run for line in lane):
        fills = [line for line in lane if line.run == run]
        if fills[0].prn:
            for line in fills:
                _count(line, line.start, min(_cut(line, lane, chains), line.end or line.start))
        else:
            _lay_out_run(fills, lane, chains)


def _chain_numbers(lane: list[Line]) -> dict[int, int]:
    """Line (by id) -> its fill chain; one strength, no more than 14 days between fills."""
    numbers: dict[int, int] = {}
    number = 0
    for key in dict.fromkeys(line.strength_key for line in lane):
        latest: dt.date | None = None
        for line in (line for line in lane if line.strength_key == key):
            assert line.end is not None
            if latest is None or (line.start - latest).days - 1 > FILL_GAP:
                number += 1
                latest = line.end
            latest = max(latest, line.end)
            numbers[id(line)] = number
    return numbers


def _both_go_on(x: Line, y: Line, lane: list[Line], chains: dict[int, int]) -> bool:
    """Whether the two strengths are taken beside each other.

    They began on one day, or both go on being refilled.
    """
    starts_x = {line.start for line in lane if chains[id(line)] == chains[id(x)]}
    starts_y = {line.start for line in lane if chains[id(line)] == chains[id(y)]}
    if min(starts_x) == min(starts_y):
        return True
    return (
        len(starts_x) >= 2
        and len(starts_y) >= 2
        and max(starts_x) > min(starts_y)
        and max(starts_y) > min(starts_x)
    )


def _sig_cut(x: Line, lane: list[Line]) -> dt.date:
    """Last day before the first later order of the same strength with another sig."""
    later = [
        y.start
        for y in lane
        if y.start > x.start and y.strength_key == x.strength_key and y.sig_key != x.sig_key
    ]
    return min(later) - DAY if later else dt.date.max


def _cut(x: Line, lane: list[Line], chains: dict[int, int]) -> dt.date:
    """Last day before the first later order that replaces x, by (a) or by (b)."""
    later = [
        y.start
        for y in lane
        if y.start > x.start
        and y.strength_key != x.strength_key
        and not _both_go_on(x, y, lane, chains)
    ]
    return min(_sig_cut(x, lane), min(later) - DAY if later else dt.date.max)


def _lay_out_run(fills: list[Line], lane: list[Line], chains: dict[int, int]) -> None:
    """Fills of one strength and sig: carried forward when early, supplied twice when too early."""
    ended: dt.date | None = None  # E: where the latest line of the run ended
    for n, y in enumerate(fills):
        assert y.end is not None
        start = y.start
        supplied_twice = False
        if n:
            giver, latest = _latest_raw_end(fills[:n], lane)
            overlap = (latest - y.start).days + 1
            supplied_twice = overlap > REFILL_WINDOW and 4 * overlap > giver.length
            if supplied_twice:
                y.twice = (y.start, min(latest, y.end, _sig_cut(y, lane)))
            elif ended is not None and y.track != "local":
                start = min(max(y.start, ended + DAY), y.start + CARRY_CAP * DAY)
        full_end = start + (y.length - 1) * DAY
        for hard in (y.stop, y.replaced_on):  # the first day not taken, however late the start
            full_end = full_end if hard is None else min(full_end, hard - DAY)
        last = min(full_end, _cut(y, lane, chains))
        _count(y, start, last)
        other_from = max(start, _cut(y, lane, chains) + DAY) if last < full_end else None
        if other_from is not None:
            left = days_between(other_from, min(full_end, _sig_cut(y, lane)))
            y.other_days = set(left) if len(left) > 1 else set()  # one day is a hand-over
        if y.last is not None:
            ended = max(ended, y.last) if supplied_twice and ended is not None else y.last


def _latest_raw_end(earlier: list[Line], lane: list[Line]) -> tuple[Line, dt.date]:
    """R: the latest raw end (cut by another sig) of the earlier fills, and who gave it.

    Of several with that end the longest is taken.
    """
    best, latest = earlier[0], dt.date.min
    for line in earlier:
        assert line.end is not None
        end = min(line.end, _sig_cut(line, lane))
        if end > latest or (end == latest and line.length > best.length):
            best, latest = line, end
    return best, latest


def _count(line: Line, first: dt.date, last: dt.date) -> None:
    """The days on which the line counts, if any are left."""
    if first <= last:
        line.first, line.last = first, last
