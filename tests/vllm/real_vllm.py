"""How tests reach the real vLLM: on a CPU, with a tiny checkpoint, in an environment of its own.

vLLM is started by Octavo itself. The tests run in Octavo's environment; whatever needs torch or transformers runs in
vLLM's, as a process.
"""

import os
import subprocess
from pathlib import Path

from octavo.settings import EngineSettings

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / ".venvs" / "vllm"
PYTHON = ENVIRONMENT / "bin" / "python"
VLLM = ENVIRONMENT / "bin" / "vllm"

# CPU only: a KV cache of 1 GiB, no compilation, threads for the machine that tests usually run on
CHILD_ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": "2", "HF_HUB_OFFLINE": "1"}
CHILD_ARGUMENTS = ("--enforce-eager", "--skip-mm-profiling")


def in_environment(*arguments: str) -> str:
    """What a Python program prints there."""
    done = subprocess.run(
        [PYTHON, "-W", "ignore", *arguments],
        env=os.environ | CHILD_ENVIRONMENT | {"PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def settings(model: Path, **others: object) -> EngineSettings:
    """An engine that suits the tiny checkpoint: as the defaults have it, where the CPU lets it."""
    return EngineSettings.model_validate(
        {
            "model_name": str(model),
            "vllm_command": str(VLLM),
            "vllm_port": 0,
            "vllm_args": CHILD_ARGUMENTS,
            "max_num_seqs": 32,
            "region_tokens": 48,
            "retry_seconds": 0.2,
            "answers_kept": 0,  # crops that are alike are asked about all the same
        }
        | others
    )
