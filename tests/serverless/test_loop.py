"""What `loop.py` relies on in asyncio, and what it promises."""

import asyncio
import heapq
from asyncio import base_events, events
from collections import deque
from typing import Any

import pytest

from emulator.serverless.loop import InstanceLoop


def make_loop(now: list[float]) -> InstanceLoop:
    return InstanceLoop(lambda: now[0])


def test_private_parts_of_asyncio__are_as_the_loop_relies_on() -> None:
    assert issubclass(InstanceLoop, base_events.BaseEventLoop)
    loop: Any = make_loop([0.0])
    assert isinstance(loop._ready, deque)
    assert loop._scheduled == []
    assert loop._timer_cancelled_count == 0
    assert loop._thread_id is None
    handle: Any = loop.call_soon(lambda: None)
    assert list(loop._ready) == [handle]
    assert handle._cancelled is False
    assert callable(handle._run)
    timer: Any = loop.call_at(5.0, lambda: None)
    assert heapq.nsmallest(1, loop._scheduled) == [timer]
    assert timer._when == 5.0
    assert timer._scheduled is True
    timer.cancel()
    assert loop._timer_cancelled_count == 1
    assert callable(events._set_running_loop)
    loop.close()


def test_drain__runs_everything_that_is_ready_and_what_it_makes_ready() -> None:
    loop = make_loop([0.0])
    done: list[str] = []

    async def child() -> None:
        done.append("child")

    async def parent() -> None:
        await asyncio.gather(child(), child())
        done.append("parent")

    loop.create_task(parent())
    loop.drain()
    assert done == ["child", "child", "parent"]
    loop.close()


def test_timer__waits_for_the_worlds_time() -> None:
    now = [100.0]
    loop = make_loop(now)
    woken: list[float] = []

    async def sleeper() -> None:
        await asyncio.sleep(2.5)
        woken.append(loop.time())

    loop.create_task(sleeper())
    loop.drain()
    assert loop.next_timer() == 102.5
    now[0] = 102.0
    loop.drain()
    assert woken == []
    now[0] = 102.5
    loop.drain()
    assert woken == [102.5]
    assert loop.next_timer() is None
    loop.close()


def test_next_timer__skips_cancelled_ones() -> None:
    loop = make_loop([0.0])
    loop.call_at(1.0, lambda: None).cancel()
    loop.call_at(2.0, lambda: None)
    assert loop.next_timer() == 2.0
    loop.close()


def test_freeze__stops_within_a_batch_and_thaw_goes_on() -> None:
    loop = make_loop([0.0])
    done: list[str] = []
    loop.call_soon(lambda: done.append("first"))
    loop.call_soon(loop.freeze)
    loop.call_soon(lambda: done.append("left over"))
    loop.drain()
    assert done == ["first"]
    assert loop.has_leftovers()
    loop.thaw()
    loop.drain()
    assert done == ["first", "left over"]
    assert not loop.has_leftovers()
    loop.close()


def test_timer_due_when_frozen__does_not_run() -> None:
    now = [0.0]
    loop = make_loop(now)
    done: list[str] = []
    loop.call_at(0.0, lambda: done.append("timer"))
    loop.freeze()
    loop.drain()
    assert done == []
    loop.close()


def test_run_forever__is_refused() -> None:
    loop = make_loop([0.0])
    with pytest.raises(RuntimeError, match=r"^this event loop is run by the world; await instead"):
        loop.run_forever()
    loop.close()


def test_running_loop__is_known_inside_and_forgotten_outside() -> None:
    loop = make_loop([0.0])
    seen: list[bool] = []

    async def look() -> None:
        seen.append(asyncio.get_running_loop() is loop)

    loop.create_task(look())
    loop.drain()
    assert seen == [True]
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    loop.close()
