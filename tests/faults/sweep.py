"""Runs whose N-th write fails: a small C library is preloaded and counts them (writes.c)."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cli.invented_clinic import Ended, Place, environment
from tests.faults.warm import Warm

SOURCE = Path(__file__).with_name("writes.c")


def compiler() -> str | None:
    """A C compiler, if this machine has one."""
    return shutil.which("cc") or shutil.which("gcc")


def built(folder: Path) -> Path:
    """The library, compiled into `folder`."""
    made = folder / "writes.so"
    cc = compiler()
    assert cc is not None
    subprocess.run([cc, "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl"], check=True)
    return made


@dataclass(frozen=True)
class Fault:
    """What happens at the N-th write: "kill", "torn" or the number of an error."""

    how: str
    at: int = 0
    sticky: bool = False


def copied(before: Path, to: Path) -> Place:
    """The folders of a clinic, once more."""
    shutil.copytree(before, to, symlinks=True)
    return Place(to / "exports", to / "rules", to / "reports")


def command(*arguments: str, cwd: Path, **more: str) -> Ended:
    """The command line in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "screener.cli.main", *arguments],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_with(fault: Fault, clinic: Place, warm: Warm, log: Path, *more: str) -> Ended:
    """A run of the clinic with the fault; `log` gets a line for each write."""
    return warm.command(
        *clinic.run("--jobs", "1", *more), cwd=clinic.out.parent, **faulty(fault, clinic.out, log)
    )


def faulty(fault: Fault, out: Path, log: Path) -> dict[str, str]:
    """The variables that tell the library which write below `out` fails, and how."""
    log.unlink(missing_ok=True)
    return {
        "FAULT_UNDER": str(out),
        "FAULT_LOG": str(log),
        "FAULT_AT": str(fault.at),
        "FAULT_HOW": fault.how,
        "FAULT_STICKY": str(int(fault.sticky)),
    }


def calls(log: Path) -> list[str]:
    """The writes that were counted, in their order."""
    return [line.split()[1] for line in log.read_text().splitlines()]


def fingerprint(folder: Path) -> dict[str, str]:
    """Name -> hash of every file of a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def broken_runs(out: Path) -> list[str]:
    """What is wrong with the runs that a reader of the output folder sees."""
    from screener.outputs import run_folder

    wrong = []
    for folder in sorted(out.glob("2*")):
        if not (folder / "run.json").is_file():
            wrong.append(f"{folder.name}: no run.json")
            continue
        wrong += [f"{folder.name}: {law.name}" for law in run_folder.verify(folder) if not law.ok]
    latest = out / "latest"
    if os.path.lexists(latest) and not latest.exists():
        wrong.append("latest leads nowhere")
    return wrong
