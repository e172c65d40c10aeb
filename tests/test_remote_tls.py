"""A model's server behind TLS, on the loopback: it is read as one in the clear, and within the same bounds."""

import asyncio
import gzip
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp.connector
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from test_openai import codes, read_one, reading

from octavo.glm_ocr import connections

LIMIT = 200_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FINE = json.dumps({"choices": [{"message": {"content": "behind TLS"}}]}).encode()
MODELS = b'{"data": [{"id": "glm-ocr"}]}'

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def certificate(folder: Path) -> Path:
    """One for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "loopback.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


class TlsServer:
    """Says what it is told to say, and counts what was taken of it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked = self.ended = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if head.startswith("GET"):
                writer.write(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(MODELS), MODELS))
            else:
                self.asked += 1
                length = int(head.lower().partition("content-length:")[2].split()[0])
                await reader.readexactly(length)
                await self._answer(writer)
            await writer.drain()
        self.ended += 1
        writer.close()


@asynccontextmanager
async def serving(answer: Answer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TlsServer]:
    path = await asyncio.to_thread(certificate, folder)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(path)
    ours = ssl.create_default_context(cafile=path)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", ours)
    server = TlsServer(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=theirs)
    server.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()


async def fine(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(FINE), FINE))


async def chunks_for_ever(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
        await writer.drain()


async def a_body_without_an_end(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Connection: close\r\n\r\n")
    while True:
        writer.write(b" " * 0x4000)
        await writer.drain()


async def more_than_is_taken(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % (LIMIT + 1) + b" " * (LIMIT + 1))


async def packed(writer: asyncio.StreamWriter) -> None:
    """A hundred times the limit in 20 kB, though nothing packed was asked for."""
    body = gzip.compress(b" " * (100 * LIMIT) + FINE)
    writer.write(
        HEAD + b"Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


async def test_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(fine, tmp_path, monkeypatch) as server, reading(server.url) as recognizer:
        recognition = await read_one(recognizer)
    assert (recognition.text, codes(recognition)) == ("behind TLS", [])


@pytest.mark.parametrize("answer", [chunks_for_ever, a_body_without_an_end, more_than_is_taken, packed])
async def test_an_answer_has_a_size_limit(answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of it is taken: the connection is closed, the region is lost with the reason that an absurd reply has."""
    monkeypatch.setattr(connections, "LARGEST_REPLY", LIMIT)
    monkeypatch.setattr("octavo.recognizers.openai.QUICK", 0.02)
    async with (
        serving(answer, tmp_path, monkeypatch) as server,
        reading(server.url, retries=0, request_seconds=120.0) as recognizer,
    ):
        recognition = await read_one(recognizer)
        assert server.asked >= 1
    assert (recognition.text, codes(recognition)) == (None, ["engine_lost"])
