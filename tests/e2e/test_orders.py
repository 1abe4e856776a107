"""The search of all orders against bots that are processes: the classes of the simulation."""

import sys
from pathlib import Path

import pytest

from harness.explore.complete import SleepSets
from harness.explore.scene import Scene
from harness.explore.search import Search
from harness.explore.worlds import Race
from harness.live import started
from harness.profile import load_profile

FOLDER = Path(__file__).parents[1] / "explore"
PROFILE = """
[bot]
command = "{python} -m uvicorn design_bot:app --port {{port}} --log-level warning --lifespan off"
[bot.env]
DESIGN = "{design}"
FIRESTORE_URL = "{{firestore.url}}"
FIRESTORE_PROJECT = "{{firestore.project}}"
FIRESTORE_TOKEN = "{{firestore.token}}"
PUBLIC_URL = "{{bot.public_url}}"
QSTASH_URL = "{{qstash.url}}"
QSTASH_TOKEN = "{{qstash.token}}"
[host]
instances = 2
max_instances = 2
[expect]
replies = 0
"""


@pytest.mark.parametrize(
    ("design", "classes"),
    [
        ("atomic claim", (2, 0, 2)),
        ("check, set, publish", (4, 2, 4)),
        ("read-back lock", (6, 2, 10)),
    ],
)
def test_live_bot__has_the_classes_of_the_simulation(
    design: str, classes: tuple[int, int, int], tmp_path: Path
) -> None:
    file = tmp_path / "thrice.toml"
    file.write_text(PROFILE.format(python=sys.executable, design=design))
    with started(load_profile(file), root=FOLDER, seed=1) as stage:
        race = Race(stage, Scene("ab"), exchange=False)
        found, rest = Search(policy=SleepSets()).run(race)
    assert rest == []
    assert (found.complete, found.bad, found.blocked) == classes
