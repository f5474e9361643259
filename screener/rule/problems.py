"""Problems of rule files: where, what is wrong, what was expected, and the line with a caret.

Problems are collected, never raised at the first one: an author sees all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Mark(NamedTuple):
    """A place in a file; line and column are counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class SourceFile:
    """One rule or list file: its name in messages, its lines, and what is wrong with it."""

    name: str
    lines: list[str] = field(default_factory=list)
    problems: list[tuple[Mark, str]] = field(default_factory=list)
    warnings: list[tuple[Mark, str]] = field(default_factory=list)

    def problem(self, mark: Mark, what: str, *more: str) -> None:
        """Note one fault; `more` (what was expected, did you mean) follows after semicolons."""
        text = "; ".join((what, *(m for m in more if m)))
        if (mark, text) not in self.problems:
            self.problems.append((mark, text))

    def warn(self, mark: Mark, what: str) -> None:
        """Note something that is allowed but probably not meant."""
        self.warnings.append((mark, what))


def rendered(source: SourceFile, mark: Mark, text: str) -> str:
    """`file:line:column: text`, the source line, and a caret under the column."""
    head = f"{source.name}:{mark.line}:{mark.column}: {text}"
    if not 1 <= mark.line <= len(source.lines):
        return head
    line = source.lines[mark.line - 1].replace("\t", " ").rstrip()
    return f"{head}\n    {line}\n    {' ' * (mark.column - 1)}^"


def all_problems(source: SourceFile) -> list[str]:
    """Every problem of a file, in the order of its lines."""
    return [rendered(source, mark, text) for mark, text in _by_place(source.problems)]


def all_warnings(source: SourceFile) -> list[str]:
    """Every warning of a file, in the order of its lines."""
    return [rendered(source, mark, text) for mark, text in _by_place(source.warnings)]


def _by_place(notes: list[tuple[Mark, str]]) -> list[tuple[Mark, str]]:
    return sorted(notes, key=lambda note: (note[0].line, note[0].column))
