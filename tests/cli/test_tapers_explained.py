"""A taper that stands only in the directions, from the export to what `explain` says of it."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.invented_clinic import Ended, Place

Call = Callable[..., Ended]
HEADER = "prescription_id,patient_id,drug,route,form,start_date,sig,prescriber_id,site_id"
TAPER = (
    "take 30 mg three times a day for 4 days then 20 mg three times a day for 3 days "
    "then 10 mg twice a day for 2 days then stop"
)


def test_a_taper_is_explained_day_by_day(clinic: Place, screener: Call) -> None:
    row = f"RX-1,P-1,Baclofen 10 mg tablets,oral,tablet,2026-01-05,{TAPER},PR-1,north"
    (clinic.exports / "prescriptions.csv").write_text(f"{HEADER}\n{row}\n")
    assert screener(*clinic.run("--as-of", "2026-02-01")).code == 0
    inputs = {file["table"]: file for file in clinic.run_json()["inputs"]}
    file = inputs["prescriptions"]
    assert (file["records"], file["added"]) == (1, 2)
    ended = screener("explain", "--patient", "P-1", "--out", str(clinic.out))
    assert ended.code == 0
    for said in (
        "phase 1 of 3: 3 × 30 mg = 90 mg/day",
        "phase 2 of 3: 3 × 20 mg = 60 mg/day",
        "phase 3 of 3: 2 × 10 mg = 20 mg/day",
        "2026-01-05 to 2026-01-08  baclofen    by mouth  90",
        "2026-01-09 to 2026-01-11  baclofen    by mouth  60",
        "2026-01-12 to 2026-01-13  baclofen    by mouth  20",
        "RX-1/3",
        "prescriptions.csv:1",
    ):
        assert said in ended.out, ended.out
