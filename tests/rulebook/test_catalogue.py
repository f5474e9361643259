"""`rules docs`: pages without scripts: what a rule says, and what it does in its stories."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from screener.checks.bucket import screen_bucket
from screener.cli.main import ended_with
from screener.rulebook.catalogue import INDEX, catalogue, page_of
from screener.rulebook.library import load_library
from screener.rulebook.read import sentence
from screener.rulebook.story_picture import WIDTH, Flagged, picture_of
from tests.rule.authoring import LIST, SOUND, changed, folder_with, load

HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)> & 'more'"
STORIES = (
    SOUND.split("  - story")[0]
    + """\
  - story: raised during treatment
    egfr: 59.9 on day -10
    takes: {baclofen: "60 mg/day for 28 days, 85 mg/day for 14 days"}
    expect: flag high from day 28
  - story: not what comes out
    takes: {baclofen: 40 mg/day for 28 days}
    expect: flag high from day 0
  - story: with another drug
    takes:
      - {baclofen: 40 mg/day for 28 days}
      - {diazepam: 5 mg as needed up to 3 times a day for 10 days from day 5}
      - {baclofen: unknown dose for 28 days from day 30}
    expect: not assessed
"""
)


class Tags(HTMLParser):
    """Every start tag with its attributes, and the open tags that were never closed."""

    VOID = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.found if name == tag]


def pages_of(tmp_path: Path, text: str = SOUND) -> dict[str, str]:
    files = {"limits/too-much.yaml": text, "lists/sleepers.yaml": LIST}
    return catalogue(load_library(folder_with(tmp_path, files)), screen_bucket)


def test_one_page_a_rule_and_an_index_that_leads_to_each(tmp_path: Path) -> None:
    pages = pages_of(tmp_path)
    assert sorted(pages) == [INDEX, "too-much.html"]
    links = [one["href"] for one in Tags(pages[INDEX]).all("a")]
    assert "too-much.html" in links
    assert [one["href"] for one in Tags(pages["too-much.html"]).all("a")] == ["#main", INDEX]


def test_a_rule_called_index_takes_no_page_away() -> None:
    assert page_of("index") != INDEX
    assert page_of("a") == "a.html"


def test_a_page_says_all_that_is_known_of_the_rule(tmp_path: Path) -> None:
    (rule,) = load_library(folder_with(tmp_path, {"limits/too-much.yaml": SOUND}))
    page = pages_of(tmp_path)["too-much.html"]
    for words in (
        rule.title, sentence(rule), rule.fingerprint, "version 1", "a label, section 2",
        "read 22 Nov 2026", "second-pharmacist", "22 Nov 2027", "more_than, severity",
        "limits/too-much.yaml", "80 mg/day", "exactly at the limit", "Expected: clear",
    ):  # fmt: skip
        assert words in page, words


def test_drugs_of_lists_are_written_out(tmp_path: Path) -> None:
    text = changed(("    of: baclofen by mouth", "    of: list sleepers by mouth"))
    page = pages_of(tmp_path, text)["too-much.html"]
    members = re.search(r'<p class="members">(.*?) <span', page)
    assert members is not None
    assert {"diazepam", "morphine"} <= set(members[1].split(", "))
    assert "codeine" not in members[1].split(", ")


@pytest.mark.parametrize("name", [INDEX, "too-much.html"])
def test_the_policy_allows_the_one_style_sheet_and_nothing_else(tmp_path: Path, name: str) -> None:
    page = pages_of(tmp_path)[name]
    tags = Tags(page)
    (policy,) = [one["content"] for one in tags.all("meta") if "http-equiv" in one]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert tags.open == []
    assert not [tag for tag, _ in tags.found if tag in {"script", "link", "img", "iframe"}]
    assert not [attrs for _, attrs in tags.found if "style" in attrs or any(
        key.startswith("on") for key in attrs)]  # fmt: skip


def test_texts_of_a_rule_stay_texts(tmp_path: Path) -> None:
    quoted = HOSTILE.replace('"', "'")
    text = changed(
        ("title: Oral baclofen above 80 mg a day", f'title: "{quoted}"'),
        ("{source: a label,", f'{{source: "{quoted}",'),
        ("  - story: exactly at the limit", f'  - story: "{quoted}"'),
    )
    pages = pages_of(tmp_path, text)
    for page in pages.values():
        assert "<script" not in page
        assert "<img" not in page
        assert Tags(page).open == []
    assert pages["too-much.html"].count("&lt;script&gt;alert(1)") >= 4


def test_equal_rules_give_equal_pages(tmp_path: Path) -> None:
    assert pages_of(tmp_path) == pages_of(tmp_path)


def test_a_story_that_comes_out_otherwise_says_so(tmp_path: Path) -> None:
    page = pages_of(tmp_path, STORIES)["too-much.html"]
    assert page.count("but came out:") == 1
    assert "but came out: clear" in page


def test_the_days_that_the_engine_flags_are_shaded(tmp_path: Path) -> None:
    page = pages_of(tmp_path, STORIES)["too-much.html"]
    first = page.split('<svg class="picture"')[1]
    assert "high: day 28 to 41" in first
    assert "Flagged: high from day 28 to day 41." in first
    shapes = [attrs for tag, attrs in Tags(first.split("</svg>")[0]).found if tag == "rect"]
    shade = next(one for one in shapes if one.get("class") == "shade found-high")
    bars = [one for one in shapes if one.get("class") == "bar"]
    assert float(shade["x"]) == float(bars[1]["x"])
    assert float(bars[0]["height"]) < float(bars[1]["height"])


def story_of(tmp_path: Path, number: int) -> Any:
    return load(tmp_path, STORIES).stories[number]


def test_a_story_has_a_lane_for_each_drug_and_each_kind_of_event(tmp_path: Path) -> None:
    drawn = picture_of(story_of(tmp_path, 2), ())
    texts = [shape.text for shape in drawn.shapes if shape.kind.startswith("lane")]
    assert texts == ["baclofen", "diazepam"]
    doses = [shape.text for shape in drawn.shapes if shape.kind == "dose"]
    assert doses == ["40 mg/day", "unknown dose", "as needed, up to 15 mg/day"]
    kinds = [shape.kind for shape in drawn.shapes if shape.kind.startswith("bar")]
    assert kinds == ["bar", "bar bar-unknown", "bar bar-needed"]
    first = picture_of(story_of(tmp_path, 0), ())
    assert "eGFR" in [shape.text for shape in first.shapes]
    assert next(shape.text for shape in first.shapes if shape.kind == "tick") != "day 0"
    assert "eGFR 59.9 mL/min/1.73m2 from day -10" in first.description


def test_every_shipped_story_can_be_drawn_inside_its_frame() -> None:
    folder = Path(__file__).resolve().parents[2] / "rules"
    stories = [story for rule in load_library(folder) for story in rule.stories]
    assert len(stories) > 100
    flagged = [Flagged(3, 3, "high", "definite", "a"), Flagged(0, 900, "low", "possible", "b")]
    for story in stories:
        drawn = picture_of(story, flagged)
        for shape in drawn.shapes:
            left = float(shape.at.get("x", shape.at.get("x1", shape.at.get("cx", 0))))
            right = left + float(shape.at.get("width", 0))
            assert 0 <= left <= right <= WIDTH, (story.where, shape)
            top = float(shape.at.get("y", shape.at.get("y1", shape.at.get("cy", 0))))
            assert 0 <= top <= drawn.height, (story.where, shape)


def test_pages_of_rules_that_are_gone_are_removed_and_other_files_stay(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {"limits/too-much.yaml": SOUND})
    out = tmp_path / "out"
    docs = ["rules", "docs", "--rules", str(folder), "--out", str(out)]
    assert ended_with(docs) == 0
    (out / "mine.html").write_text("<p>mine</p>", encoding="utf-8")
    (folder / "limits" / "too-much.yaml").unlink()
    folder_with(tmp_path, {"limits/other.yaml": changed(("rule: too-much", "rule: other"))})
    assert ended_with(docs) == 0
    assert sorted(p.name for p in out.iterdir()) == [INDEX, "mine.html", "other.html"]


def test_a_page_of_somebody_else_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_with(tmp_path, {"limits/too-much.yaml": SOUND})
    (tmp_path / INDEX).write_text("<p>mine</p>", encoding="utf-8")
    assert ended_with(["rules", "docs", "--rules", str(folder), "--out", str(tmp_path)]) == 2
    assert "not one of the catalogue" in capsys.readouterr().err
    assert (tmp_path / INDEX).read_text(encoding="utf-8") == "<p>mine</p>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium on this machine: `make browser` installs one where it can")
    driver = pytest.importorskip("playwright.sync_api")
    with driver.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--headless", "--disable-gpu", "--no-first-run"]
        opened = playwright.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1366, 640])
def test_a_browser_shows_the_pages_whole_and_says_nothing(
    browser: Any, tmp_path: Path, width: int
) -> None:
    for name, text in pages_of(tmp_path, STORIES).items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 768})
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        outside = """() => [...document.querySelectorAll(".picture")].flatMap(picture => {
            const frame = picture.getBoundingClientRect();
            return [...picture.querySelectorAll("text")].filter(text => {
                const box = text.getBoundingClientRect();
                return box.left < frame.left - 1 || box.right > frame.right + 1;
            }).map(text => text.textContent);
        })"""
        assert page.evaluate(outside) == []
        assert said == []
        assert asked == [path.as_uri()]
        page.close()
