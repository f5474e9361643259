from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.invented_clinic import Ended, Place, environment, order

Call = Callable[..., Ended]


def line(ended: Ended, key: str) -> str:
    (found,) = [text for text in ended.out.splitlines() if text.startswith(f"{key} = ")]
    return found.removeprefix(f"{key} = ")


def test_a_flag_outranks_a_variable_a_variable_the_file_and_the_file_the_default(
    screener: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert line(screener("run", "--show-config"), "out") == "reports  (default)"
    (tmp_path / "screener.toml").write_text('out = "from-file"\nas-of = 2026-10-31\njobs = 2\n')
    shown = screener("run", "--show-config")
    assert line(shown, "out") == "from-file  (config file)"
    assert line(shown, "as_of") == "2026-10-31  (config file)"
    assert line(shown, "jobs") == "2  (config file)"
    monkeypatch.setenv("SCREENER_OUT", "from-variable")
    assert line(screener("run", "--show-config"), "out") == "from-variable  (variable)"
    shown = screener("run", "--show-config", "--out", "from-flag")
    assert line(shown, "out") == "from-flag  (flag)"


def test_the_file_can_name_the_exports_and_lists_and_is_found_with_config(
    screener: Call, tmp_path: Path
) -> None:
    file = tmp_path / "nightly.toml"
    file.write_text('exports = ["a", "b"]\nskip = "x"\nallow_empty = true\n')
    shown = screener("run", "--config", str(file), "--show-config")
    assert line(shown, "exports") == "a b  (config file)"
    assert line(shown, "skip") == "x  (config file)"
    assert line(shown, "allow_empty") == "True  (config file)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('ruls = "x"\n', "Did you mean rules?"),
        ("as_off = 2026-10-31\n", "Did you mean as_of?"),
        ("[run]\nout = 1\n", "run is not a setting"),
        ("out = \n", "Not valid TOML"),
        ('jobs = "many"\n', "--jobs"),
    ],
)
def test_a_wrong_configuration_file_is_told_in_one_sentence(
    screener: Call, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "screener.toml").write_text(text)
    ended = screener("run", "--show-config")
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_variable_that_no_option_has_is_told(
    screener: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCREENER_RULE", "x")
    ended = screener("run", "--show-config")
    assert ended.code == 2
    assert "SCREENER_RULE" in ended.err
    monkeypatch.delenv("SCREENER_RULE")
    monkeypatch.setenv("SCREENER_HYPOTHESIS_PROFILE", "deep")
    assert screener("run", "--show-config").code == 0


def test_a_missing_configuration_file_is_told(screener: Call) -> None:
    ended = screener("run", "--config", "nowhere.toml", "--show-config")
    assert ended.code == 2
    assert "nowhere.toml" in ended.err


def test_help_answers_without_loading_polars_or_pandera() -> None:
    looks = (
        "import sys; from screener.cli.main import ended_with; "
        "code = ended_with(['run', '--help']); "
        "sys.exit(code or int(any(m in sys.modules for m in ('polars', 'pandera', 'rich'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", looks],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["run"], ["check"], ["explain"], ["report"], ["verify"], ["demo"], ["doctor"],
        ["runs", "list"], ["runs", "show"],
    ],
)  # fmt: skip
def test_every_help_leads_with_an_example(screener: Call, command: list[str]) -> None:
    ended = screener(*command, "--help")
    assert ended.code == 0
    body = ended.out.split("\n\n")[1].strip()
    assert body.startswith(f"screener {' '.join(command)}")


def test_version_is_printed_everywhere(screener: Call) -> None:
    from screener import __version__

    for command in ([], ["run"], ["runs", "list"]):
        assert screener(*command, "--version").out == f"screener {__version__}\n"


def test_text_logs_are_one_timed_line_a_stage_and_stdout_is_results_only(
    clinic: Place, screener: Call
) -> None:
    ended = screener(*clinic.run())
    stages = [text.split(" ", 1)[1] for text in ended.err.splitlines()]
    for stage in ("read", "screen", "put together", "check", "write", "publish"):
        assert [s for s in stages if s.startswith(f"{stage}: ") and s.endswith(" s")]
    assert "\x1b" not in ended.err + ended.out
    assert ended.out.startswith("Run ")


def test_json_logs_are_one_object_a_line_and_end_in_a_summary(
    clinic: Place, screener: Call
) -> None:
    ended = screener(*clinic.run("--log-format", "json"))
    lines = [json.loads(text) for text in ended.err.splitlines()]
    assert next(x["stage"] for x in lines if x["event"] == "stage") == "read"
    assert lines[-1]["event"] == "summary"
    assert (lines[-1]["exit_code"], lines[-1]["counts"]["findings"]) == (0, 1)


def test_stages_about_rows_say_how_many_a_second(clinic: Place, screener: Call) -> None:
    ended = screener(*clinic.run("--log-format", "json"))
    lines = [json.loads(text) for text in ended.err.splitlines()]
    stages = {x["stage"]: x for x in lines if x["event"] == "stage"}
    run = clinic.run_json()
    assert stages["read"]["rows"] == sum(file["records"] for file in run["inputs"])
    assert stages["screen"]["rows"] == run["counts"]["orders"]
    assert stages["read"]["rows_per_second"] > 0
    assert "rows" not in stages["write"]


def test_json_logs_of_a_failure_end_in_an_exit_error(clinic: Place, screener: Call) -> None:
    ended = screener(*clinic.run("--log-format", "json", "--only", "nothing"))
    last = json.loads(ended.err.splitlines()[-1])
    assert (last["event"], last["exit_code"]) == ("exit_error", 2)


def test_every_line_of_json_logs_is_json_also_when_rule_files_are_wrong(
    clinic: Place, screener: Call
) -> None:
    (clinic.rules / "baclofen" / "a.yaml").write_text("nonsense: 1\n")
    ended = screener(*clinic.run("--log-format", "json"))
    assert ended.code == 2
    lines = [json.loads(text) for text in ended.err.splitlines()]
    assert lines[-1]["event"] == "exit_error"
    assert any("a.yaml:1" in x.get("problem", "") for x in lines)


def test_quiet_says_nothing_on_stderr_unless_it_fails(clinic: Place, screener: Call) -> None:
    ended = screener(*clinic.run("-q"))
    assert ended.err == ""
    assert ended.out.startswith("Run ")
    assert screener(*clinic.run("-q", "--only", "nothing")).err.startswith("error: ")


def test_verbose_counts_the_buckets(clinic: Place, screener: Call) -> None:
    assert "screen: 1 of 1" in screener(*clinic.run("-v")).err


def test_the_log_file_gets_the_same_lines_and_is_private(
    clinic: Place, screener: Call, tmp_path: Path
) -> None:
    log = tmp_path / "screener.log"
    first = screener(*clinic.run("--log-file", str(log)))
    second = screener(*clinic.run("--log-file", str(log)))
    assert log.read_text() == first.err + second.err
    assert log.stat().st_mode & 0o777 == 0o600


def test_no_cell_of_the_input_is_ever_logged(clinic: Place, screener: Call) -> None:
    marked = order(1, "MARK-patient", 5).replace("PR-1", "MARK-prescriber")
    marked = marked.replace("RX-1", "MARK-order").replace("Baclofen", "MARK-drug")
    clinic.prescriptions(marked, marked.replace("2026-01-05", "MARK-date"), "MARK-ragged,x")
    ended = screener(*clinic.run("-v", "--max-set-aside", "100"))
    assert ended.code == 0
    assert "MARK" not in ended.err + ended.out
    screener(*clinic.run("-v"))
    (clinic.exports / "prescriptions.csv").write_text("MARK-a,MARK-b\nMARK-c,MARK-d\n")
    refused = screener(*clinic.run("-v", "--log-format", "json"))
    assert refused.code == 4
    assert "MARK-c" not in refused.err


def test_bars_on_a_terminal_and_none_with_no_progress_or_a_dumb_terminal(
    clinic: Place, tmp_path: Path
) -> None:
    import pty

    def on_terminal(*more: str, **variables: str) -> str:
        main, side = pty.openpty()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "screener.cli.main",
                *clinic.run("--force", *more),
            ],
            cwd=tmp_path,
            env=environment(TERM="xterm") | variables,
            stdout=subprocess.DEVNULL,
            stderr=side,
            stdin=subprocess.DEVNULL,
        )
        os.close(side)
        seen = b""
        try:
            while chunk := os.read(main, 4096):
                seen += chunk
        except OSError:
            pass
        os.close(main)
        assert process.wait() == 0
        return seen.decode()

    assert "\x1b[" in on_terminal()
    assert "\x1b" not in on_terminal("--no-progress")
    assert "\x1b" not in on_terminal(TERM="dumb")


def test_a_closed_pipe_is_told_without_a_trace(clinic: Place, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "screener.cli.main", *clinic.run("-q")],
        cwd=tmp_path,
        env=environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    os.close(write)
    assert done.returncode == 5
    assert "standard output" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_terminal_that_knows_ascii_only_gets_escapes_and_no_trace(
    clinic: Place, own_process: Call
) -> None:
    screened = own_process(*clinic.run(), LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (screened.code, "Traceback" in screened.err) == (0, False)
