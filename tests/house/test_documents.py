"""The documents are complete: commands, checks, flags, rules, links, and what a module is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "reports" / "README.md"])
FLAGS = [
    "unmapped-drug",
    "unreadable-sig",
    "missing-concentration",
    "unit",
    "unknown-route",
    "unknown-supply",
    "missing-period",
    "prn-without-maximum",
    "unknown-combination",
    "duplicate-row",
    "ambiguous-overlap",
    "impossible-date",
    "unknown-status",
    "implausible-dose",
    "lab-unit",
    "no-recent-kidney-test",
    "missing-demographics",
    "weight",
    "child",
]


def all_docs() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md")))


def command_names(app: object, before: str = "") -> Iterator[str]:
    """`run`, `rules check`, ... of a typer app."""
    for command in app.registered_commands:  # type: ignore[attr-defined]
        name = command.name or command.callback.__name__.replace("_", "-")
        yield f"{before}{name}"
    for group in app.registered_groups:  # type: ignore[attr-defined]
        yield from command_names(group.typer_instance, f"{before}{group.name} ")


def check_names() -> list[str]:
    from screener.checks import CHECKS

    return sorted(CHECKS)


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown viewer gives the headings of a page."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def links(page: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_every_command_is_documented() -> None:
    from screener.cli import main

    docs = all_docs()
    missing = [name for name in command_names(main.app) if f"screener {name}" not in docs]
    assert not missing, f"no page of docs/ says `screener {missing[0]}`"


def test_every_check_has_a_section() -> None:
    text = (DOCS / "checks.md").read_text(encoding="utf-8")
    missing = [name for name in check_names() if f"**{name}**" not in text]
    assert not missing


def test_the_checks_page_names_no_check_that_is_gone() -> None:
    text = (DOCS / "checks.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^- \*\*([a-z_]+)\*\*", text, re.MULTILINE))
    assert named <= set(check_names())


def test_every_data_flag_stands_in_the_glossary() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert [flag for flag in FLAGS if f"| `{flag}` |" not in text] == []


def test_every_data_flag_that_the_code_can_raise_is_known_here() -> None:
    """A flag is written as `flag=pl.lit("...")`, or as a name in a table of the code."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "screener").rglob("*.py"))
    raised = set(re.findall(r'flag=pl\.lit\("([a-z-]+)"\)', code))
    assert raised <= set(FLAGS)


def test_every_rule_is_named_in_the_documents() -> None:
    rules = [
        p.stem for p in (ROOT / "rules").rglob("*.yaml") if p.parent.name not in {"lists", "sites"}
    ]
    if not rules:
        pytest.skip("no rules yet")
    docs = all_docs()
    assert [rule for rule in sorted(rules) if rule not in docs] == []


def test_every_page_of_docs_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")} - {"index.md"}
    assert [page for page in sorted(pages) if f"({page})" not in index] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for folder in ("screener", "benchmarks", "sample_data")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not silent


def test_every_module_opens_in_at_most_twelve_lines() -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "screener").rglob("*.py"))
        if len((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").splitlines()) > 12
    ]
    assert not long


def test_every_glossary_word_is_defined_once() -> None:
    words = re.findall(
        r"^\| ([a-z][a-zA-Z ,()-]+) \|", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE
    )
    words = [word for word in words if word not in {"word", "flag", "reason"}]
    assert len(words) > 50
    assert sorted(words) == sorted(set(words))


def test_every_clinical_decision_has_its_three_parts() -> None:
    text = (DOCS / "decisions.md").read_text(encoding="utf-8")
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    clinical = [s.split(" ")[0] for s in sections if s.startswith("D")]
    assert len(clinical) >= 20
    assert clinical == [f"D{n}" for n in range(1, len(clinical) + 1)]
    for section in sections:
        for part in ("*Context.*", "*Decision.*", "*Consequence.*"):
            assert part in section, section.split("\n")[0]
