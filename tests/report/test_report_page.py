"""The page itself: its policy, its escaping, its sameness, and what it says when things are bad."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest

from screener.outputs.parts import STREAMED
from screener.outputs.report import ReportInput, render
from screener.outputs.tables import SORTED_BY, in_order
from tests.report.invented_clinic import clinic, empty
from tests.report.unpacked import unpack

HOSTILE = "</script><img src=x onerror=alert(1)>\x00=cmd|' /C calc'!A0 \u202eabc"


@pytest.fixture(scope="module")
def page() -> bytes:
    return render(clinic())


def shell(page: bytes) -> str:
    """The page without its packed block."""
    return re.sub(r'(id="packed">)[^<]*', r"\1", page.decode())


def with_run(data: ReportInput, **changes: Any) -> ReportInput:
    return dataclasses.replace(data, run={**data.run, **changes})


BLOCKS = {"p", "li", "td", "th", "h1", "h2", "dt", "dd", "div", "header", "article"}


class Tags(HTMLParser):
    """Collects every start tag and the text outside script and style."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""
        if tag in BLOCKS:
            self.text += " "

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.text += data


def parsed(page: bytes) -> Tags:
    tags = Tags()
    tags.feed(page.decode())
    return tags


def text_of(page: bytes) -> str:
    return " ".join(parsed(page).text.split())


def hash_of(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def policy_of(page: bytes) -> str:
    for tag, attrs in parsed(page).tags:
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy":
            return attrs["content"] or ""
    raise AssertionError("no policy")


def test_the_policy_allows_exactly_the_script_and_the_style_that_are_there(page: bytes) -> None:
    script = re.search(r"<script>(.*?)</script>", page.decode(), re.S)
    style = re.search(r"<style>(.*?)</style>", page.decode(), re.S)
    assert script
    assert style
    policy = policy_of(page)
    assert f"script-src '{hash_of(script[1])}'" in policy
    assert f"style-src '{hash_of(style[1])}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert "unsafe" not in policy


def test_there_is_no_style_attribute_no_event_attribute_and_no_form_target(page: bytes) -> None:
    for tag, attrs in parsed(page).tags:
        names = set(attrs)
        assert "style" not in names, tag
        assert not {n for n in names if n.startswith("on")}, tag
        assert not names & {"action", "formaction", "ping", "srcset", "background"}, tag


def test_nothing_points_outside_the_file(page: bytes) -> None:
    without_namespace = shell(page).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in re.sub(r"http-equiv", "", without_namespace)
    assert "url(//" not in without_namespace
    for tag, attrs in parsed(page).tags:
        assert "src" not in attrs, tag
        assert (attrs.get("href") or "#").startswith("#"), tag


def test_the_script_never_makes_html_from_text_nor_asks_the_network(page: bytes) -> None:
    script = re.search(r"<script>(.*?)</script>", page.decode(), re.S)
    assert script
    never = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(",
             "XMLHttpRequest", "localStorage", "sendBeacon", "createObjectURL")  # fmt: skip
    for word in never:
        assert word not in script[1]


def test_the_same_input_gives_the_same_bytes(page: bytes) -> None:
    assert render(clinic()) == page


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_buckets_does_not_change_the_bytes(seed: int) -> None:
    data = clinic()
    sorted_ = {name: in_order(name, getattr(data, name)) for name in SORTED_BY}
    patients = data.orders["patient_id"].unique().sort().shuffle(seed=seed)
    by_bucket = {
        name: getattr(data, name).sort(pl.col("patient_id").cast(pl.Enum(patients)).to_physical())
        for name in STREAMED
    }
    assert by_bucket["orders"]["patient_id"].to_list() != data.orders["patient_id"].to_list()
    pages = [
        render(ReportInput(run=data.run, **sorted_, **frames))
        for frames in ({name: getattr(data, name) for name in STREAMED}, by_bucket)
    ]
    assert pages[0] == pages[1]


def test_clock_host_and_durations_stay_out(page: bytes) -> None:
    other = with_run(
        clinic(), started_at="2031-01-01T00:00:00Z", host="elsewhere", timings={"read": 99},
        files={"report.html": {"bytes": 1}},
    )  # fmt: skip
    assert render(other) == page
    assert b"night-host" not in page


def test_lazy_frames_are_as_good_as_eager_ones(page: bytes) -> None:
    data = clinic()
    lazy = {name: getattr(data, name).lazy() for name in ("orders", "timeline", "kidney")}
    assert render(dataclasses.replace(data, **lazy)) == page


def hostile_clinic() -> ReportInput:
    data = clinic()
    swap = pl.col("patient_id").replace({"P0001": HOSTILE, "P0002": "=HYPERLINK(1)"})
    frames = {
        name: getattr(data, name).with_columns(swap)
        for name in ("findings", "orders", "timeline", "kidney", "data_flags", "not_assessed")
    }
    frames["findings"] = frames["findings"].with_columns(
        message=pl.lit(HOSTILE), subject=pl.lit(HOSTILE), site_id=pl.lit(HOSTILE),
        severity=pl.lit("critical"),
    )  # fmt: skip
    frames["orders"] = frames["orders"].with_columns(drug=pl.lit(HOSTILE + "x" * 300))
    rules = [
        {**r, "title": HOSTILE, "why": HOSTILE, "sentence": HOSTILE} for r in data.run["rules"]
    ]
    changed = with_run(
        data, rules=rules, notices=[HOSTILE], command=HOSTILE, run_id=HOSTILE, version=HOSTILE,
        unmapped=[{"text": HOSTILE, "orders": 1}],
        inputs=[{**data.run["inputs"][0], "file": HOSTILE}],
    )  # fmt: skip
    return dataclasses.replace(changed, **frames)


def test_hostile_strings_are_text_and_nothing_else() -> None:
    page = render(hostile_clinic())
    tags = parsed(page)
    assert not [tag for tag, _ in tags.tags if tag == "img"]
    assert "<img" not in shell(page)
    assert page.count(b"</script>") == 2
    assert "\x00" not in page.decode()
    assert "<img src=x onerror=alert(1)>" in tags.text
    _, tables = unpack(page)
    assert HOSTILE in {row["patient_id"] for row in tables["findings"]}


def test_an_empty_run_of_which_nothing_is_recorded_says_so() -> None:
    text = text_of(render(empty()))
    assert "No findings" in text
    assert "This run is incomplete" in text
    assert "not recorded" in text
    assert "No files recorded." in text


def test_no_findings_says_how_many_rules_ran_on_whom() -> None:
    data = clinic()
    nothing = dataclasses.replace(
        with_run(data, counts={"patients": 60, "orders": 205}),
        findings=data.findings.clear(),
        pilot_findings=data.pilot_findings.clear(),
        outcomes=data.outcomes.filter(pl.col("outcome") != "flagged"),
    )
    text = text_of(render(nothing))
    assert "No findings 11 of 12 rules ran on 60 patients at 4 sites." in text
    assert "Numbers do not agree" not in text


def test_an_incomplete_run_says_so_before_any_number() -> None:
    page = render(with_run(clinic(), complete=False, incomplete_reasons=["SITE-C is missing."]))
    text = text_of(page)
    assert text.index("This run is incomplete") < text.index("critical findings")
    assert "SITE-C is missing." in text
    assert "incomplete run" in text[text.rindex("Run 7f3a") :]


def test_a_complete_run_has_no_such_notice(page: bytes) -> None:
    assert "incomplete" not in text_of(page)


def test_the_first_run_says_that_there_is_nothing_to_compare_with(page: bytes) -> None:
    assert "First run: nothing to compare with." in text_of(page)


def test_the_prompt_stands_under_every_list_and_forbidden_words_nowhere(page: bytes) -> None:
    text = text_of(page)
    prompt = (
        "Prompts for clinical review, not confirmed errors. "
        "No finding does not mean a list is safe."
    )
    assert text.count(prompt) >= 4
    rest = text.replace(prompt, "").lower()
    for word in ("error", "violation", "passed", "harmful", "resolved"):
        assert word not in rest, word


def test_a_file_that_does_not_add_up_is_named() -> None:
    data = clinic()
    inputs = [{**data.run["inputs"][0], "used": 1}]
    assert "does not add up" in text_of(render(with_run(data, inputs=inputs)))
    assert "does not add up" not in text_of(render(data))


def test_a_rule_that_did_not_run_gives_its_reason_and_no_rate(page: bytes) -> None:
    assert "Not run: no laboratory results were supplied" in text_of(page)


def test_nobody_in_scope_is_not_a_rate_of_zero(page: bytes) -> None:
    assert "not applicable, no patients" in text_of(page)


def test_pilot_findings_are_in_no_headline_number(page: bytes) -> None:
    text = text_of(page)
    assert "5 findings of pilot rules are kept apart" in text
    assert "60 findings 35 active" in text


def test_values_of_rows_set_aside_are_not_shown(page: bytes) -> None:
    assert "31/31/26" not in page.decode()
    header, _ = unpack(page)
    assert "set_aside" not in header["tables"]


def test_missing_keys_inside_entries_are_not_recorded_rather_than_a_crash() -> None:
    bare = with_run(
        clinic(), inputs=[{"file": "a.csv"}], rules=[{"id": "baclofen-max-dose"}], checks=[{}],
        coverage={"drugs_mapped": None}, unmapped=[{}], counts=None, lists=None,
    )  # fmt: skip
    assert "not recorded" in text_of(render(bare))
