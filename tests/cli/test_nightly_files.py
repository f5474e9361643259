"""Files of several nights: corrected orders take the place of older records, and are counted."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.cli.invented_clinic import HEADER, Ended, Place, order

Call = Callable[..., Ended]


def test_the_newest_version_counts_and_the_others_are_superseded(
    clinic: Place, screener: Call
) -> None:
    old, new, other = order(1, "P-1", 6), order(1, "P-1", 3), order(2, "P-2", 3)
    nights = {
        "prescriptions_1.csv": [f"{old},1", f"{other},1"],
        "prescriptions_2.csv": [f"{new},2", f"{other},1"],
    }
    for name, lines in nights.items():
        text = "\n".join([f"{HEADER},version", *lines])
        (clinic.exports / name).write_text(f"{text}\n")
    assert screener(*clinic.run()).code == 0
    run = clinic.run_json()
    inputs = {file["file"]: file for file in run["inputs"]}
    counts = ("records", "used", "duplicate", "superseded")
    assert [inputs["prescriptions_1.csv"][c] for c in counts] == [2, 1, 0, 1]
    assert [inputs["prescriptions_2.csv"][c] for c in counts] == [2, 1, 1, 0]
    assert run["counts"]["findings"] == 0

    (clinic.exports / "prescriptions_2.csv").unlink()  # the night before: 120 mg a day
    assert screener(*clinic.run("--out", str(clinic.out / "before"))).code == 0
    (before,) = (clinic.out / "before").glob("2*/run.json")
    assert json.loads(before.read_text())["counts"]["findings"] == 1
