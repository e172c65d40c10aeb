#!/usr/bin/env bash
# Container entry point. The package does the rest: it reads job, environment, preset and default in that order,
# starts `vllm serve`, waits for it while jobs are already taken, and restarts it when it dies.
# exec: the worker must be process 1, or a killed worker would leave the SDK's heartbeat looking alive.
set -euo pipefail
cd "$(dirname "$0")"
exec python3 -u handler.py "$@"
