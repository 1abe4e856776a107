"""`thrice serve` for a bot with a Redis store: its clients find it where the environment says."""

from dataclasses import replace

import pytest
import redis
import upstash_redis

from emulator.net.ports import free_port
from emulator.serving import Serving
from harness.live import environment_of, not_told, ports_of
from harness.profile import Profile, Store, StoreKind, load_profile, with_ports
from tests.e2e.support import ROOT


def profile_of(kind: StoreKind) -> Profile:
    path = ROOT / "tests" / "bots" / "node" / f"{kind}.toml"
    profile = load_profile(path, url=f"http://127.0.0.1:{free_port()}")
    own = tuple(free_port() for _ in range(4))
    return replace(with_ports(profile, own), store=Store(kind=kind))


@pytest.mark.parametrize("kind", ["upstash", "redis"])
def test_store__is_where_the_environment_says(kind: StoreKind) -> None:
    profile = profile_of(kind)
    ports = ports_of(profile)
    assert not_told(profile) == []
    with Serving(
        ports=ports,
        public_url=profile.bot.public_url,
        bot_url=profile.bot.url,
        webhook=profile.bot.webhook,
    ) as serving:
        environment = environment_of(profile, ports)
        if kind == "redis":
            with redis.Redis.from_url(environment["REDIS_URL"]) as client:
                assert client.set("k", "v", nx=True)
        else:
            url, token = (environment[f"UPSTASH_REDIS_REST_{name}"] for name in ("URL", "TOKEN"))
            with upstash_redis.Redis(url, token) as rest:
                assert rest.set("k", "v", nx=True)
        assert serving.served.keyspace.ask("GET", "k") == b"v"
