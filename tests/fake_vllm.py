"""A program that looks like `vllm serve` to whoever starts it, and behaves as its first argument says.

Run by a wrapper script that tests write: `fake_vllm.py BEHAVIOUR serve MODEL --host .. --port .. ...`. It notes each
start, with the pids of itself and of a child and the names in its environment, in the file FAKE_VLLM_NOTES, and each
answer by a dot beside it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.say(200, {"version": "9.9.9"} if self.path == "/version" else {})

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers["Content-Length"]))
        if BEHAVIOUR == "fails_first_question" and "--speculative-config" in sys.argv:
            self.say(500, {"error": {"message": "kernel fault"}})
            return
        time.sleep(0.05)
        with Path(os.environ["FAKE_VLLM_NOTES"] + ".answers").open("a") as answers:
            answers.write(".")
        self.say(
            200,
            {
                "choices": [{"message": {"content": f"read by {os.getpid()}"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": len(request), "completion_tokens": 1},
            },
        )

    def say(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return None


def say_aloud(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def flag(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


if __name__ == "__main__":
    BEHAVIOUR = sys.argv[1]
    notes = Path(os.environ["FAKE_VLLM_NOTES"])
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])  # as its engine process would be
    with notes.open("a") as file:
        file.write(
            json.dumps({"pid": os.getpid(), "child": child.pid, "flags": sys.argv[2:], "variables": sorted(os.environ)})
            + "\n"
        )
    say_aloud("(APIServer pid=7) INFO 11-23 13:00:00 [api_server.py:12] starting")
    if BEHAVIOUR == "dies" or (BEHAVIOUR == "dies_with_mtp" and "--speculative-config" in sys.argv):
        say_aloud("(EngineCore pid=8) ValueError: no such thing in /opt/models/secret/config.json for hf_abcdef")
        sys.exit(1)
    if BEHAVIOUR == "wrong_flag":
        say_aloud("vllm serve: error: unrecognized arguments: --frob")
        sys.exit(2)
    if BEHAVIOUR == "never_healthy":
        time.sleep(300)
    if BEHAVIOUR == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ThreadingHTTPServer((flag("--host"), int(flag("--port"))), Handler).serve_forever()
