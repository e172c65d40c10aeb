# The RunPod worker: vLLM, Octavo and the official GLM-OCR SDK in one Python environment. A second environment is how
# "model type 'glm_ocr' but Transformers does not recognize this architecture" comes about.
# Every pin is a build argument; deploy/pins/*.env holds tested sets of them, deploy/gates.py checks what was built.
ARG VLLM_BASE_IMAGE=vllm/vllm-openai:nightly-d00df624f313a6a5a7a6245b71448b068b080cd7@sha256:3f5ad92f63e3f4b0073cca935a976d4cbf2a21e22cf06a95fd6df47759e10e04
FROM ${VLLM_BASE_IMAGE}

ARG VLLM_BASE_IMAGE
ARG GLMOCR_REF=529a0c7ee9aecf55095e6fa6d9da08e4bb3bc2a9
ARG GLMOCR_VERSION=0.1.1
# An archive: the base has no git. deploy/install.py keeps pip from stopping at Debian's own Python packages.
ARG GLMOCR_SOURCE=glmocr@https://github.com/zai-org/GLM-OCR/archive/${GLMOCR_REF}.zip
ARG TRANSFORMERS_VERSION=5.2.0
# hadolint ignore=DL3064
ARG TOKENIZERS_VERSION=0.22.2
ARG HUGGINGFACE_HUB_VERSION=1.4.1
ARG TQDM_VERSION=4.67.1
ARG RUNPOD_VERSION=1.12.0
ARG LAYOUT_MODEL=PaddlePaddle/PP-DocLayoutV3_safetensors
ARG LAYOUT_REVISION=97d101e6db2642e162a1d05392d1b0231c91033e
# 1: the layout weights are baked into the image; 0: they come from the volume's cache or the hub at the first start
ARG BAKE_LAYOUT=1
# 0: what was installed is not checked; for looking at the image around another base only
ARG RUN_GATES=1
ARG OCTAVO_COMMIT=unknown

LABEL org.opencontainers.image.title="octavo-runpod" \
      org.opencontainers.image.description="GLM-OCR's full layout mode as a RunPod Serverless worker" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${OCTAVO_COMMIT}" \
      org.opencontainers.image.base.name="${VLLM_BASE_IMAGE}"

SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /app

# What vLLM's image brings is held fixed while anything is added: a silently upgraded FastAPI or torch breaks it. The
# pins above are what changes; of the lock (`make locks`), what the base does not have is added, with its hash.
COPY deploy/install.py deploy/requirements-worker.txt deploy/requirements-worker.lock deploy/
RUN python3 deploy/install.py install --no-cache-dir \
        "transformers==${TRANSFORMERS_VERSION}" "tokenizers==${TOKENIZERS_VERSION}" \
        "huggingface_hub==${HUGGINGFACE_HUB_VERSION}" "tqdm==${TQDM_VERSION}" \
    && python3 deploy/install.py missing deploy/requirements-worker.lock > /tmp/missing.txt \
    && python3 deploy/install.py install --no-cache-dir --no-deps --require-hashes --requirement /tmp/missing.txt \
    && python3 deploy/install.py install --no-cache-dir --no-deps "runpod==${RUNPOD_VERSION}" "${GLMOCR_SOURCE}" \
    && rm /tmp/missing.txt

COPY deploy/gates.py deploy/
RUN if [ "${RUN_GATES}" = 1 ]; then python3 deploy/gates.py --glmocr-version "${GLMOCR_VERSION}" \
        --needs deploy/requirements-worker.txt; fi

# In the hub's layout and outside /runpod-volume, where a mounted volume would hide it.
RUN if [ "${BAKE_LAYOUT}" = 1 ]; then \
        python3 -c "import sys, huggingface_hub as hub; hub.snapshot_download(sys.argv[1], revision=sys.argv[2], cache_dir='/models/hub')" \
            "${LAYOUT_MODEL}" "${LAYOUT_REVISION}"; \
    fi

COPY pyproject.toml hatch_build.py README.md LICENSE NOTICE ./
COPY src/ src/
RUN python3 deploy/install.py install --no-cache-dir --no-deps --no-build-isolation . \
    && python3 -c "import octavo.jobs.worker, octavo.frontends._runpod_sdk, octavo.recognizers.openai" \
    && if [ "${RUN_GATES}" = 1 ]; then python3 deploy/gates.py --vllm-flags; fi
COPY handler.py start.sh test_input.json .env.a40 .env.h100 ./

ENV GLMOCR_REF=${GLMOCR_REF} \
    GLMOCR_VERSION=${GLMOCR_VERSION} \
    VLLM_BASE_IMAGE_REF=${VLLM_BASE_IMAGE} \
    OCTAVO_ENGINE=glm-ocr \
    OCTAVO_HOST=0.0.0.0 \
    OCTAVO_NO_LOGIN=true \
    RUNPOD_LOG_LEVEL=INFO \
    PYTHONUNBUFFERED=1 \
    VLLM_NO_USAGE_STATS=1

# Volumes on RunPod belong to root; elsewhere `docker run --user octavo` does.
RUN useradd --create-home octavo && chown octavo /app

# The model's server: the worker ends by itself where that does not come up, or its own loop hangs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=900s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('VLLM_PORT', '8080') + '/health', timeout=4)"]

ENTRYPOINT []
CMD ["/app/start.sh"]
