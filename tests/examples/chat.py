"""A scenario without pytest: two users, a night, and what the world has written down."""

from collections.abc import Mapping
from pathlib import Path

from emulator import HostProfile, Simulation, World
from harness.profile import load_profile, render_env
from harness.stage import variables


def main() -> None:
    profile = load_profile(Path("reference_bot/thrice.toml"))
    env: Mapping[str, str] = render_env(profile, variables(profile))
    with (
        Simulation(profile.bot.app, root=Path.cwd(), env=env) as simulation,
        World(simulation.connect, seed=1, host=HostProfile(kind="lambda"), copies=3) as world,
    ):
        first = world.meta.message("good evening", sender="ada")
        world.meta.message("hello", sender="ben", at=2.5)
        world.run_until_quiet()
        world.advance(hours=8)
        world.meta.message("good morning", sender="ada")
        world.run_until_quiet()

        for entry in world.journal.entries("message", "publish", "duplicate", "reply"):
            text = entry.detail.get("text", "")
            print(f"{entry.time:10.3f}  {entry.kind:9}  {entry.name:12}  {text}".rstrip())
        print(f"{first.root}: {world.journal.tally(first.root).publishes} publish")
        print(f"queue: {world.qstash.published} accepted, {world.qstash.pending()} pending")
        print(f"findings: {len(world.findings())}")


if __name__ == "__main__":
    main()
