"""The kinds of failure that end a run, each with the exit code of the command line.

Every message is one sentence: what is wrong, where, what was expected, what to do.
A message never carries a cell of the input.
"""

from __future__ import annotations


class ScreenerError(Exception):
    """A failure that the command line turns into one line on stderr and an exit code."""

    exit_code = 5

    def __init__(self, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.fix}" if self.fix else ""
        return f"{place}{self.message}{advice}"


class UsageError(ScreenerError):
    """The command line, the configuration or a rule file is wrong; nothing was read."""

    exit_code = 2


class RuleFileError(UsageError):
    """One or more rule files cannot be used; `problems` lists every one of them."""

    def __init__(self, problems: list[str]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the rule files.")
        self.problems = problems


class InputRefused(ScreenerError):
    """An export cannot be read as what it claims to be; nothing is screened."""

    exit_code = 4


class RunBroke(ScreenerError):
    """The run itself failed: disk full, a fault of ours, an invariant that does not hold."""

    exit_code = 5


class AnotherRunHoldsTheLock(ScreenerError):
    """Another run is writing to the same output folder."""

    exit_code = 6
