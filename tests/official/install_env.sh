#!/usr/bin/env bash
# install_env.sh [VERSION [FOLDER]]: the official SDK without torch, for the tests marked `official`; 0.1.5 by default
# (200 MB, half a minute), or 0.1.1 (370 MB). Each version has an environment of its own. Where .venvs/vllm is, 0.1.5 is
# not needed: that environment holds it too. PYTHON names the Python (3.10 or later) to use.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=${1:-0.1.5}
case $version in
    0.1.5) place=official ;;
    *) place=official-$version ;;
esac
folder=${2:-$here/../../.venvs/$place}
requirements=$here/requirements-$version.txt
stamp=$(sha256sum <"$requirements" | cut -d' ' -f1)
if [ "$(cat "$folder/.octavo-stamp" 2>/dev/null || true)" = "$stamp" ]; then
    exit 0
fi
rm -rf "$folder"
"${PYTHON:-python3}" -m venv "$folder"
pip=("$folder/bin/pip" install --quiet --disable-pip-version-check)
"${pip[@]}" -r "$requirements"
"${pip[@]}" --no-deps "glmocr==$version"
"$folder/bin/python" -W ignore -c 'from glmocr.pipeline import Pipeline'
echo "$stamp" >"$folder/.octavo-stamp"
