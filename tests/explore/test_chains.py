from harness.explore.chains import Chains
from harness.explore.move import Move


def move(task: str, ordinal: int) -> Move:
    return Move(f"{task}#{ordinal}", task)


def test_tasks_from_the_start__a_chain_each() -> None:
    chains = Chains()
    chains.see([move("a", 0), move("b", 0)])
    chains.made(move("b", 0))
    chains.see([move("a", 0), move("b", 1)])
    chains.made(move("a", 0))
    chains.see([move("a", 1), move("b", 1)])
    assert chains.count == 2
    assert chains.of(move("a", 1)) == chains.of(move("a", 0))
    assert chains.of(move("b", 1)) == chains.of(move("b", 0))


def test_task_created_by_the_last_move_of_another__goes_on_in_its_chain() -> None:
    chains = Chains()
    chains.see([move("a", 0), move("b", 0)])
    chains.made(move("a", 0))
    chains.see([move("a.q0", 0), move("b", 0)])
    assert chains.of(move("a.q0", 0)) == chains.of(move("a", 0))


def test_task_created_by_one_that_goes_on__a_chain_of_its_own() -> None:
    chains = Chains()
    chains.see([move("a", 0)])
    chains.made(move("a", 0))
    chains.see([move("a", 1), move("a.q0", 0)])
    assert chains.of(move("a", 1)) == chains.of(move("a", 0))
    assert chains.of(move("a.q0", 0)) != chains.of(move("a", 0))
    assert chains.count == 2


def test_fan_out_again_and_again__chains_are_used_again() -> None:
    chains = Chains()
    pending = [move("t", 0)]
    chains.see(pending)
    for step in range(30):
        done = pending.pop(0)
        chains.made(done)
        # Never more than three moves of which none is caused by another.
        while len(pending) < 3:
            pending.append(move(f"{done.task}.q{step}{len(pending)}", 0))
        chains.see(pending)
    assert chains.count <= 3 * (3 + 1) // 2
