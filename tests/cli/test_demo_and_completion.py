from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from screener.cli import completion
from tests.cli.invented_clinic import ROOT, Ended

Call = Callable[..., Ended]


def test_the_demo_gives_the_same_files_every_time_run_json_included(
    screener: Call, tmp_path: Path
) -> None:
    if not (ROOT / "sample_data" / "prescriptions.csv").is_file():
        pytest.skip("there is no sample clinic")
    folders = [tmp_path / "one", tmp_path / "two"]
    ends = [screener("demo", "--out", str(folder)) for folder in folders]
    assert [ended.code for ended in ends] == [0, 0]
    assert ends[0].out.splitlines()[-1] == f"Report: {folders[0] / 'demo' / 'report.html'}"
    first, second = ({p.name: p.read_bytes() for p in (f / "demo").iterdir()} for f in folders)
    assert first == second
    run = json.loads(first["run.json"])
    assert (run["as_of"], run["host"], run["started_at"]) == ("2026-10-31", None, None)
    assert not (folders[0] / "latest").exists()
    # Compressed files may differ with the machine's zlib; what they hold may not.
    for name in ("findings.csv", "data_flags.csv", "set_aside.csv"):
        committed = (ROOT / "reports" / "demo" / name).read_bytes()
        assert committed == first[name], f"{name} of the committed demo is old: run make demo"
    assert screener("verify", "demo", "--out", str(folders[0])).code == 0


def test_the_shell_offers_rule_ids_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("rules/b/b-one.yaml", "rules/b/a-two.yaml", "rules/lists/b-list.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "reports" / "2026-10-31-abc").mkdir(parents=True)
    (tmp_path / "reports" / "2026-10-31-abc" / "run.json").touch()
    (tmp_path / "reports" / "failed").mkdir()
    monkeypatch.chdir(tmp_path)
    assert completion.rule_ids("") == ["a-two", "b-one"]
    assert completion.rule_ids("b") == ["b-one"]
    assert completion.runs("") == ["2026-10-31-abc", "latest"]
