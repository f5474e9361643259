from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.invented_clinic import Ended, Place, order

Call = Callable[..., Ended]


def test_check_counts_and_gives_reasons_and_writes_nothing(clinic: Place, screener: Call) -> None:
    clinic.prescriptions(
        order(1, "P-1", 3), order(2, "", 3), order(3, "P-1", 3).replace(",3,", ",x,", 1)
    )
    ended = screener("check", str(clinic.exports), "--max-set-aside", "40")
    assert ended.code == 0
    assert "prescriptions.csv  prescriptions  3        2     1          0" in ended.out
    assert "patient_id" in ended.out
    assert "unreadable-sig" in ended.out
    assert not clinic.out.exists()


@pytest.mark.parametrize(("allowed", "code"), [("50", 0), ("49.9", 3)])
def test_check_ends_with_3_when_more_is_set_aside_than_allowed(
    clinic: Place, screener: Call, allowed: str, code: int
) -> None:
    clinic.prescriptions(order(1, "P-1", 3), order(2, "", 3))
    assert screener("check", str(clinic.exports), "--max-set-aside", allowed).code == code


def test_check_ends_with_4_when_the_export_is_refused(clinic: Place, screener: Call) -> None:
    (clinic.exports / "prescriptions.csv").write_text("")
    ended = screener("check", str(clinic.exports))
    assert (ended.code, ended.out) == (4, "")


def test_check_ends_with_2_when_nothing_is_named(screener: Call) -> None:
    assert screener("check").code == 2


def test_doctor_is_content_on_a_sound_machine(clinic: Place, screener: Call) -> None:
    ended = screener("doctor", "--rules", str(clinic.rules), "--out", str(clinic.out))
    assert ended.code == 0, ended.out
    assert "NOT" not in ended.out
    assert not clinic.out.exists()


def test_doctor_notices_wrong_rules(clinic: Place, screener: Call) -> None:
    (clinic.rules / "baclofen" / "a.yaml").write_text("nonsense: 1\n")
    ended = screener("doctor", "--rules", str(clinic.rules), "--out", str(clinic.out))
    assert ended.code == 2
    assert [line for line in ended.out.splitlines() if line.startswith("NOT  rules")]


def test_doctor_notices_an_output_folder_that_is_a_file(clinic: Place, screener: Call) -> None:
    clinic.out.write_text("")
    ended = screener("doctor", "--rules", str(clinic.rules), "--out", str(clinic.out))
    assert ended.code == 5


def test_doctor_notices_that_validation_is_switched_off(clinic: Place, own_process: Call) -> None:
    ended = own_process("doctor", "--rules", str(clinic.rules), PANDERA_VALIDATION_ENABLED="False")
    assert ended.code == 5
    assert "NOT  validation" in ended.out
