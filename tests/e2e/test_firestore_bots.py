"""A bot whose store is Firestore by Google's client for Node, in a process of its own."""

from harness.live import started
from harness.profile import load_profile
from tests.e2e.firestore_support import NODE_FOLDER, needs_clients
from tests.e2e.support import few


@needs_clients
def test_bot_that_speaks_grpc__is_driven_as_any_other() -> None:
    profile = few(load_profile(NODE_FOLDER / "thrice.toml"), 1)
    with started(profile, root=NODE_FOLDER, seed=1) as stage, stage.world(copies=1) as world:
        world.meta.message("hello")
        world.run_until_quiet()
        calls = [
            (call.detail["service"], call.detail["verb"]) for call in world.journal.entries("call")
        ]
        assert world.findings() == []
        assert world.firestore.count("processedMessages") == 1
    assert calls == [
        ("firestore", "batchGet"),
        ("firestore", "commit"),
        ("qstash", "publish"),
        ("graph", "send"),
    ]
