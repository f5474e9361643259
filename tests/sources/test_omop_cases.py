"""The same patients in native tables and in every shape of an OMOP CDM give the same findings.

With directions in `sig` a CDM carries every patient but one. Without them a dose is quantity ×
strength ÷ days: then the patients of `ONLY_IN_DIRECTIONS` cannot be carried, and two rules are left
out, since they count doses a day or a week, which a supply does not tell.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from screener.cli.main import ended_with
from tests.sources import omop_writer as writer

RULES = Path(__file__).parents[2] / "rules"
COUNT_DOSES = ("baclofen-too-few-doses", "methotrexate-not-weekly")
SAME = ["patient_id", "rule_id", "subject", "severity", "certainty", "date", "end_date", "active",
        "value", "limit", "unit"]  # fmt: skip
CDM = writer.cdm_of_cases(directions=True)
# Orders with a fact that no element of the CDM holds; then those that it holds in directions alone.
NOT_IN_A_CDM = {"A28-2": "a link to the order that it replaces"}
ONLY_IN_DIRECTIONS = {
    **dict.fromkeys(("A18-2", "C02-2", "D24-1"), "taken as needed"),
    **dict.fromkeys(("A19-1", "A20-1"), "a range of doses"),
    **dict.fromkeys(("A21-1", "A22-1"), "directions that cannot be read"),
    "A26-1": "a volume without a concentration",
    **dict.fromkeys(("C06-4", "G29-1"), "a number of applications"),
    **dict.fromkeys(("G09-1", "G10-1"), "how often a week, which a supply does not tell"),
}
POSTGRES = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]


def findings_of(
    export: str, out: Path, *, mapping: str, skip: tuple[str, ...] = ()
) -> pl.DataFrame:
    skipped = [word for rule in skip for word in ("--skip", rule)]
    arguments = ["run", export, "--format", mapping, "--rules", str(RULES), "--out", str(out)]
    assert ended_with([*arguments, *skipped, "--as-of", "2026-10-31"]) == 0
    (folder,) = [p for p in out.iterdir() if (p / "run.json").exists() and not p.is_symlink()]
    return pl.read_parquet(folder / "findings.parquet").select(SAME).sort(SAME)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("native")
    export = writer.write_native(folder / "in", directions=True)
    return findings_of(str(export), folder / "out", mapping="native")


def in_duckdb(cdm: writer.Cdm, path: Path) -> Path:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("nanoarrow")
    with duckdb.connect(str(path)) as connection:
        connection.execute(writer.sql_of(cdm))
    return path


SHAPES: dict[str, Callable[[writer.Cdm, Path], Path]] = {
    "CSV folder": writer.write_csv,
    "upper-case TSV, gzipped": writer.write_upper_case_tsv_gz,
    "Parquet folder": writer.write_parquet,
    "SQLite file": writer.write_sqlite,
    "DuckDB file": in_duckdb,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_findings_are_those_of_the_native_tables(
    shape: str, native: pl.DataFrame, tmp_path: Path
) -> None:
    export = SHAPES[shape](CDM, tmp_path / "in")
    found = findings_of(str(export), tmp_path / "out", mapping="omop")
    assert found.rows() == native.rows()
    assert native.height > 20


def test_a_supply_without_directions_gives_the_same_findings(tmp_path: Path) -> None:
    cdm = writer.cdm_of_cases(directions=False)
    assert cdm["drug_exposure"]["sig"].null_count() == cdm["drug_exposure"].height
    native = writer.write_native(tmp_path / "native", directions=False)
    found, wanted = (
        findings_of(str(export), tmp_path / f"{mapping} out", mapping=mapping, skip=COUNT_DOSES)
        for export, mapping in ((writer.write_csv(cdm, tmp_path / "in"), "omop"),
                                (native, "native"))
    )  # fmt: skip
    assert found.rows() == wanted.rows()
    assert wanted.height > 20


@pytest.mark.parametrize(
    ("directions", "expected"),
    [(True, NOT_IN_A_CDM), (False, NOT_IN_A_CDM | ONLY_IN_DIRECTIONS)],
    ids=["with directions", "without"],
)
def test_what_no_cdm_can_carry_is_known_order_by_order(
    directions: bool, expected: dict[str, str]
) -> None:
    reasons = {
        order["prescription_id"]: why
        for order in writer.case_table("prescriptions")
        if (why := writer.what_cannot_be_carried(order, directions=directions))
    }
    assert reasons == expected
    carried = writer.carried_patients(directions=directions)
    assert len(carried) == 102 - len({key.split("-")[0] for key in expected})


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A PostgreSQL of Debian's in a folder of its own, reached through a socket there."""
    pytest.importorskip("adbc_driver_postgresql")
    pytest.importorskip("nanoarrow")
    if not POSTGRES:
        pytest.skip("no PostgreSQL server is installed")
    own = "postgres" if Path("/proc/self").owner() == "root" else None
    folder = Path(subprocess.check_output(["mktemp", "-d", "-t", "pg-XXXXXX"], text=True).strip())
    if own:
        shutil.chown(folder, own)
    folder.chmod(0o755)

    def run(*words: str, user: str | None = own) -> None:
        subprocess.run(words, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    programs, data = POSTGRES[-1], str(folder / "data")
    run(str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "auditor")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    start = ["-D", data, "-o", options, "-l", str(folder / "log"), "-w"]
    run(str(programs / "pg_ctl"), *start, "start")
    try:
        script = folder / "cdm.sql"
        script.write_text(f"CREATE SCHEMA cdm; SET search_path = cdm;\n{writer.sql_of(CDM)}")
        psql = [str(programs / "psql"), "-h", str(folder), "-U", "auditor", "-v", "ON_ERROR_STOP=1"]
        run(*psql, "-q", "-d", "postgres", "-f", str(script), user=None)
        yield folder
    finally:
        run(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


def test_postgresql_gives_the_same_findings_and_never_shows_the_password(
    postgresql: Path,
    native: pl.DataFrame,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    address = f"postgresql://auditor:open-sesame@/postgres?host={postgresql}"
    found = findings_of(address, tmp_path / "out", mapping="omop")
    assert found.rows() == native.rows()
    said = "".join(capfd.readouterr())
    assert "read" in said
    assert "open-sesame" not in said
    for file in (tmp_path / "out").rglob("*"):
        if file.is_file():
            assert b"open-sesame" not in file.read_bytes(), file


def test_the_tables_of_a_run_are_named_with_their_hashes(tmp_path: Path) -> None:
    export = writer.write_sqlite(CDM, tmp_path / "cdm.sqlite")
    findings_of(str(export), tmp_path / "out", mapping="omop")
    (folder,) = [p for p in (tmp_path / "out").iterdir() if (p / "run.json").exists()][:1]
    said = (folder / "run.json").read_text()
    for table in CDM:
        if not CDM[table].is_empty():
            assert f'"cdm.sqlite {table}"' in said


def test_the_writer_writes_every_order_of_a_carried_patient() -> None:
    carried = set(writer.carried_patients(directions=True))
    orders = [o for o in writer.case_table("prescriptions") if o["patient_id"] in carried]
    assert CDM["drug_exposure"].height == len(orders)
    assert CDM["person"].height == len(carried) == 101
