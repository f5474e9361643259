"""The store on disk: one ledger that names every file with its hash, and is replaced by one rename.

.store/ledger.json   what counts; whatever it does not name is left over from a run that died
.store/rows/         typed rows, never changed
.store/results-*/    what the last run found, by bucket
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from screener.errors import InputRefused
from screener.intake.store import Holding, as_json, from_json
from screener.outputs import publish

FOLDER = ".store"
LEDGER = "ledger.json"
BEGUN = "begun"  # stands until the first night is kept
FORMAT = 1
AGAIN = "Remove this folder and give all exports once more, together, with --incremental."


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the store holds: the rows of all exports so far, and the results of the last run.

    results: as `line.keep` writes them; None when there are none that can be used. files: name in
    the store -> bytes and SHA-256.
    """

    rows_key: str
    holding: Holding
    results: dict[str, Any] | None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def read(out: Path, rows_key: str) -> tuple[Ledger | None, list[str]]:
    """The ledger of an output folder, None when there is no store yet; and what to say about it.

    Files left over from a run that died are removed. Raises InputRefused when the rows are damaged
    or were typed by another version or configuration: they cannot be made again from themselves.
    """
    store = out / FOLDER
    if (store / BEGUN).exists() and not (store / LEDGER).exists():
        shutil.rmtree(store)  # a first night that did not come to its end
    if not store.exists():
        return None, []
    ledger = _parsed(store)
    if ledger is None:
        raise InputRefused("The store's ledger is damaged or lost.", where=str(store), fix=AGAIN)
    if ledger.rows_key != rows_key:
        raise InputRefused(
            "The store's rows were read by another version of screener, or with another --format "
            "or --encoding.",
            where=str(store),
            fix=AGAIN,
        )
    sweep(out, ledger)
    damaged = _damaged(store, ledger)
    if any(name.startswith("rows/") for name in damaged):
        raise InputRefused("The store's rows are damaged.", where=str(store), fix=AGAIN)
    if damaged:
        ledger = Ledger(ledger.rows_key, ledger.holding, None, ledger.files)
        return ledger, ["the store's results are damaged: everybody is screened again"]
    return ledger, []


def begin(out: Path) -> Path:
    """The folder of the rows; a store that has no ledger yet is marked as begun."""
    store = out / FOLDER
    store.mkdir(mode=0o700, exist_ok=True)
    store.chmod(0o700)
    if not (store / LEDGER).exists():
        (store / BEGUN).touch(mode=0o600)
    (store / "rows").mkdir(mode=0o700, exist_ok=True)
    return store / "rows"


def write(out: Path, ledger: Ledger) -> None:
    """Let the store be this ledger from now on, in one step."""
    content = {
        "rows_key": ledger.rows_key,
        "holding": as_json(ledger.holding),
        "results": ledger.results,
        "files": ledger.files,
    }
    text = {"format": FORMAT, "content": content, "sha256": _hash(content)}
    publish.replace_file(out / FOLDER / LEDGER, publish.json_bytes(text))
    (out / FOLDER / BEGUN).unlink(missing_ok=True)
    sweep(out, ledger)


def facts_of(store: Path, names: list[str], known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Bytes and SHA-256 of files of the store; new ones are made private and flushed to the disk.

    known: those of files that were there before, which are never changed.
    """
    facts = {}
    for name in names:
        if name not in known:
            publish.seal(store / name)
        facts[name] = known.get(name) or publish.file_facts(store / name)
    for folder in {(store / name).parent for name in names}:
        publish.flush_folder(folder)
    return facts


def sweep(out: Path, ledger: Ledger) -> None:
    """Remove what the ledger does not name."""
    store = out / FOLDER
    for folder in store.iterdir():
        if not folder.is_dir():
            continue
        for file in folder.iterdir():
            if f"{folder.name}/{file.name}" not in ledger.files:
                file.unlink(missing_ok=True)
        if folder.name != "rows" and not any(folder.iterdir()):
            folder.rmdir()


def _parsed(store: Path) -> Ledger | None:
    try:
        text = json.loads((store / LEDGER).read_text(encoding="utf-8"))
        content = text["content"]
        if text["format"] != FORMAT or text["sha256"] != _hash(content):
            return None
        return Ledger(
            content["rows_key"],
            from_json(content["holding"]),
            content["results"],
            content["files"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _damaged(store: Path, ledger: Ledger) -> list[str]:
    def broken(name: str, facts: dict[str, Any]) -> bool:
        try:
            return publish.file_facts(store / name) != facts
        except OSError:
            return True

    return [name for name, facts in ledger.files.items() if broken(name, facts)]


def _hash(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
