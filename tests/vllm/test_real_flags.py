"""Our flags against the command of the installed vLLM: one that drifted away fails here, not on a GPU."""

import re
import subprocess

from real_vllm import VLLM

from octavo.glm_ocr.vllm_server import vllm_flags
from octavo.settings import EngineSettings


def test_every_flag_is_one_of_the_command() -> None:
    """That their values are understood, the starts of the other tests show."""
    told = subprocess.run([VLLM, "serve", "--help=all"], capture_output=True, text=True, check=True, timeout=120).stdout
    known = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", told))
    everything = EngineSettings(trust_remote_code=True, model_revision="main")
    flags = {flag for flag in vllm_flags(everything) if flag.startswith("--")}
    assert len(flags) >= 15
    assert flags <= known
