"""Answers like `vllm serve`: healthy at once, and every picture reads as the same line.

It takes the flags of vLLM 0.32.0 and no others, and like that one says nothing of them where it sees no GPU.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from vllm.platforms import current_platform

FLAGS = Path(__file__).with_name("flags.txt").read_text().split()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.say({"version": "0.20.1.stub"} if self.path == "/version" else {})

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        message = {"message": {"content": "read in the image"}, "finish_reason": "stop"}
        self.say({"choices": [message], "usage": {"prompt_tokens": len(request), "completion_tokens": 4}})

    def say(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return None


def flag(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


def main() -> None:
    if "--help=all" in sys.argv:
        if not current_platform.device_type:
            raise RuntimeError("Failed to infer device type")
        sys.stdout.write(
            "options:\n" + "".join(f"  {known} VALUE\n                        Of {known}.\n" for known in FLAGS)
        )
        return
    unknown = [word for word in sys.argv if word.startswith("--") and word not in FLAGS]
    if unknown:
        sys.stderr.write(f"vllm serve: error: unrecognized arguments: {' '.join(unknown)}\n")
        sys.exit(2)
    ThreadingHTTPServer((flag("--host"), int(flag("--port"))), Handler).serve_forever()
