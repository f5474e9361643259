"""However a rule file is damaged, loading ends in problems with places, never in a fault."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.rule.authoring import LIST, SOUND, problems

ODD_VALUES = ["[]", "{}", "5", "[a, b]", "{a: b}", '""', "yes", "> 3", "[[1]]", "{of: {a: 1}}"]
PLACE = re.compile(r"limits/too-much\.yaml:\d+:\d+: ")


def damaged(seed: int) -> str:
    chance = random.Random(seed)
    lines = SOUND.split("\n")
    at = chance.randrange(len(lines))
    line = lines[at]
    kind = chance.randrange(5)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines[at] = "  " + line
    elif kind == 2:
        lines[at] = f"{line.split(':')[0]}: {chance.choice(ODD_VALUES)}"
    elif kind == 3:
        lines[at] = line.split(":")[0] + ":"
    else:
        cut = chance.randrange(len(line) + 1)
        lines[at] = line[:cut] + chance.choice("[]{}:,-#&*!|>%@ \t\"'0.") + line[cut + 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_damage_is_a_problem_with_a_place_or_does_no_harm(tmp_path: Path, first: int) -> None:
    harmed = 0
    for seed in range(first, first + 20):
        files = {"limits/too-much.yaml": damaged(seed), "lists/sleepers.yaml": LIST}
        found = problems(tmp_path / str(seed), files)
        assert all(PLACE.match(one) for one in found)
        harmed += bool(found)
    assert harmed >= 10
