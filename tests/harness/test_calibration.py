"""Calibration: a bot that does the same each time is told from one that does not."""

from pathlib import Path

from harness.calibration import Calibration, calibrate
from harness.profile import load_profile
from harness.stage import simulated

ROOT = Path(__file__).parents[2]

DOCUMENTS = "https://firestore.googleapis.com/v1/projects/p/databases/(default)/documents"

# Asks for a document the first time, and for another one from then on.
FICKLE = """
import itertools, httpx
numbers = itertools.count()
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("lifespan")
    async with httpx.AsyncClient() as client:
        name = "first" if COUNT() == 0 else "other"
        root = "https://firestore.googleapis.com/v1/projects/p/databases/(default)/documents"
        await client.get(f"{root}/notes/{name}")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""


def test_deterministic_bot__makes_the_same_calls_five_times() -> None:
    profile = load_profile(ROOT / "reference_bot" / "thrice.toml")
    with simulated(profile, root=ROOT, seed=1) as stage:
        found = calibrate(stage)
    assert found.sentence == "deterministic: 5 serial runs made the same 8 calls"


def test_fickle_bot__is_told_with_the_first_difference(tmp_path: Path) -> None:
    marker = tmp_path / "asked"
    (tmp_path / "fickle_bot.py").write_text(
        FICKLE
        + "from pathlib import Path\n"
        + "def COUNT():\n"
        + f"    path = Path({str(marker)!r})\n"
        + "    seen = path.exists()\n"
        + "    path.touch()\n"
        + "    return int(seen)\n"
    )
    profile = load_profile(None, app="fickle_bot:app", start=tmp_path)
    with simulated(profile, root=tmp_path, seed=1) as stage:
        found = calibrate(stage)
    assert found.sentence == (
        "not deterministic: of 5 serial runs, "
        f"run 2 called firestore (get) at u0.w0#0: {DOCUMENTS}/notes/other, "
        f"where the first called firestore (get) at u0.w0#0: {DOCUMENTS}/notes/first"
    )


def test_other_number_of_calls__is_a_difference() -> None:
    found = Calibration(5, 8, "run 3 made 9 calls, and the first made 8")
    assert found.sentence == (
        "not deterministic: of 5 serial runs, run 3 made 9 calls, and the first made 8"
    )
