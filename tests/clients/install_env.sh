#!/usr/bin/env bash
# The client libraries that others' users have, in an environment of their own: .venvs/clients (310 MB), and of Open WebUI
# the two files that load documents (its wheel, 106 MB, is fetched for them and removed again).
set -euo pipefail
cd "$(dirname "$0")/../.."
env=.venvs/clients
test ! -e $env/.installed || exit 0
"${PYTHON:-python3}" -m venv $env
$env/bin/python -m pip install --quiet --disable-pip-version-check mistralai==3.7.0 docling-client==2.143.0 \
    openapi-python-client==0.29.1 schemathesis==4.32.5 requests==2.34.2
fetched=$(mktemp -d)
trap 'rm -rf "$fetched"' EXIT
$env/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --dest "$fetched" open-webui==0.12.4
$env/bin/python - "$fetched" $env/open_webui <<'PYTHON'
import sys, zipfile
from pathlib import Path

wheel, = Path(sys.argv[1]).glob("*.whl")
into = Path(sys.argv[2])
into.mkdir(exist_ok=True)
with zipfile.ZipFile(wheel) as files:
    for name in ("external_document.py", "main.py"):
        (into / name).write_bytes(files.read(f"open_webui/retrieval/loaders/{name}"))
PYTHON
touch $env/.installed
