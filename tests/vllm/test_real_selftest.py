"""The self-test on the real vLLM: its log tells the parts of the start, its metrics how busy it was."""

import json
from pathlib import Path

import pytest
from real_vllm import CHILD_ARGUMENTS, VLLM

from octavo.__main__ import main
from octavo.frontends._exits import Exit


@pytest.mark.timeout(400)
def test_a_model_that_reads_nonsense_is_found_out_and_its_start_is_told(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTAVO_PRESET", "none")
    engine = ["--engine", "glm-ocr", "--detector", "whole_page", "--model-name", str(tiny), "--no-recovery"]
    vllm = ["--vllm-command", str(VLLM), "--vllm-port", "0", f"--vllm-args={' '.join(CHILD_ARGUMENTS)}"]
    bounds = ["--max-num-seqs", "32", "--region-tokens", "16"]
    code = main(["selftest", *engine, *vllm, *bounds, "--max-pages", "4", "--seconds", "1", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (code, found["right"]) == (Exit.OURS, False)
    assert found["words_f1"] < 0.1
    assert "on vLLM 0." in found["engines"]["recognizer"]
    server = found["cold_start"]["server"]
    assert {"total", "imports", "weights", "engine", "first_questions"} <= set(server)
    assert all(0 < server[part] < server["total"] for part in ("imports", "weights", "engine", "first_questions"))
    assert found["cold_start"]["ready_after"] > server["total"]
    assert found["requests"]["running"] > 0
    assert 0 <= found["requests"]["cache"] <= 1
