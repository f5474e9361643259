"""Many rules, and a rule with very many drugs, are loaded and screened in seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from screener.rulebook.library import read_library
from screener.terminology import ingredient_names
from tests.cli.conftest import screener
from tests.cli.invented_clinic import MAX_DOSE, Ended, invented

__all__ = ["screener"]
RULES, SECONDS = 500, 15  # about 0.5 s of CPU on a quiet machine
TERMS = 10_000


def test_five_hundred_rules_are_read_in_seconds(tmp_path: Path) -> None:
    folder = tmp_path / "baclofen"
    folder.mkdir()
    for number in range(RULES):
        name = f"baclofen-max-dose-{number}"
        (folder / f"{name}.yaml").write_text(MAX_DOSE.replace("baclofen-max-dose", name))
    begin = time.process_time()
    rules = read_library(tmp_path).rules
    assert time.process_time() - begin < SECONDS
    assert len({rule.id for rule in rules}) == RULES


def test_a_rule_with_ten_thousand_terms_is_screened(
    tmp_path: Path, screener: Callable[..., Ended]
) -> None:
    clinic = invented(tmp_path)
    members = islice(cycle(sorted(ingredient_names())), TERMS)
    (clinic.rules / "lists").mkdir()
    (clinic.rules / "lists" / "everything.yaml").write_text(
        "list: everything\ntitle: Everything\nversion: 1\nsource: invented\nmembers:\n"
        + "".join(f"  - {name}\n" for name in members)
    )
    rule = MAX_DOSE.replace("of: baclofen by mouth", "of: everything by mouth")
    (clinic.rules / "baclofen" / "baclofen-max-dose.yaml").write_text(rule)
    begin = time.process_time()
    ended = screener(*clinic.run("--jobs", "1"))
    assert time.process_time() - begin < 2 * SECONDS
    assert ended.code == 0
    assert clinic.run_json()["counts"]["patients_with_findings"] == 1
