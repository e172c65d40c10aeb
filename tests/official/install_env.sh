#!/usr/bin/env bash
# install_env.sh [FOLDER]: the official SDK without torch, for the tests marked `official` (200 MB, half a minute).
# Not needed where .venvs/vllm is: that environment holds the SDK too. PYTHON names the Python (3.10 or later) to use.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../.venvs/official}
stamp=$(sha256sum <"$here/requirements.txt" | cut -d' ' -f1)
if [ "$(cat "$folder/.octavo-stamp" 2>/dev/null || true)" = "$stamp" ]; then
    exit 0
fi
rm -rf "$folder"
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
"$folder/bin/python" -W ignore -c 'from glmocr.pipeline import Pipeline'
echo "$stamp" >"$folder/.octavo-stamp"
