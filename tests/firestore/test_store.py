import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from emulator.firestore.errors import AlreadyExistsError, FirestoreError, NotFoundError
from emulator.firestore.store import Documents
from emulator.firestore.values import Fields
from emulator.firestore.writes import Delete, Precondition, Transform, Update, Write

ROOT = "projects/p/databases/d/documents"
USERS = ROOT + "/users"


def still() -> float:
    """A clock that does not move."""
    return 1_790_000_000.0


def ids(store: Documents, collection: str = USERS) -> list[str]:
    return [document.name.rpartition("/")[2] for document in store.in_collection(collection)]


# -- time ------------------------------------------------------------------------------------------


def test_commit__times_strictly_increase_while_the_clock_stands_still() -> None:
    store = Documents(still)
    times = [store.commit([Update(f"{USERS}/u{at}", {})]).time_us for at in range(5)]
    assert times == [1_790_000_000_000_000 + at for at in range(5)]


def test_commit__follows_the_clock_once_it_is_ahead() -> None:
    now = [100.0]
    store = Documents(lambda: now[0])
    store.commit([])
    store.commit([])
    now[0] = 200.0
    assert store.commit([]).time_us == 200_000_000


def test_commit__gives_all_its_writes_one_time() -> None:
    store = Documents(still)
    done = store.commit([Update(f"{USERS}/u{at}", {}) for at in range(3)])
    assert {result.updated_us for result in done.results} == {done.time_us}


def test_read_time__is_never_before_the_last_commit() -> None:
    store = Documents(still)
    for _ in range(3):
        done = store.commit([])
    assert store.read_us == done.time_us


# -- commits ---------------------------------------------------------------------------------------


def test_commit__that_fails_applies_nothing() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/kept", {"n": 1})])
    before = store.committed_us
    with pytest.raises(NotFoundError):
        store.commit(
            [
                Update(f"{USERS}/new", {}),
                Delete(f"{USERS}/kept"),
                Update(f"{USERS}/missing", {}, condition=Precondition(exists=True)),
            ]
        )
    assert ids(store) == ["kept"]
    assert store.committed_us == before


def test_commit__writes_see_the_earlier_ones() -> None:
    store = Documents(still)
    name = f"{USERS}/u1"
    done = store.commit(
        [
            Update(name, {"n": 1}, condition=Precondition(exists=False)),
            Update(name, {}, (), (Transform(("n",), "increment", 2),), Precondition(exists=True)),
        ]
    )
    document = store.get(name)
    assert document is not None
    assert document.fields == {"n": 3}
    assert done.results[1].transforms == (3,)


def test_commit__only_one_of_many_creates_wins() -> None:
    store = Documents(still)
    create = Update(f"{USERS}/u1", {}, condition=Precondition(exists=False))
    store.commit([create])
    with pytest.raises(AlreadyExistsError, match=rf"^Document already exists: {USERS}/u1$"):
        store.commit([create])


# -- reading ---------------------------------------------------------------------------------------


def test_batch_get__names_each_document_once() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/b", {})])
    found = store.batch_get([f"{USERS}/b", f"{USERS}/a", f"{USERS}/b"])
    assert [(name, document is not None) for name, document in found] == [
        (f"{USERS}/b", True),
        (f"{USERS}/a", False),
    ]


def test_databases__never_mix() -> None:
    store = Documents(still)
    store.commit([Update("projects/p/databases/one/documents/users/u1", {})])
    assert store.get("projects/p/databases/two/documents/users/u1") is None
    assert store.count("projects/p/databases/two/documents/users") == 0


def test_subcollections__are_not_part_of_their_parent() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/u1", {}), Update(f"{USERS}/u1/notes/n1", {})])
    assert store.count(USERS) == 1
    assert ids(store, f"{USERS}/u1/notes") == ["n1"]


def test_page__walks_in_the_order_of_names() -> None:
    store = Documents(still)
    for one in ("c", "a", "é", "b", "z"):
        store.commit([Update(f"{USERS}/{one}", {})])
    walked: list[str] = []
    after = None
    while True:
        page = store.page(USERS, size=2, after=after)
        walked += [document.name.rpartition("/")[2] for document in page.documents]
        if not page.more:
            break
        after = walked[-1]
    assert walked == ["a", "b", "c", "z", "é"]


def test_page__walks_backwards() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/{one}", {}) for one in "abcde"])
    first = store.page(USERS, size=3, descending=True)
    rest = store.page(USERS, size=3, after="c", descending=True)
    names = [document.name[-1] for document in first.documents + rest.documents]
    assert names == ["e", "d", "c", "b", "a"]
    assert (first.more, rest.more) == (True, False)


def test_page__stays_sorted_through_later_changes() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/{one}", {}) for one in "bd"])
    store.page(USERS, size=1)
    store.commit([Update(f"{USERS}/a", {}), Update(f"{USERS}/c", {}), Delete(f"{USERS}/b")])
    page = store.page(USERS, size=9)
    assert [document.name[-1] for document in page.documents] == ["a", "c", "d"]


def test_page__goes_on_behind_a_document_that_has_gone() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/{one}", {}) for one in "abc"])
    store.commit([Delete(f"{USERS}/b")])
    page = store.page(USERS, size=9, after="b")
    assert [document.name[-1] for document in page.documents] == ["c"]


def test_page__of_nothing_is_empty() -> None:
    page = Documents(still).page(USERS, size=9)
    assert page.documents == ()
    assert not page.more


# -- what is new -----------------------------------------------------------------------------------


def created(store: Documents, mark: int) -> list[str]:
    return [document.name.rpartition("/")[2] for document in store.created_after(USERS, mark)]


def test_created_after__is_creations_net_of_deletions() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/old", {})])
    mark = store.committed_us
    store.commit([Update(f"{USERS}/{one}", {}) for one in "zab"])
    store.commit([Update(f"{USERS}/old", {"touched": True}), Delete(f"{USERS}/a")])
    assert created(store, mark) == ["z", "b"]


def test_created_after__counts_a_document_made_anew() -> None:
    store = Documents(still)
    store.commit([Update(f"{USERS}/{one}", {}) for one in "ab"])
    mark = store.committed_us
    store.commit([Delete(f"{USERS}/a"), Update(f"{USERS}/a", {})])
    assert created(store, mark) == ["a"]
    assert ids(store) == ["b", "a"]


# -- size ------------------------------------------------------------------------------------------


def test_store__holds_its_documents_and_nothing_else() -> None:
    store = Documents(still)
    for at in range(20_000):
        store.commit([Update(f"{USERS}/u{at % 100}", {"n": at})])
        store.commit([Update(f"{ROOT}/temporary{at}/t", {}), Delete(f"{ROOT}/temporary{at}/t")])
    assert vars(store).keys() == {*("_unix", "_collections", "_named", "committed_us", "on_commit")}
    assert vars(store)["_named"] == {"users": {USERS: None}}
    assert list(store.collections()) == [USERS]
    assert len(store) == store.count(USERS) == 100


# -- against a model -------------------------------------------------------------------------------

names = st.sampled_from([f"{USERS}/{one}" for one in "abcd"] + [f"{ROOT}/other/a"])
bodies = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 3), max_size=2)


@st.composite
def some_writes(draw: st.DrawFn) -> list[Write]:
    writes: list[Write] = []
    for _ in range(draw(st.integers(1, 3))):
        condition = Precondition(exists=draw(st.sampled_from([None, None, True, False])))
        if draw(st.booleans()):
            mask = draw(st.sampled_from([None, (), (("x",),), (("x",), ("y",))]))
            writes.append(Update(draw(names), dict(draw(bodies)), mask, condition=condition))
        else:
            writes.append(Delete(draw(names), condition))
    return writes


def expected_after(model: dict[str, Fields], writes: list[Write]) -> dict[str, Fields] | None:
    """The model after a commit, or None when the commit has to fail."""
    after = {name: dict(fields) for name, fields in model.items()}
    for write in writes:
        there = write.name in after
        if write.condition.exists is not None and write.condition.exists is not there:
            return None
        if isinstance(write, Delete):
            after.pop(write.name, None)
        elif write.mask is None:
            after[write.name] = dict(write.fields)
        else:
            fields = after.setdefault(write.name, {})
            for (key,) in write.mask:
                fields.pop(key, None)
                if key in write.fields:
                    fields[key] = write.fields[key]
    return after


class StoreAgainstDict(RuleBasedStateMachine):
    """Any sequence of commits leaves the store as it leaves a plain dict."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.store = Documents(lambda: self.now)
        self.model: dict[str, Fields] = {}
        self.last_us = -1

    @rule(seconds=st.floats(0, 10))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(writes=some_writes())
    def commit(self, writes: list[Write]) -> None:
        expected = expected_after(self.model, writes)
        try:
            done = self.store.commit(writes)
        except FirestoreError:
            assert expected is None
        else:
            assert expected is not None
            assert done.time_us > self.last_us
            self.last_us = done.time_us
            self.model = expected

    @rule(size=st.integers(1, 3), descending=st.booleans())
    def walk(self, size: int, descending: bool) -> None:
        walked: list[str] = []
        page = self.store.page(USERS, size=size, descending=descending)
        while True:
            walked += [document.name for document in page.documents]
            if not page.more:
                break
            after = walked[-1].rpartition("/")[2]
            page = self.store.page(USERS, size=size, after=after, descending=descending)
        expected = sorted(name for name in self.model if name.startswith(USERS + "/"))
        assert walked == (expected[::-1] if descending else expected)

    @invariant()
    def same_documents(self) -> None:
        for name in ("a", "b", "c", "d"):
            document = self.store.get(f"{USERS}/{name}")
            held = None if document is None else document.fields
            assert held == self.model.get(f"{USERS}/{name}")
        assert len(self.store) == len(self.model)

    @invariant()
    def oldest_first(self) -> None:
        times = [document.created_us for document in self.store.in_collection(USERS)]
        assert times == sorted(times)


TestStoreAgainstDict = StoreAgainstDict.TestCase
TestStoreAgainstDict.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
