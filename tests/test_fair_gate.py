"""A limit that is fair between documents."""

import asyncio

import pytest

from octavo.fair_gate import FairGate


async def _work(gate: FairGate, document: str, done: list[str], seconds: float = 0.01) -> None:
    async with gate.slot(document):
        await asyncio.sleep(seconds)
    done.append(document)


async def test_never_more_than_the_limit_and_no_slot_idle() -> None:
    gate, running, most = FairGate(4), 0, 0

    async def work(number: int) -> None:
        nonlocal running, most
        async with gate.slot(f"document {number % 3}"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(work(number) for number in range(60)))
    assert most == 4


async def test_a_small_document_does_not_wait_behind_a_large_one() -> None:
    gate, done = FairGate(4), list[str]()
    large = [asyncio.create_task(_work(gate, "large", done)) for _ in range(200)]
    await asyncio.sleep(0.03)
    before = len(done)
    await asyncio.gather(*(_work(gate, "small", done) for _ in range(4)))
    assert done[before:].count("large") <= 12
    await asyncio.gather(*large)
    assert done.count("large") == 200


async def test_who_holds_none_need_not_wait_for_those_who_hold_all() -> None:
    gate, ended = FairGate(2, spare=1), asyncio.Event()

    async def hold() -> None:
        async with gate.slot("slow"):
            await ended.wait()

    slow = [asyncio.create_task(hold()) for _ in range(4)]
    await asyncio.sleep(0)
    assert gate.held == 2
    for name in ("one", "other"):
        async with gate.slot(name):
            assert gate.held == 3
    ended.set()
    await asyncio.gather(*slow)
    assert gate.held == 0


async def test_documents_share_equally() -> None:
    gate, done = FairGate(6), list[str]()
    work = [asyncio.create_task(_work(gate, name, done)) for name in ("a", "b", "c") for _ in range(60)]
    while len(done) < 90:  # noqa: ASYNC110  half of the work, however long that takes
        await asyncio.sleep(0)
    assert max(map(done.count, "abc")) - min(map(done.count, "abc")) <= 6
    await asyncio.gather(*work)


async def test_cancelled_waiters_and_holders_give_their_place_back() -> None:
    gate, done = FairGate(2), list[str]()
    tasks = [asyncio.create_task(_work(gate, "cancelled", done, 60)) for _ in range(10)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(asyncio.gather(*(_work(gate, "next", done) for _ in range(4))), 2)
    assert done == ["next"] * 4


async def test_a_waiter_cancelled_in_the_moment_it_is_served_passes_the_slot_on() -> None:
    gate, done = FairGate(1), list[str]()
    holder = asyncio.create_task(_work(gate, "a", done, 0.01))
    await asyncio.sleep(0)
    waiter = asyncio.create_task(_work(gate, "b", done, 60))
    await asyncio.sleep(0)
    await holder  # its slot goes to the waiter, which has not run yet
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    await asyncio.wait_for(_work(gate, "c", done), 2)
    assert done == ["a", "c"]


async def test_the_limit_may_change_while_slots_are_held() -> None:
    gate, go = FairGate(4), asyncio.Event()

    async def work() -> None:
        async with gate.slot("d"):
            await go.wait()

    tasks = [asyncio.create_task(work()) for _ in range(12)]
    await asyncio.sleep(0)
    assert gate.held == 4
    gate.resize(7)
    assert gate.held == 7
    gate.resize(2)
    assert gate.held == 7  # nothing is taken away
    go.set()
    await asyncio.gather(*tasks)
    assert gate.held == 0


async def test_a_document_is_waited_for_while_it_asks_for_more_than_it_has() -> None:
    gate, done = FairGate(1), list[str]()
    first = asyncio.create_task(_work(gate, "long", done))
    second = asyncio.create_task(_work(gate, "long", done))
    await asyncio.sleep(0)
    assert gate.is_waited_for("long")
    assert not gate.is_waited_for("short")
    await asyncio.gather(first, second)
    assert not gate.is_waited_for("long")
