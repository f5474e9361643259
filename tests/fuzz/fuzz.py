"""Coverage-guided fuzzing of one target with atheris: `python -m tests.fuzz.fuzz rule`.

What follows the name goes to libFuzzer, as in `-max_total_time=1800`. atheris is no dependency of
this project: `make fuzz` makes an environment for it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Fuzz until a find, or until the time is over."""
    import atheris

    with atheris.instrument_imports(include=["screener", "tests.fuzz"]):
        from tests.fuzz.targets import SEEDS, tried

    name, *more = sys.argv[1:]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[name]):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], corpus, *more], lambda data: tried(name, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
