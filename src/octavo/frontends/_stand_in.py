"""A stand-in for a model server: answers chat completions after a latency, as many at a time as a vLLM would.

    python -m octavo.frontends._stand_in --latency 0.2 --slots 128

Prints its port; ends when its standard input closes.

Hand-written HTTP, because it runs on the cores of what it measures: 0.1 ms a request where aiohttp takes 0.5. What it
says follows from the picture it got: the same picture always gives the same text, a larger one a longer text. It keeps
when each request came and went; GET /bench/requests hands that over and starts anew, POST /bench/latency sets the
seconds it waits, POST /bench/keep lets it keep the pictures it gets (1) or hands them over (0). GET /metrics tells what
vLLM's tells of its queue.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import sys
import time
import zlib

WORDS = (
    "account balance capital deposit equity forecast growth holding index journal ledger margin net option payment "
    "quarter revenue share tax unit value warrant yield of the and in for with as per under between total after"
)
BYTES_PER_CHARACTER = 90  # of base64 per character of text: what paragraphs at 150 dpi have
TEXT_WITHIN = 512  # bytes: where the prompt and the sampling stand, after or before the picture


def _prose(characters: int) -> str:
    dice = random.Random(7)  # noqa: S311 - words to measure with
    known = WORDS.split()
    words: list[str] = []
    while characters > 0:
        words.append(dice.choice(known) if dice.random() < 0.8 else f"{dice.randrange(10_000)}")
        characters -= len(words[-1]) + 1
    return " ".join(words)


class StandIn:
    """What all connections share."""

    def __init__(self, latency: float, slots: int, spread: float) -> None:
        self.latency = latency
        self.spread = spread
        self.slots = asyncio.Semaphore(slots)
        self.running = self.waiting = 0
        self.pictures: list[str] | None = None  # base64
        self.requests: list[tuple[float, float, int]] = []  # came, went (time.monotonic()), bytes
        self.prose = _prose(200_000)
        self.cpu = time.process_time()

    def text(self, body: bytes) -> str:
        length = max(12, len(body) // BYTES_PER_CHARACTER)
        start = self.prose.index(" ", zlib.crc32(body) % (len(self.prose) - 20_000)) + 1
        text = self.prose[start : start + min(length, 12_000)].strip()
        ends = body[:TEXT_WITHIN] + body[-TEXT_WITHIN:]
        if b"Table" in ends:
            cells = text.split()
            rows = (cells[at : at + 6] for at in range(0, len(cells), 6))
            text = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
            return f"<table>{text}</table>"
        return "E = m c ^ { 2 } + x _ { 1 }" if b"Formula" in ends else text

    async def answer(self, route: bytes, body: bytes, came: float) -> bytes:
        if b"/chat/completions" in route:
            if b"image_url" not in body[:TEXT_WITHIN]:  # somebody asks whether it is up
                return _completion("ok", 1)
            if self.pictures is not None:
                self.pictures.append(body.partition(b"base64,")[2].partition(b'"')[0].decode())
            self.waiting += 1
            async with self.slots:
                self.waiting -= 1
                self.running += 1
                if self.latency:
                    await asyncio.sleep(self.latency * (1 + self.spread * (zlib.crc32(body) / 2**31 - 1)))
                text = self.text(body)
                self.running -= 1
            self.requests.append((came, time.monotonic(), len(body)))
            return _completion(text, len(text) // 4)
        if b"/metrics" in route:
            return f"vllm:num_requests_running {self.running}\nvllm:num_requests_waiting {self.waiting}\n".encode()
        if b"/bench/keep" in route:
            kept, self.pictures = self.pictures, [] if int(body) else None
            return json.dumps(kept).encode()
        if b"/bench/latency" in route:
            self.latency = float(body)
        if b"/bench/requests" in route:
            seen, self.requests = self.requests, []
            spent, self.cpu = time.process_time() - self.cpu, time.process_time()
            return json.dumps({"requests": seen, "cpu": spent}).encode()
        return b'{"object":"list","data":[{"id":"glm-ocr","object":"model"}]}'


def _completion(text: str, tokens: int) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens}
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}).encode()


async def _serve(server: StandIn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            came = time.monotonic()
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            reply = await server.answer(head.partition(b"\r\n")[0], body, came)
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(reply)
            )
            writer.write(reply)
            await writer.drain()
    writer.close()


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--latency", type=float, default=0.2, help="seconds")
    arguments.add_argument(
        "--spread", type=float, default=0.0, help="0..1: answers take so much less or more, by picture"
    )
    arguments.add_argument("--slots", type=int, default=128, help="requests answered at a time; others wait")
    arguments.add_argument("--port", type=int, default=0)
    chosen = arguments.parse_args()
    server = StandIn(chosen.latency, chosen.slots, chosen.spread)
    listening = await asyncio.start_server(
        lambda reader, writer: _serve(server, reader, writer), "127.0.0.1", chosen.port, limit=1 << 20, backlog=2048
    )
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    listening.close()


if __name__ == "__main__":
    asyncio.run(main())
