"""One thread at a time for what is computed, as long as that is soon; who waits for something else lets others in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from octavo import turns


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine, a turn is waited for."""
    monkeypatch.setattr(turns, "_PATIENCE", 60.0)


@pytest.mark.usefixtures("patient")
def test_two_threads_are_never_at_it_together() -> None:
    inside, most = [0], [0]

    def work(_: int) -> None:
        with turns.taken():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            threading.Event().wait(0.001)
            inside[0] -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(40)))
    assert most == [1]


@pytest.mark.usefixtures("patient")
def test_who_waits_for_something_else_lets_others_in() -> None:
    came = threading.Event()

    def other() -> None:
        with turns.taken():
            came.set()

    with turns.taken(), ThreadPoolExecutor(1) as pool:
        waits = pool.submit(other)
        assert not came.wait(0.05)
        with turns.left():
            assert came.wait(10)
        waits.result()


def test_a_thread_that_has_the_turn_may_ask_again() -> None:
    with turns.taken(), turns.taken(), turns.left(), turns.left():
        pass


@pytest.mark.usefixtures("patient")
def test_the_turn_is_given_back_by_who_fails() -> None:
    with pytest.raises(ZeroDivisionError), turns.taken(), turns.left():
        _ = 1 / 0
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(_takes_it).result(10)


@pytest.mark.usefixtures("patient")
def test_who_looks_at_pictures_waits_for_nobody() -> None:
    with turns.taken(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(_takes_it, False).result(10)


def test_a_page_that_computes_for_long_holds_up_nobody() -> None:
    with turns.taken(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(_takes_it).result(10)
        with turns.left():
            pass
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(_takes_it).result(10)


@pytest.mark.usefixtures("patient")
def test_who_did_without_gives_back_nobody_s_turn() -> None:
    came, goes = threading.Event(), threading.Event()

    def holds() -> None:
        with turns.taken():
            came.set()
            assert goes.wait(60)

    with ThreadPoolExecutor(2) as pool:
        with pytest.MonkeyPatch.context() as patch:
            with turns.taken(), turns.left():
                holder = pool.submit(holds)
                assert came.wait(10)
                patch.setattr(turns, "_PATIENCE", 0.01)  # the turn does not come back to this thread
            waits = pool.submit(_takes_it)
            assert waits.result(10)
        goes.set()
        holder.result(10)
    assert not turns._turn.locked()


def _takes_it(wanted: bool = True) -> bool:
    with turns.taken(wanted):
        return True
