"""How many requests are in flight: what the server tells, and what follows from it."""

import pytest

from octavo.serving.in_flight import LEAST, Load, adapted, load_in, most_for

METRICS = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="glm-ocr"} 17.0
vllm:num_requests_running{engine="1",model_name="glm-ocr"} 5.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="glm-ocr"} 3.0
vllm:num_requests_waiting{engine="1",model_name="glm-ocr"} 1.0
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 99.0
"""


def test_the_load_is_that_of_all_engines() -> None:
    assert load_in(METRICS) == Load(running=22, waiting=4)


@pytest.mark.parametrize("text", ["", "python_gc_total 3.0\n", "vllm:num_requests_running 3.0\n", "x y"])
def test_a_server_may_not_tell(text: str) -> None:
    assert load_in(text) is None


@pytest.mark.parametrize(
    ("limit", "held", "load", "following"),
    [
        (32, 32, Load(32, 0), 64),  # the limit holds us back
        (32, 20, Load(20, 0), 32),  # there is not more to do
        (600, 600, Load(600, 0), 1000),  # no more than may be
        (128, 128, Load(100, 28), 112),  # more wait than a reserve of an eighth
        (128, 128, Load(116, 12), 128),  # a few wait: nothing is idle
        (40, 40, Load(4, 400), LEAST),  # others have filled it
    ],
)
def test_the_limit_follows_the_queue(limit: int, held: int, load: Load, following: int) -> None:
    assert adapted(limit, held, load, 1000) == following


@pytest.mark.parametrize("capacity", [16, 48, 128, 300, 1000])
def test_it_settles_where_the_server_is_full_and_little_waits(capacity: int) -> None:
    limits = [LEAST]
    for _ in range(30):
        limit = limits[-1]
        limits.append(adapted(limit, limit, Load(min(limit, capacity), max(0, limit - capacity)), 2000))
    settled = set(limits[10:])
    assert len(settled) == 1
    assert max(LEAST, capacity) <= settled.pop() <= max(LEAST, capacity + max(2, capacity // 8))


def test_it_comes_back_after_a_slow_spell() -> None:
    limit = 256
    for capacity in [40] * 5 + [256] * 8:
        limit = adapted(limit, limit, Load(min(limit, capacity), max(0, limit - capacity)), 1024)
    assert 256 <= limit <= 288


def test_a_server_of_ours_is_known_to_take_so_many() -> None:
    assert most_for(96) == 108
    assert most_for(4) == 6
    assert most_for(None) > 96
