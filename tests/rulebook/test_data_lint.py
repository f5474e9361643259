"""Lists against data: what looks like a member and is not on the list, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from screener.cli.main import ended_with
from screener.intake import take_in
from screener.rulebook.data_lint import common_stem, missing_members, seen_in
from screener.rulebook.library import read_library
from screener.sources import read_export
from tests.rule.authoring import folder_with

RULE = """\
schema: 1
rule: ace
title: A drug of the list
version: 1
status: draft
severity: low
flag_when:
  taken: {of: list ours}
"""
NAMED = """\
list: ours
title: ACE inhibitors
version: 1
members: [lisinopril, enalapril, ramipril, captopril, perindopril, quinapril, benazepril]
"""
SECRET = "Mrs Example"


def orders(tmp_path: Path, *drugs: tuple[str, str]) -> Path:
    """An export of one order for each (patient, drug)."""
    head = "prescription_id,patient_id,drug,start_date\n"
    rows = [f"{n},{patient},{drug},2026-01-01\n" for n, (patient, drug) in enumerate(drugs)]
    path = tmp_path / "prescriptions.csv"
    path.write_text(head + "".join(rows), encoding="utf-8")
    return path


def missing(
    tmp_path: Path, lists: str, *drugs: tuple[str, str], bucket_rows: int = 100_000
) -> list[tuple[str, str, str, int, int]]:
    folder = read_library(folder_with(tmp_path, {"t/ace.yaml": RULE, "lists/ours.yaml": lists}))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    intake = take_in(
        [str(orders(tmp_path, *drugs))], read=read_export, scratch=scratch, bucket_rows=bucket_rows
    )
    return missing_members(folder, seen_in(intake))


@pytest.mark.parametrize("bucket_rows", [100_000, 1])
def test_a_drug_of_the_same_group_is_counted_by_orders_and_patients(
    tmp_path: Path, bucket_rows: int
) -> None:
    drugs = [("A", "trandolapril 15 mg"), ("A", "trandolapril"), ("B", "Trandolapril tablets")]
    drugs += [("C", "lisinopril 5 mg"), ("C", "bisoprolol 5 mg")]
    ((name, drug, why, rows, patients),) = missing(tmp_path, NAMED, *drugs, bucket_rows=bucket_rows)
    assert (name, drug, rows, patients) == ("ours", "trandolapril", 3, 2)
    assert "ATC C09AA" in why
    assert "class acei" in why


def test_what_is_left_out_on_purpose_is_not_named(tmp_path: Path) -> None:
    assert missing(tmp_path, NAMED + "except: [trandolapril]\n", ("A", "trandolapril")) == []


def test_an_unknown_name_with_the_stem_of_the_list(tmp_path: Path) -> None:
    drugs = [("A", "Zofenoprilum 30 mg"), ("B", "zofenoprilum"), ("B", "unheard of 3 mg")]
    ((_, word, why, rows, patients),) = missing(tmp_path, NAMED, *drugs)
    assert (word, rows, patients) == ("zofenoprilum", 2, 2)
    assert "-pril" in why


@pytest.mark.parametrize("text", ["since April", f"for {SECRET}", "aprildrug"])
def test_other_words_of_an_unknown_text_are_never_shown(tmp_path: Path, text: str) -> None:
    assert missing(tmp_path, NAMED, ("A", text)) == []


def test_a_list_of_classes_is_held_against_its_atc_group_alone(tmp_path: Path) -> None:
    by_class = "list: ours\ntitle: ACE inhibitors\nversion: 1\nmembers: [class: acei]\n"
    assert missing(tmp_path, by_class, ("A", "losartan"), ("A", "trandolapril")) == []


def test_two_members_have_nothing_in_common_yet(tmp_path: Path) -> None:
    two = "list: ours\ntitle: Two\nversion: 1\nmembers: [lisinopril, enalapril]\n"
    assert missing(tmp_path, two, ("A", "trandolapril")) == []


@pytest.mark.parametrize(
    ("members", "stem"),
    [
        ({"losartan", "valsartan", "candesartan"}, "sartan"),
        ({"omeprazole", "lansoprazole", "rabeprazole", "sucralfate"}, "prazole"),
        ({"diazepam", "lorazepam", "alprazolam", "triazolam"}, ""),  # half is not most
        ({"atenolol", "carvedilol", "labetalol"}, ""),  # -lol is too short
    ],
)
def test_the_stem_is_what_most_names_end_in(members: set[str], stem: str) -> None:
    assert common_stem(frozenset(members)) == stem


def test_the_command_shows_a_table_and_no_patient(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, {"t/ace.yaml": RULE, "lists/ours.yaml": NAMED})
    export = orders(tmp_path, ("P-77", "trandolapril"), ("P-77", f"unknown {SECRET}"))
    words = ["rules", "check", "--rules", str(folder), "--data", str(export)]
    assert ended_with(words) == 0
    told = capsys.readouterr()
    assert ["ours", "trandolapril", "ATC", "C09AA,"] in [
        row.split()[:4] for row in told.out.split("\n")
    ]
    assert "P-77" not in told.out + told.err
    assert SECRET not in told.out + told.err


def test_the_command_says_when_nothing_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, {"t/ace.yaml": RULE, "lists/ours.yaml": NAMED})
    export = orders(tmp_path, ("A", "lisinopril"))
    assert ended_with(["rules", "check", "--rules", str(folder), "--data", str(export)]) == 0
    assert "nothing that looks like a member" in capsys.readouterr().out


def test_an_export_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {"t/ace.yaml": RULE, "lists/ours.yaml": NAMED})
    empty = tmp_path / "prescriptions.csv"
    empty.write_text("")
    assert ended_with(["rules", "check", "--rules", str(folder), "--data", str(empty)]) == 4
