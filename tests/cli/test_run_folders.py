from __future__ import annotations

import functools
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from screener.outputs import place, publish, write
from tests.cli.invented_clinic import Ended, Place, order
from tests.cli.test_site_rules import WAIVED

Call = Callable[..., Ended]
FILES = {
    "data_flags.csv", "data_flags.parquet", "findings.csv", "findings.parquet", "kidney.parquet",
    "no_longer_found.csv", "no_longer_found.parquet", "not_assessed.parquet", "orders.parquet",
    "outcomes.parquet", "pilot_findings.parquet", "report.html", "review_list.csv",
    "review_list.xlsx", "rules.zip", "run.json", "set_aside.csv", "timeline.parquet",
}  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "run.json"}


def test_a_run_leaves_exactly_its_files_all_private(clinic: Place, screener: Call) -> None:
    screener(*clinic.run())
    (folder,) = clinic.published()
    assert {p.name for p in folder.iterdir()} == FILES
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (clinic.out / "latest").resolve() == folder.resolve()
    assert folder.name == f"2026-10-31-{clinic.run_json()['run_id']}"


def test_the_rules_that_were_read_lie_in_the_run(clinic: Place, screener: Call) -> None:
    site = clinic.out.parent / "here.yaml"
    site.write_text("schema: 1\nsite_rules: here\ntitle: Here\n" + WAIVED)
    screener(*clinic.run("--site-rules", str(site)))
    (folder,) = clinic.published()
    rules = Path(clinic.rules)
    read = {p.relative_to(rules).as_posix(): p.read_bytes() for p in rules.rglob("*.yaml")}
    with zipfile.ZipFile(folder / "rules.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held == read | {"sites/here.yaml": site.read_bytes()}
    assert len(read) > 1


def test_a_report_made_again_comes_with_its_hash_or_not_at_all(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    screener(*clinic.run())
    (folder,) = clinic.published()
    before = contents(folder)
    monkeypatch.setattr(write, "report_bytes", lambda *_: b"another page")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(publish, "make_visible", full)
        ended = screener("report", "latest", "--out", str(clinic.out))
    assert ended.code == 5
    assert "No space left" in ended.err
    assert contents(folder) == before
    assert screener("verify", "latest", "--out", str(clinic.out)).code == 0
    assert screener("report", "latest", "--out", str(clinic.out)).code == 0
    assert contents(folder) == before | {"report.html": b"another page"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert screener("verify", "latest", "--out", str(clinic.out)).code == 0
    assert not list(clinic.out.glob(".scratch-*"))


def test_a_report_is_not_made_again_while_a_run_writes(clinic: Place, screener: Call) -> None:
    screener(*clinic.run())
    with place.held(clinic.out, who={"host": "h", "pid": "1", "started_at": "now"}):
        assert screener("report", "latest", "--out", str(clinic.out)).code == 6
    assert screener("report", "latest", "--out", str(clinic.out)).code == 0


@pytest.mark.parametrize("links", [True, False])
def test_a_file_has_two_names_or_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    publish.write_file(tmp_path / "a", b"x")
    if not links:
        monkeypatch.setattr("os.link", lambda *_: (_ for _ in ()).throw(OSError(1, "no")))
    publish.same_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"x"
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert ((tmp_path / "a").stat().st_ino == (tmp_path / "b").stat().st_ino) == links


def test_only_run_json_knows_the_clock_and_the_host(clinic: Place, screener: Call) -> None:
    import platform

    screener(*clinic.run())
    run = clinic.run_json()
    assert run["host"] == platform.node()
    assert run["timings"].keys() >= {"read", "screen", "write"}
    started = run["started_at"].encode()
    assert not any(started in content for content in contents(clinic.published()[0]).values())


def test_the_same_inputs_give_the_same_bytes_in_another_place(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clinic.exports / "readme.md").write_text("named in a notice")
    screener(*clinic.run())
    first = clinic.published()[0]
    elsewhere = clinic.out.parent / "elsewhere"
    (clinic.out.parent / "moved").mkdir()
    moved = clinic.exports.rename(clinic.out.parent / "moved" / "exports")
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    screener("run", str(moved), "--rules", str(clinic.rules), "--out", str(elsewhere))
    second = elsewhere / first.name
    assert contents(second) == contents(first)
    run = json.loads((second / "run.json").read_text())
    assert any("readme.md" in notice for notice in run["notices"])
    assert str(clinic.out.parent) not in json.dumps(run)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_many_buckets_give_what_one_bucket_gives(
    clinic: Place, screener: Call, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    from screener import screen

    clinic.prescriptions(*(order(i, f"Q-{i % 9}", 3 + i % 3) for i in range(1, 40)))
    screener(*clinic.run())
    whole = clinic.published()[0]
    monkeypatch.setattr(screen, "take_in", functools.partial(screen.take_in, bucket_rows=8))
    other = clinic.out.parent / "buckets"
    command = clinic.run("--jobs", jobs)
    command[command.index(str(clinic.out))] = str(other)
    assert screener(*command).code == 0
    split = other / whole.name
    for name in ("orders", "timeline", "kidney"):
        left, right = (
            pl.read_parquet(folder / f"{name}.parquet").sort(pl.exclude("^.*list.*$"))
            for folder in (whole, split)
        )
        assert left.equals(right)
    streamed = {"orders.parquet", "timeline.parquet", "kidney.parquet"}
    same = FILES - streamed - {"run.json"}
    assert {n: contents(split)[n] for n in same} == {n: contents(whole)[n] for n in same}


def test_a_rerun_verifies_its_own_folder_and_says_so(clinic: Place, screener: Call) -> None:
    first = screener(*clinic.run("--fail-on", "high"))
    before = (clinic.published()[0] / "run.json").read_bytes()
    again = screener(*clinic.run("--fail-on", "high"))
    assert (first.code, again.code) == (1, 1)
    assert "finished before" in again.out
    assert (clinic.published()[0] / "run.json").read_bytes() == before


@pytest.mark.parametrize("changed", ["rules", "input", "as_of", "configuration"])
def test_another_rule_input_date_or_configuration_is_another_run(
    clinic: Place, screener: Call, changed: str
) -> None:
    screener(*clinic.run())
    more: list[str] = []
    if changed == "rules":
        file = clinic.rules / "baclofen" / "baclofen-max-dose.yaml"
        file.write_text(file.read_text().replace("why: Sedation", "why: More sedation"))
    elif changed == "input":
        clinic.prescriptions(order(1, "P-1", 5))
    elif changed == "as_of":
        more = ["--as-of", "2026-10-30"]
    else:
        more = ["--skip", "baclofen-supplied-twice"]
    screener(*clinic.run(*more))
    assert len(clinic.published()) == 2


def test_a_damaged_run_is_not_taken_for_a_good_one_and_force_makes_it_again(
    clinic: Place, screener: Call
) -> None:
    screener(*clinic.run())
    csv = clinic.published()[0] / "findings.csv"
    good = csv.read_bytes()
    csv.write_bytes(good.replace(b"high", b"info"))
    damaged = screener(*clinic.run())
    assert damaged.code == 5
    assert "findings.csv was changed" in damaged.err
    assert screener(*clinic.run("--force")).code == 0
    assert csv.read_bytes() == good


def damage(folder: Path, how: str) -> None:
    run = json.loads((folder / "run.json").read_text())
    if how == "added":
        (folder / "note.txt").write_text("x")
        (folder / "note.txt").chmod(0o600)
    elif how == "missing":
        (folder / "kidney.parquet").unlink()
    elif how == "changed":
        with (folder / "orders.parquet").open("r+b") as file:
            file.seek(10)
            file.write(b"\x00")
    elif how == "readable":
        (folder / "findings.csv").chmod(0o644)
    elif how == "rows":
        run["inputs"][0]["used"] += 1
    elif how == "identity":
        run["as_of"] = "2026-10-30"
    elif how == "counts":
        run["counts"]["findings"] += 1
    if how in ("rows", "identity", "counts"):
        (folder / "run.json").write_text(json.dumps(run))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("added", "note.txt was added"),
        ("missing", "kidney.parquet is missing"),
        ("changed", "orders.parquet was changed"),
        ("readable", "others can read findings.csv"),
        ("rows", "rows of "),
        ("identity", "the run id fits"),
        ("counts", "run.json counts"),
    ],
)
def test_verify_notices_every_kind_of_damage(
    clinic: Place, screener: Call, how: str, said: str
) -> None:
    screener(*clinic.run())
    assert screener("verify", "--out", str(clinic.out)).code == 0
    damage(clinic.published()[0], how)
    ended = screener("verify", "latest", "--out", str(clinic.out))
    assert ended.code == 5
    assert [line for line in ended.out.splitlines() if line.startswith("NOT") and said in line]


def test_the_report_made_again_is_the_report_of_the_run(clinic: Place, screener: Call) -> None:
    screener(*clinic.run())
    (folder,) = clinic.published()
    page = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert screener("report", folder.name, "--out", str(clinic.out)).code == 0
    assert (folder / "report.html").read_bytes() == page
    assert screener("verify", str(folder)).code == 0


def test_runs_are_found_by_folder_name_run_id_and_latest(clinic: Place, screener: Call) -> None:
    screener(*clinic.run())
    (folder,) = clinic.published()
    run_id = clinic.run_json()["run_id"]
    out = ["--out", str(clinic.out)]
    shown = {screener("runs", "show", name, *out).out for name in ("latest", folder.name, run_id)}
    assert len(shown) == 1
    assert run_id in shown.pop()
    assert folder.name in screener("runs", "list", *out).out
    nobody = screener("runs", "show", "nobody", *out)
    assert nobody.code == 2
    assert "screener runs list" in nobody.err


def test_a_rule_that_did_not_run_says_why(clinic: Place, screener: Call) -> None:
    file = clinic.rules / "baclofen" / "baclofen-max-dose.yaml"
    file.write_text(file.read_text().replace("status: active", "status: off"))
    screener(*clinic.run())
    cards = {card["id"]: card for card in clinic.run_json()["rules"]}
    assert (cards["baclofen-max-dose"]["ran"], cards["baclofen-supplied-twice"]["ran"]) == (
        False,
        True,
    )
    assert "switched off in its rule file" in cards["baclofen-max-dose"]["reason"]
    assert screener(*clinic.run("--only", "baclofen-max-dose")).code == 0
    assert "1 finding" in screener(*clinic.run("--only", "baclofen-max-dose")).out


def test_as_of_falls_back_to_the_latest_date_that_is_not_in_the_future(
    clinic: Place, screener: Call
) -> None:
    (clinic.exports / "patients.csv").unlink()
    clinic.prescriptions(order(1, "P-1", 3), order(2, "P-1", 3, start="2099-01-01"))
    assert screener(*clinic.run()).code == 0
    run = clinic.run_json()
    assert (run["as_of"], run["as_of_from"]) == ("2026-01-05", "latest date of an order or lab")
    assert "latest date of an order or lab" in screener(*clinic.run()).out


def test_a_table_that_nobody_supplied_is_named_in_a_notice(clinic: Place, screener: Call) -> None:
    screener(*clinic.run())
    notices = clinic.run_json()["notices"]
    assert any("No labs were supplied" in notice for notice in notices)
    assert not any("No patients were supplied" in notice for notice in notices)


def test_set_aside_rows_are_listed_with_file_row_and_reason(clinic: Place, screener: Call) -> None:
    clinic.prescriptions(order(1, "P-1", 3), order(2, "", 3))
    screener(*clinic.run("--max-set-aside", "60"))
    listed = (clinic.published()[0] / "set_aside.csv").read_text().splitlines()
    assert listed == ["file,row,column,value,reason", 'prescriptions.csv,2,patient_id,"",missing']
