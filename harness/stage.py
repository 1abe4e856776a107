"""The stage: a profile's bot in the simulation, ready to have worlds made around it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from emulator import HostProfile, Simulation, World
from emulator.chance import Chance
from emulator.meta.credentials import Credentials
from emulator.meta.delivery import Spacing
from emulator.qstash.service import DEFAULT_CURRENT_KEY, DEFAULT_NEXT_KEY, DEFAULT_TOKEN
from emulator.schedule import Fifo, Schedule
from emulator.stubs import Answer, Stub
from harness.errors import ProfileError
from harness.profile import Profile, render_env


def variables(profile: Profile) -> Mapping[str, str]:
    """What the templates of `[bot.env]` may name."""
    meta = Credentials()
    return {
        "meta.app_secret": meta.app_secret,
        "meta.verify_token": meta.verify_token,
        "meta.page_token": meta.page_token,
        "meta.page_id": meta.page_id,
        "meta.app_id": meta.app_id,
        "meta.graph_url": "https://graph.facebook.com/v23.0",
        "qstash.url": "https://qstash.upstash.io",
        "qstash.token": DEFAULT_TOKEN,
        "qstash.current_key": DEFAULT_CURRENT_KEY,
        "qstash.next_key": DEFAULT_NEXT_KEY,
        "firestore.url": "https://firestore.googleapis.com/v1",
        "firestore.project": "demo-thrice",
        "firestore.token": "thrice-firestore-token",
        "bot.public_url": profile.bot.public_url,
    }


class Stage:
    """Makes worlds around one bot. One world at a time."""

    def __init__(self, profile: Profile, simulation: Simulation, *, seed: int) -> None:
        self.profile = profile
        self.seed = seed
        self.simulation = simulation
        self._store_seed = _read_seed(profile)
        self._stubs = _stubs(profile)

    @contextmanager
    def world(
        self,
        *,
        spacing: Spacing = "at-once",
        copies: int = 3,
        schedule: Callable[[Chance], Schedule] = Fifo,
    ) -> Iterator[World]:
        """A fresh world; closed at the end, whatever happens."""
        profile = self.profile
        with World(
            self.simulation.connect,
            seed=f"{self.seed}/{spacing}/{copies}",
            host=HostProfile(
                kind=profile.host.kind,
                instances=profile.host.instances,
                max_instances=profile.host.max_instances,
                timeout_s=profile.host.timeout_s,
            ),
            public_url=profile.bot.public_url,
            webhook=profile.bot.webhook,
            copies=copies,
            spacing=spacing,
            schedule=schedule,
            services=self._stubs,
        ) as world:
            for path, fields in self._store_seed.items():
                world.firestore.put(path, fields)
            yield world


@contextmanager
def simulated(profile: Profile, *, root: Path, seed: int) -> Iterator[Stage]:
    """Set the simulation up for a bot below `root`; everything is undone at the end."""
    env = render_env(profile, variables(profile))
    with Simulation(profile.bot.app, root=root, env=env) as simulation:
        yield Stage(profile, simulation, seed=seed)


def _stubs(profile: Profile) -> tuple[Stub, ...]:
    return tuple(
        Stub(
            host=service.host,
            method=service.method,
            path=service.path,
            answers=tuple(
                Answer(
                    status=answer.status,
                    headers=answer.headers,
                    body=answer.body,
                    latency_s=answer.latency_s,
                    fault=answer.fault,
                )
                for answer in service.answers
            ),
        )
        for service in profile.services
    )


def _read_seed(profile: Profile) -> dict[str, dict[str, object]]:
    if profile.store is None or profile.store.seed is None:
        return {}
    path = profile.store.seed
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ProfileError(f"[store] seed: {path} can not be read as JSON: {error}") from error
    if not isinstance(content, dict) or not all(
        isinstance(fields, dict) for fields in content.values()
    ):
        raise ProfileError(
            f"[store] seed: {path} must be an object of documents, "
            'for example {"settings/bot": {"greeting": "hello"}}'
        )
    return content
