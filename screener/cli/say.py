"""Results on stdout: plain lines and plain tables, and a closed pipe that is no accident."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from screener.errors import RunBroke


def say(*lines: str) -> None:
    """Print result lines. Raises RunBroke when nobody can read them (closed pipe, full disk)."""
    try:
        for line in lines:
            print(line)
        print(end="", flush=True)
    except OSError as error:
        raise RunBroke(
            f"The result could not be written to standard output ({error.strerror})."
        ) from error


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a table with columns as wide as their widest cell."""
    cells = [list(head), *([("" if c is None else str(c)) for c in row] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def plural(n: int, word: str) -> str:
    """1 finding, 2 findings, 1,000 findings."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"
