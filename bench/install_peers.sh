#!/usr/bin/env bash
# The programs `make bench` compares with, each in an environment of its own: the official SDK (200 MB) and cheap-ocr
# (300 MB, needs Python 3.12 or newer: PEER_PYTHON names one; without any it is left out and the bench says so).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
PYTHON="${PYTHON:-python3}" "$root/tests/official/install_env.sh"

wanted=cheap-ocr==0.0.1
folder=$root/.venvs/cheap_ocr
if [ "$(cat "$folder/.octavo-stamp" 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi
for python in ${PEER_PYTHON:-python3.12 python3.13 python3.14} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-4]*/bin/python; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 12) <= sys.version_info < (3, 15))' 2>/dev/null; then
        rm -rf "$folder"
        "$python" -m venv "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check "$wanted"
        echo "$wanted" >"$folder/.octavo-stamp"
        exit 0
    fi
done
echo "cheap-ocr is left out: it needs Python 3.12 or newer (PEER_PYTHON=...)" >&2
