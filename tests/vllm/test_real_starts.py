"""Starts of the real vLLM that do not go as they should."""

import json
import logging
import shutil
from pathlib import Path

import pytest
from real_vllm import settings
from test_real_serving import drawn, read

from octavo.errors import EngineUnavailable
from octavo.recognizers.openai import open_recognizer


@pytest.mark.timeout(400)
async def test_what_cannot_speculate_reads_without(tiny: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The start with speculative decoding fails, the next goes without, and the log says so."""
    caplog.set_level(logging.WARNING, "octavo")
    unknown = {"method": "of_tomorrow", "num_speculative_tokens": 3}
    reader = await open_recognizer(settings(tiny, recovery=False, speculative_config=unknown))
    try:
        await reader.ready()
        (recognition,) = await read(reader, drawn())
        assert recognition.usage.requests == 1
        assert reader.described.startswith("tiny-glm-ocr on vLLM 0.")
        assert "MTP" not in reader.described
        assert "speculative_decoding_dropped" in caplog.text
    finally:
        await reader.close()


@pytest.mark.timeout(200)
async def test_a_broken_checkpoint_is_an_error_that_says_why(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "broken"))
    (folder / "config.json").write_text(json.dumps({"model_type": "glm_ocr_of_tomorrow"}))
    reader = await open_recognizer(settings(folder, speculative_config="off"))
    try:
        with pytest.raises(EngineUnavailable) as caught:
            await reader.ready()
    finally:
        await reader.close()
    assert "exit code 1" in caught.value.message
    assert "glm_ocr_of_tomorrow" in caught.value.message
    assert str(tmp_path) not in caught.value.message
