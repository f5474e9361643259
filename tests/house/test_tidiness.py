"""Nothing of one machine is in the repository, the locks are sound, start-up is light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Written in pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = ["/" + name for name in ("work/", "root/", "home/", "Users/", "opt/py", "opt/wh")]
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "deb." + "debian.org", "registry." + "npmjs"]
BINARY = {".png", ".parquet", ".gz", ".zst", ".xlsx", ".zip", ".ico", ".woff2"}


def repository_files() -> list[Path]:
    """What version control holds or would take; the whole tree where there is none."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def texts() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8", errors="replace"))
        for path in repository_files()
        if path.suffix not in BINARY and path.is_file()
    ]


@pytest.mark.parametrize("forbidden", [*MACHINE_PATHS, *HOSTS])
def test_no_file_names_a_machine_or_a_package_index(forbidden: str) -> None:
    pattern = re.compile(
        rf"(?<![\w./}}\"'*-]){re.escape(forbidden)}|[\"'(=`]{re.escape(forbidden)}"
    )
    if forbidden in HOSTS:
        pattern = re.compile(re.escape(forbidden))
    assert [name for name, text in texts() if pattern.search(text)] == []


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-runtime.lock", "requirements-spark.lock"]
)
def test_every_locked_package_has_a_hash_and_the_lock_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 15
    assert [b.split("\n")[0] for b in blocks if "--hash=sha256:" not in b or "==" not in b] == []
    for word in ("index-url", "find-links", "trusted-host", "://"):
        assert word not in text


def test_the_runtime_lock_is_a_part_of_the_whole_lock() -> None:
    pins = [
        set(re.findall(r"^([a-z0-9-]+==[^ ]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements-runtime.lock", "requirements.lock")
    ]
    assert pins[0] < pins[1]


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = (ROOT / "requirements-runtime.lock").read_text(encoding="utf-8")
    for wanted in project["project"]["dependencies"]:
        name = re.split(r"[^A-Za-z0-9-]", wanted)[0].lower()
        assert re.search(rf"^{name}==", runtime, re.MULTILINE), name


def test_only_the_command_line_asks_for_the_time() -> None:
    """A fixed date may have no zone (DTZ001); asking the clock stands in screener/cli alone."""
    asking = re.compile(
        r"date\.today\(|datetime\.now\(|\btime\.time\(|utcnow\(|noqa: DTZ0(0[2-9]|1[0-9])"
    )
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "screener").rglob("*.py")
        if "cli" not in path.relative_to(ROOT).parts and asking.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_no_module_is_named_for_nothing() -> None:
    empty_names = {"utils", "core", "common", "base", "helpers", "manager", "misc"}
    found = [p for p in (ROOT / "screener").rglob("*.py") if p.stem in empty_names]
    assert found == []


def test_no_file_grows_past_what_one_can_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "screener").rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = (
        "import sys, screener.cli.main;"
        "print(*sorted({'polars', 'pandera', 'jinja2', 'yaml', 'xlsxwriter', 'zstandard'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_pandera_is_imported_inside_functions_of_intake_only() -> None:
    wrong = []
    for path in (ROOT / "screener").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for top, node in ((node in tree.body, node) for node in ast.walk(tree)):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            pandera = any(name.split(".")[0] == "pandera" for name in names)
            if pandera and (top or path.parent.name not in {"intake", "cli"}):
                wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_every_data_file_of_the_package_is_shipped_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = {
        Path(glob).name for glob in project["tool"]["setuptools"]["package-data"]["screener"]
    }
    data = [
        path
        for path in (ROOT / "screener").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]
    assert data
    assert [p.name for p in data if f"*{p.suffix}" not in shipped and p.name != "py.typed"] == []
