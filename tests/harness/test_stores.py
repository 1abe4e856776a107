"""Bots whose dedup records are in a store of keys: what the checks count there, what its trouble
looks like, and what a race is told by.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import World
from emulator.errors import ScenarioError
from emulator.upstash import ORIGIN
from emulator.upstash import TOKEN as UPSTASH_TOKEN
from harness import stage
from harness.certificate import Certificate
from harness.certify import certify
from harness.errors import ProfileError, UsageError
from harness.explore.budget import BUDGETS
from harness.profile import Profile, Store, load_profile
from harness.scenarios.outages import STORE_QUOTA, Troubled
from harness.stage import services_of, staged
from harness.stores import is_store, operations, writers_since

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "reference_bot" / "upstash.toml"
# Of a profile with an app and a store, as it was before there were several kinds of store.
DIGEST = "f8ef2fe1e478cb76723c6dc335015245552cca415e0eea4c800c7a8e8708968e"


def certified(bot: str, *only: str) -> Certificate:
    profile = load_profile(PROFILE, app=f"reference_bot.{bot}:app")
    return certify(profile, root=ROOT, only=only, budget=BUDGETS["quick"], jobs=1)


@pytest.fixture(scope="module")
def reference() -> Certificate:
    return certified("app", "dedup-records", "store-quota")


def test_reference_bot__is_certified_with_its_records_in_upstash(reference: Certificate) -> None:
    assert reference.certified, reference.output
    observed = {verdict.check: verdict.observed for verdict in reference.verdicts}
    assert observed["dedup-records"] == "10 new records"
    assert observed["store-quota"].startswith("4 messages, 4 publishes, 4 replies")


def test_race__names_the_read_and_the_write() -> None:
    certificate = certified("broken.check_then_set", "race-k2", "ten-rapid")
    by_check = {verdict.check: verdict for verdict in certificate.verdicts}
    rows = [row for row in by_check["race-k2"].evidence if "->" in row]
    told = [row.strip().split(None, 1)[1] for row in rows]
    assert told[0].startswith("reads m_")
    assert told[0].endswith("-> not there")
    assert told[1].startswith("writes m_")
    assert sum("publish -> accepted" in row for row in told) == 2
    remark = next(row for row in by_check["ten-rapid"].evidence if "calls to the store" in row)
    assert "multi-exec" in remark
    assert "eval" in remark


def test_trouble__is_the_stores_own() -> None:
    profile = load_profile(PROFILE)
    with staged(profile, root=ROOT, seed=1) as here:
        troubled = STORE_QUOTA.play(here, "over its limit")
        assert isinstance(troubled, Troubled)
        assert troubled.service == "upstash"
    met = {entry.cause for entry in troubled.record.of("fault")}
    answers = [entry for entry in troubled.record.of("answer") if entry.cause in met]
    # Upstash's status where Firestore's is 429.
    assert {entry.detail["status"] for entry in answers} == {400}


def test_month__may_begin_near_its_end(tmp_path: Path) -> None:
    profile = load_profile(PROFILE)
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"greeting": "hello", "names": ["a", "b"]}))
    near = Store(kind="upstash", seed=seed, commands_used=499_990)
    with staged(replace(profile, store=near), root=ROOT, seed=1) as here, here.world() as world:
        assert world.upstash.meter.used == 499_990
        assert world.keyspace.ask("LRANGE", "names", 0, -1) == [b"a", b"b"]


def test_addresses__are_those_that_the_environment_names() -> None:
    profile = load_profile(PROFILE)
    assert ORIGIN in services_of(profile)
    usual = load_profile(ROOT / "reference_bot" / "thrice.toml")
    assert services_of(usual) == stage.SERVICES
    given = stage.variables(profile)
    assert (given["upstash.url"], given["upstash.token"]) == (ORIGIN, UPSTASH_TOKEN)
    assert given["redis.url"].startswith("redis://")


def test_what_is_not_installed__is_a_mistake_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ScenarioError("a Redis store needs lupa: pip install 'thrice[redis]'")

    monkeypatch.setattr(stage, "load", missing)
    with (
        pytest.raises(UsageError, match=r"^a Redis store needs lupa: pip install"),
        staged(load_profile(PROFILE), root=ROOT, seed=1),
    ):
        pass


def written(tmp_path: Path, store: str) -> Profile:
    (tmp_path / "thrice.toml").write_text(f'[bot]\napp = "bot:app"\n[store]\n{store}\n')
    return load_profile(None, start=tmp_path)


@pytest.mark.parametrize("kind", ["firestore", "upstash", "redis"])
def test_profile__names_the_kind(tmp_path: Path, kind: str) -> None:
    assert written(tmp_path, f'kind = "{kind}"').store == Store(kind=kind)  # type: ignore[arg-type]


def test_profile__keys_may_begin_with_anything(tmp_path: Path) -> None:
    store = written(tmp_path, 'kind = "redis"\ndedup = "bot/seen:"').store
    assert store == Store(kind="redis", dedup="bot/seen:")
    with pytest.raises(ProfileError, match=r'"bot/seen:" is not the path of a collection'):
        written(tmp_path, 'dedup = "bot/seen:"')


def test_profile__counts_commands_where_there_is_a_plan(tmp_path: Path) -> None:
    store = written(tmp_path, 'kind = "upstash"\ncommands_used = 499000').store
    assert store == Store(kind="upstash", commands_used=499_000)
    with pytest.raises(ProfileError, match=r"commands_used: is of no use for \"redis\""):
        written(tmp_path, 'kind = "redis"\ncommands_used = 1')


def test_profile__names_a_server_for_redis_only(tmp_path: Path) -> None:
    store = written(tmp_path, 'kind = "redis"\nserver = "redis-server"').store
    assert store == Store(kind="redis", server="redis-server")
    with pytest.raises(ProfileError, match=r'server: is of no use for "upstash"'):
        written(tmp_path, 'kind = "upstash"\nserver = "redis-server"')


def test_profile__has_the_digest_that_it_had(tmp_path: Path) -> None:
    plain = written(tmp_path, 'kind = "firestore"')
    assert plain.store is not None
    spent = replace(plain, store=replace(plain.store, kind="upstash", commands_used=1))
    unspent = replace(plain, store=replace(plain.store, kind="upstash"))
    assert len({plain.digest(), spent.digest(), unspent.digest()}) == 3
    assert plain.digest() == DIGEST


def test_writes__are_told_by_their_callers() -> None:
    with staged(load_profile(PROFILE), root=ROOT, seed=1) as here, here.world() as world:
        before = operations(world)
        assert list(writers_since(world, before)) == []
        world.meta.message("hello", at=0.0)
        world.run_until_quiet()
        writers = set(writers_since(world, before))
    assert any(writer.startswith("u0.w") for writer in writers)
    assert any(writer.startswith("u0.w0.q0") or ".q0" in writer for writer in writers)


def test_stores__are_known_by_name() -> None:
    assert [name for name in ("firestore", "upstash", "redis", "qstash") if is_store(name)] == [
        "firestore",
        "upstash",
        "redis",
    ]


def test_world__without_a_redis_makes_none() -> None:
    with (
        staged(load_profile(ROOT / "reference_bot" / "thrice.toml"), root=ROOT, seed=1) as here,
        here.world() as world,
    ):
        assert isinstance(world, World)
        world.meta.message("hello", at=0.0)
        world.run_until_quiet()
        assert world.keyspace._engine is None
