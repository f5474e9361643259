"""Any order of nights, faults and repairs: whole runs, older ones as they were, a right history.

Hypothesis draws what happens; nights.py says what must hold after it. A few steps here, and many
with `make test-deep`.
"""

from __future__ import annotations

import errno
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.cli.invented_clinic import Ended
from tests.faults.nights import Nights
from tests.faults.sweep import Fault, calls
from tests.faults.warm import Warm

DEEP = os.environ.get("SCREENER_HYPOTHESIS_PROFILE") == "deep"
EXAMPLES, STEPS = (40, 12) if DEEP else (3, 5)
SIGNALS = {f"signal-{number}": 128 + number for number in (signal.SIGTERM, signal.SIGINT)}
DEADLY = ("kill", "torn", *SIGNALS)
REFUSED = tuple(str(number) for number in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES))
POINTS = st.integers(1, 150)  # some more than a run writes


def machine(warm: Warm, said: Callable[[str], None]) -> type[RuleBasedStateMachine]:
    """The machine, with the process that runs its commands."""

    class AnyNights(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.scratch = tempfile.TemporaryDirectory()
            self.nights = Nights(Path(self.scratch.name), warm)

        def teardown(self) -> None:
            self.scratch.cleanup()

        @initialize()
        def first(self) -> None:
            self.ends_well(self.nights.run())

        @rule(number=st.integers(1, 9), times=st.integers(1, 9))
        def a_night_with_an_order_new_or_changed(self, number: int, times: int) -> None:
            self.nights.orders[number] = times
            self.next_night()

        @rule(rules=st.integers(0, 1), without=st.sampled_from((None, "north", "south")))
        def a_night_with_other_rules_or_without_a_site(
            self, rules: int, without: str | None
        ) -> None:
            self.nights.rules, self.nights.without = rules, without
            self.next_night()

        @rule(back=st.integers(1, 4))
        def an_older_day(self, back: int) -> None:
            nights = self.nights
            tonight, nights.night = nights.night, nights.night - back
            self.ends_well(nights.run())
            nights.night = tonight

        @rule(force=st.booleans())
        def once_more(self, force: bool) -> None:
            self.ends_well(self.nights.run(None, *(["--force"] * force)))

        @rule(how=st.sampled_from(DEADLY), at=POINTS, fresh=st.booleans(), times=st.integers(1, 9))
        def stopped(self, how: str, at: int, fresh: bool, times: int) -> None:
            ended = self.faulty(Fault(how, at), times if fresh else None)
            if len(calls(self.nights.log)) < at:
                assert ended.code == 0
            elif how in SIGNALS:  # at the very last writes it may be finished first
                assert ended.code in (0, SIGNALS[how]), ended
            else:
                assert ended.code == -signal.SIGKILL, ended

        @rule(how=st.sampled_from(REFUSED), at=POINTS, good=st.booleans(), times=st.integers(1, 9))
        def refused(self, how: str, at: int, good: bool, times: int) -> None:
            ended = self.faulty(Fault(how, at, sticky=good), times)
            assert ended.code in (0, 2, 3, 5), ended
            assert "Traceback" not in ended.err, ended
            assert "fault of screener" not in ended.err, ended

        @rule(times=st.integers(1, 9))
        def two_at_once(self, times: int) -> None:
            nights = self.nights
            nights.orders[5] = times
            nights.night += 1
            nights.write()
            both = [nights.begin(), nights.begin()]
            ends = sorted((warm.end(one) for one in both), key=lambda one: one.code)
            assert ends[1].code in (0, 6), ends
            said(f"two at once: {ends[1].code}")
            self.ends_well(ends[0])

        @rule(keep=st.integers(1, 3))
        def pruned(self, keep: int) -> None:
            nights = self.nights
            arguments = ["--out", str(nights.out), "--keep", str(keep), "--yes"]
            ended = warm.command("runs", "prune", *arguments, cwd=nights.folder)
            assert ended.code == 0, ended
            said("pruned")
            left = {folder.name for folder in nights.clinic.published()}
            assert left
            nights.known = {name: known for name, known in nights.known.items() if name in left}
            nights.whole()
            nights.history_is_that_of_the_folders()

        @rule()
        def repaired(self) -> None:
            nights = self.nights
            arguments = ["verify", "latest", "--repair", "--out", str(nights.out)]
            ended = warm.command(*arguments, cwd=nights.folder)
            assert ended.code == 0, ended
            said("repaired")
            nights.forget_pruned()
            nights.whole()
            nights.history_is_that_of_the_folders()

        def next_night(self) -> None:
            self.nights.night += 1
            self.nights.write()
            self.ends_well(self.nights.run())

        def ends_well(self, ended: Ended) -> None:
            said("ended well")
            self.nights.finished(ended)

        def faulty(self, fault: Fault, times: int | None) -> Ended:
            """A run with a fault: of another night, or the last one made again."""
            nights = self.nights
            if times is None:
                ended = nights.run(fault, "--force")
                nights.whole(made_again=nights.target())
            else:
                nights.orders[6] = times
                nights.night += 1
                nights.write()
                ended = nights.run(fault)
                nights.whole()
            said(f"{fault.how}: {ended.code}")
            return ended

    return AnyNights


def test_whatever_happens_runs_are_whole_and_the_history_is_that_of_the_folders(warm: Warm) -> None:
    seen: list[str] = []
    run_state_machine_as_test(
        machine(warm, seen.append),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            phases=(Phase.explicit, Phase.generate),  # its steps say enough; a shorter way is dear
        ),
    )
    print(sorted(Counter(seen).items()))
    assert "ended well" in seen
