"""How many requests are in flight: what the server tells, and what follows from it."""

import random
from collections import defaultdict, deque
from collections.abc import Callable

import pytest

from octavo.glm_ocr.in_flight import LEAST, MOST, QUICK, SLOW, Limit, ServerLoad, first_limit, load_in

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
    assert load_in(METRICS) == ServerLoad(running=22, waiting=4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "python_gc_total 3.0\n",
        "vllm:num_requests_running 3.0\n",
        "x y",
        "vllm:num_requests_running 1e999\nvllm:num_requests_waiting 0\n",
    ],
)
def test_a_server_may_not_tell(text: str) -> None:
    assert load_in(text) is None


@pytest.mark.parametrize(
    ("limit", "held", "load", "following"),
    [
        (32, 32, ServerLoad(32, 0), 64),  # the limit holds us back
        (32, 29, ServerLoad(29, 0), 64),  # some have just come back
        (32, 20, ServerLoad(20, 0), 32),  # there is not more to do
        (600, 600, ServerLoad(600, 0), 1000),  # no more than may be
        (128, 128, ServerLoad(100, 28), 112),  # more wait than a reserve of an eighth
        (128, 128, ServerLoad(116, 12), 128),  # a few wait: nothing is idle
        (40, 40, ServerLoad(4, 400), LEAST),  # others have filled it
        (128, 100, ServerLoad(128, 72), 72),  # half of what waits is somebody else's: so is half of the surplus
        (288, 400, ServerLoad(256, 144), 288),  # what is in flight above the last limit goes by itself
        (64, 64, ServerLoad(20, 0), 64),  # the rest is held up before vLLM's queue: more would wait there
        (64, 64, ServerLoad(40, 0), 128),  # the rest is on its way
        (64, 64, ServerLoad(32, 0), 64),  # of those added by the last doubling, none has arrived
    ],
)
def test_the_limit_follows_the_queue(limit: int, held: int, load: ServerLoad, following: int) -> None:
    assert Limit(limit, LEAST, 1000).following(held, load).requests == following


def test_where_the_server_was_full_the_limit_grows_by_small_steps() -> None:
    reached = Limit(128, LEAST, 1000).following(128, ServerLoad(100, 28))
    assert reached.following(112, ServerLoad(112, 0)).requests == 126


@pytest.mark.parametrize(
    ("given", "connections", "sequences", "first"),
    [
        (None, None, None, (LEAST, LEAST, MOST)),
        (None, None, 96, (LEAST, LEAST, 108)),  # a server of ours is known to take so many
        (None, None, 4, (6, 6, 6)),
        (None, 40, None, (LEAST, LEAST, 40)),
        (None, 8, 96, (8, 8, 8)),
        (64, None, 16, (64, 64, 64)),  # what is given is kept
        (64, 40, None, (40, 40, 40)),
    ],
)
def test_bounds(given: int | None, connections: int | None, sequences: int | None, first: tuple[int, int, int]) -> None:
    limit = first_limit(given, connections=connections, sequences=sequences)
    least, most = first[1:]
    assert (limit.requests, limit.least) == (first[0], least)
    assert limit.most == most or (most == MOST and least < limit.most <= MOST)  # fewer where few files may be open
    assert limit.adapts == (least < most)


class Client:
    """One that always has more to ask."""

    def __init__(self, looks_at: int) -> None:
        self.limit, self.held, self.looks_at = Limit(LEAST, LEAST, MOST), 0, looks_at
        self.pause = QUICK
        self.limits: list[int] = []


def used(
    clients: list[Client],
    capacity: Callable[[int], int],
    *,
    answer: int,
    way: int = 0,
    before: int = 0,
    ticks: int = 4000,
    since: int = 2000,
) -> float:
    """The share of a server's places that are taken, from tick `since` on; a tick is 10 ms.

    An answer takes from half to one and a half times `answer` ticks, and `way` to the server and again back. Where
    `before` is given, the server takes that many ticks over each request, one by one, before it comes to the queue.
    """
    dice = random.Random(5)
    due: dict[int, list[tuple[str, Client]]] = defaultdict(list)
    queue: deque[Client] = deque()
    running = busy = places = free_at = 0
    for now in range(ticks):
        for what, client in due.pop(now, ()):
            match what:
                case "comes":
                    queue.append(client)
                case "ends":
                    running -= 1
                    due[now + 1 + way].append(("is back", client))
                case _:
                    client.held -= 1
        while queue and running < capacity(now):
            running += 1
            due[now + dice.randint(answer // 2, answer + answer // 2)].append(("ends", queue.popleft()))
        for client in clients:
            while client.held < client.limit.requests:
                client.held += 1
                free_at = max(now, free_at) + before
                due[free_at + 1 + way].append(("comes", client))
            if now >= client.looks_at:
                last = client.limit.requests
                client.limit = client.limit.following(client.held, ServerLoad(running, len(queue)))
                client.pause = QUICK if client.limit.requests > last else min(SLOW, 2 * client.pause)
                client.looks_at = now + int(100 * client.pause)
            client.limits.append(client.limit.requests)
        if now >= since:
            busy += running
            places += capacity(now)
    return busy / places


def settled(client: Client) -> list[int]:
    """Its limits over the second half."""
    return client.limits[len(client.limits) // 2 :]


@pytest.mark.parametrize("answer", [10, 50, 800])
@pytest.mark.parametrize("capacity", [48, 256, 700])
def test_a_server_is_kept_busy_and_little_waits_there(capacity: int, answer: int) -> None:
    client = Client(looks_at=20)
    assert used([client], lambda _: capacity, answer=answer) > 0.95
    assert capacity <= min(settled(client))
    assert max(settled(client)) <= 1.5 * capacity  # a fifth of it on the way
    assert max(settled(client)) - min(settled(client)) <= 0.2 * capacity


def test_the_way_to_the_server_is_filled_too() -> None:
    client = Client(looks_at=20)
    assert used([client], lambda _: 200, answer=50, way=20) > 0.97
    assert max(settled(client)) <= 3 * 200


def test_what_a_server_does_before_its_queue_is_not_piled_up() -> None:
    client = Client(looks_at=20)
    used([client], lambda _: 256, answer=50, before=2)  # 50 a second come through, 25 are worked on
    assert max(client.limits) <= 128


@pytest.mark.parametrize("others", [1, 2, 4])
def test_clients_that_share_a_server_keep_it_busy_together(others: int) -> None:
    clients = [Client(looks_at=20 + 7 * number) for number in range(1 + others)]
    assert used(clients, lambda _: 400, answer=50) > 0.97
    assert sum(max(settled(client)) for client in clients) <= 1.4 * 400
    assert all(max(settled(client)) - min(settled(client)) <= 40 for client in clients)


def test_after_a_slow_spell_the_limit_comes_back() -> None:
    client = Client(looks_at=20)
    share = used([client], lambda now: 40 if 1000 <= now < 2000 else 256, answer=50, since=2500)
    assert max(client.limits[1500:2000]) <= 64
    assert 256 <= client.limits[3000] <= 1.4 * 256
    assert share > 0.97
