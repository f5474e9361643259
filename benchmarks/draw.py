"""Draws cost against size as an SVG: CPU seconds and peak memory, both axes logarithmic."""

from __future__ import annotations

from html import escape
from math import floor, log10
from typing import Any

WIDE, HIGH, LEFT, TOP, APART = 330, 220, 64, 40, 90
COLOURS = ("#666666", "#0b6e4f", "#1d4ed8", "#7c3aed", "#c2410c", "#a16207", "#be185d")
STYLE = "font-family: sans-serif; font-size: 12px"


def drawing(sizes: dict[str, Any], words: dict[str, str]) -> str:
    """Two panels side by side and a legend; `sizes` is {orders: {row: figures}}."""
    rows = [row for row in words if any(row in one for one in sizes.values())]
    panels = [
        _panel(sizes, rows, "cpu", "CPU seconds", LEFT),
        _panel(sizes, rows, "peak_mb", "peak memory, MB", LEFT + WIDE + APART),
    ]
    below = TOP + HIGH + 60
    legend = [
        f'<g transform="translate({LEFT + (n % 3) * 260},{below + (n // 3) * 20})">'
        f'<line x1="0" x2="22" y1="-4" y2="-4" stroke="{COLOURS[n]}" stroke-width="2"/>'
        f'<text x="28">{escape(words[row])}</text></g>'
        for n, row in enumerate(rows)
    ]
    wide, high = LEFT + 2 * WIDE + APART + 20, below + 20 * ((len(rows) + 2) // 3)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" style="{STYLE}" '
        f'role="img" aria-label="Cost against the number of orders">\n'
        f'<rect width="{wide}" height="{high}" fill="white"/>\n'
        + "\n".join([*panels, *legend])
        + "\n</svg>\n"
    )


def _panel(sizes: dict[str, Any], rows: list[str], part: str, title: str, left: int) -> str:
    counts = [int(size) for size in sizes]
    values = [one[row][part] for one in sizes.values() for row in rows if row in one]
    low_x, high_x = log10(min(counts)) - 0.1, log10(max(counts)) + 0.1
    low_y, high_y = floor(log10(min(values))), floor(log10(max(values))) + 1

    def x(count: float) -> float:
        return left + WIDE * (log10(count) - low_x) / (high_x - low_x)

    def y(value: float) -> float:
        return TOP + HIGH * (1 - (log10(value) - low_y) / (high_y - low_y))

    parts = [f'<text x="{left}" y="{TOP - 14}" font-weight="bold">{escape(title)}</text>']
    for power in range(low_y, high_y + 1):
        place = y(10.0**power)
        parts.append(
            f'<path d="M{left},{place:.1f}h{WIDE}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{place + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>'
        )
    for count in sorted(counts):
        said = f"{count / 1e6:g} M" if count >= 100_000 else f"{count:,}"
        parts.append(
            f'<text x="{x(count):.1f}" y="{TOP + HIGH + 18}" text-anchor="middle">{said}</text>'
        )
    parts.append(
        f'<text x="{left + WIDE / 2}" y="{TOP + HIGH + 36}" text-anchor="middle">orders</text>'
    )
    for n, row in enumerate(rows):
        points = [
            (x(int(size)), y(one[row][part]))
            for size, one in sorted(sizes.items(), key=lambda pair: int(pair[0]))
            if row in one
        ]
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{COLOURS[n]}" stroke-width="2"/>'
        )
        parts += [
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{COLOURS[n]}"/>' for a, b in points
        ]
    return "\n".join(parts)
