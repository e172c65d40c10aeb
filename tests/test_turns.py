"""One thread at a time for what is computed; who waits for something else lets the others in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from octavo import turns


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


def test_the_turn_is_given_back_by_who_fails() -> None:
    with pytest.raises(ZeroDivisionError), turns.taken(), turns.left():
        _ = 1 / 0
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(_takes_it).result(10)


def test_who_looks_at_pictures_waits_for_nobody() -> None:
    with turns.taken(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(_takes_it, False).result(10)


def _takes_it(wanted: bool = True) -> bool:
    with turns.taken(wanted):
        return True
