#!/usr/bin/env bash
# The readers that `make bench-quality` compares with, in one environment: RapidOCR, faster-paddle, docling, LiteParse and pdf-inspector
# (1.5 GB, needs Python 3.11 for PyTorch's CPU build), and random weights for docling's layout network. Tesseract and pdftotext come from the system.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
wanted="rapidocr==3.10.0 faster-paddle==1.0.4 onnxruntime==1.32.0 pypdfium2==5.15.2 docling==2.143.0 liteparse==2.18.0 pdf-inspector==1.25.2 torch==2.13.0 torchvision==0.28.0"
folder=$root/.venvs/readers
if [ "$(cat "$folder/.octavo-stamp" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$folder"
    "${PYTHON:-python3.11}" -m venv "$folder"
    # PyTorch first and alone: asked for by the others, it would come as its CUDA build with several GB beside it.
    "$folder/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
    "$folder/bin/python" -c 'import torch; print(f"torch=={torch.__version__}")' >"$folder/constraints.txt"
    # shellcheck disable=SC2086  # several words
    "$folder/bin/pip" install --quiet --disable-pip-version-check --constraint "$folder/constraints.txt" ${wanted/torch==2.13.0 /}
    "$folder/bin/pip" uninstall --quiet --yes torchaudio torchcodec triton 2>/dev/null || true
    # torchvision's only wheel is a CUDA build: see the file's own words.
    packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp "$root/tests/vllm/environment/octavo_vllm_env.py" "$packages/"
    echo 'import octavo_vllm_env' >"$packages/octavo_vllm_env.pth"
    HF_HUB_OFFLINE=1 "$folder/bin/python" "$root/bench/make_docling_layout.py" "$folder/docling-artifacts" >/dev/null
    echo "$wanted" >"$folder/.octavo-stamp"
fi
command -v tesseract >/dev/null || echo "tesseract is left out: install tesseract-ocr with chi_sim and kor" >&2
