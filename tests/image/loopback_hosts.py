"""GitHub and the Hugging Face hub on the loopback, for a build that asks for them by their own names.

`served(folder)` serves HTTPS on an address of 127.0.0.0/8 while it lasts: an archive of the SDK's pinned commit, in the
shape and by the redirect that GitHub gives it, and the layout network's repository. Needs root (port 443), openssl and
a package index, where the SDK comes from.
"""

import hashlib
import io
import json
import ssl
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from octavo.settings import LAYOUT_MODEL, LAYOUT_REVISION

ADDRESS = "127.0.0.71"
HOSTS = ("github.com", "codeload.github.com", "huggingface.co")
REPOSITORY = "zai-org/GLM-OCR"
# What lies beside the package in the repository: whoever builds it must not take it for packages.
BESIDE = ("apps/backend/pyproject.toml", "examples/example.py", "glmocr_skill/SKILL.md", ".github/workflows/ci.yml")
LAYOUT_FILES = {
    "config.json": b'{"model_type": "pp_doclayout_v3"}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": bytes(4096),
}


@dataclass
class Served:
    certificates: Path  # what to trust: the machine's own, and that of these hosts
    asked: list[str] = field(default_factory=list)  # host and path of every request


@contextmanager
def served(folder: Path, *, commit: str, version: str) -> Iterator[Served]:
    """`commit` is that of the SDK, `version` the release on the index that stands for it."""
    certificate, key = _certificate(folder)
    trusted = folder / "certificates"
    trusted.mkdir()
    own = Path("/etc/ssl/certs/ca-certificates.crt")
    both = (own.read_text() if own.exists() else "") + certificate.read_text()
    (trusted / "ca-certificates.crt").write_text(both)
    said = Served(trusted)
    archive = _archive(folder, commit, version)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            said.asked.append(f"{self.headers['Host']}{self.path}")
            status, headers, body = _answer(said.asked[-1].partition("?")[0], commit, archive)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer((ADDRESS, 443), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()


def _answer(asked: str, commit: str, archive: bytes) -> tuple[int, dict[str, str], bytes]:
    files = f"huggingface.co/{LAYOUT_MODEL}/resolve/{LAYOUT_REVISION}/"
    if asked == f"github.com/{REPOSITORY}/archive/{commit}.zip":
        return 302, {"Location": f"https://codeload.github.com/{REPOSITORY}/zip/{commit}"}, b""
    if asked == f"codeload.github.com/{REPOSITORY}/zip/{commit}":
        name = f"attachment; filename=GLM-OCR-{commit}.zip"
        return 200, {"Content-Type": "application/zip", "Content-Disposition": name}, archive
    if asked == f"huggingface.co/api/models/{LAYOUT_MODEL}/revision/{LAYOUT_REVISION}":
        siblings = [{"rfilename": name} for name in LAYOUT_FILES]
        about = {"id": LAYOUT_MODEL, "modelId": LAYOUT_MODEL, "sha": LAYOUT_REVISION, "siblings": siblings}
        return 200, {"Content-Type": "application/json"}, json.dumps(about).encode()
    if asked.startswith(files) and asked.removeprefix(files) in LAYOUT_FILES:
        body = LAYOUT_FILES[asked.removeprefix(files)]
        return 200, {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": LAYOUT_REVISION}, body
    return 404, {}, b""


def _archive(folder: Path, commit: str, version: str) -> bytes:
    """The release's source as GitHub packs a commit: one folder, named after repository and commit."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "glmocr"]
    subprocess.run([*pip, "--dest", folder, f"glmocr=={version}"], check=True)
    packed = io.BytesIO()
    top = f"GLM-OCR-{commit}"
    with tarfile.open(folder / f"glmocr-{version}.tar.gz") as source, zipfile.ZipFile(packed, "w") as archive:
        for member in source.getmembers():
            inside = member.name.partition("/")[2]
            made_by_building = ("PKG-INFO", "setup.cfg", "glmocr.egg-info")
            if member.isfile() and not inside.startswith(made_by_building):
                file = source.extractfile(member)
                assert file is not None
                archive.writestr(f"{top}/{inside}", file.read())
        for name in BESIDE:
            archive.writestr(f"{top}/{name}", "")
    return packed.getvalue()


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "hosts.pem", folder / "hosts.key"
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=loopback hosts"]
    made += ["-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    return certificate, key
