"""Placement: a scenario says which deliveries share an instance."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from emulator import HostProfile, Simulation, World
from emulator.delivery import Delivery

Placement = Callable[[Delivery], str | None]


@contextmanager
def recorded(
    placement: Placement, *, max_instances: int = 100, delay_s: float = 0.0, copies: int = 3
) -> Iterator[tuple[World, list[int]]]:
    """A world, and the numbers of the instances that handled its requests, in order."""
    import asyncio

    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    handled: list[int] = []
    started: list[int] = []

    def factory() -> Any:
        number = len(started)
        started.append(number)

        async def webhook(request: Any) -> Response:
            handled.append(number)
            await asyncio.sleep(delay_s)
            return Response()

        return Starlette(routes=[Route("/api/messenger", webhook, methods=["POST"])])

    with (
        Simulation(factory) as simulation,
        World(
            simulation.connect,
            host=HostProfile(kind="lambda", instances=1, max_instances=max_instances),
            copies=copies,
            placement=placement,
        ) as world,
    ):
        yield world, handled


def by_letter(letters: str) -> Placement:
    """Each copy goes where its letter says."""
    return lambda delivery: letters[int(delivery.name.rpartition(".w")[2])]


def repeated(world: World, at_s: tuple[float, ...]) -> None:
    message = world.meta.message("hello", at=0.0)
    for at in at_s:
        world.meta.repeat(message, at=at)
    world.run_until_quiet()


def test_one_label__is_one_instance_and_another_label_is_another() -> None:
    with recorded(by_letter("aba"), copies=1) as (world, handled):
        repeated(world, (1.0, 2.0))
    assert handled == [0, 1, 0]


def test_label__outlives_its_instance() -> None:
    with recorded(by_letter("aa"), copies=1) as (world, handled):
        world.kernel.at(1.0, "kill", lambda: world.host.kill("i0"))
        repeated(world, (2.0,))
    assert handled == [0, 1]


def test_busy_instance__leaves_the_choice_to_the_host() -> None:
    with recorded(by_letter("aaa"), delay_s=1.0) as (world, handled):
        world.meta.message("hello")
        world.run_until_quiet()
    assert handled == [0, 1, 2]


def test_no_more_than_max_instances__whatever_the_labels() -> None:
    with recorded(by_letter("abc"), max_instances=2, copies=1) as (world, handled):
        repeated(world, (1.0, 2.0))
    assert sorted(set(handled)) == [0, 1]
    assert len(handled) == 3


def test_no_label__is_the_choice_of_the_host() -> None:
    with recorded(lambda delivery: None, copies=1) as (world, handled):
        repeated(world, (1.0, 2.0))
    assert handled == [0, 0, 0]
