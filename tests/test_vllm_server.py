"""Starting, waiting for, watching and stopping vLLM, played by a program that misbehaves like it."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from test_openai import codes, crop, eventually, read_one

from octavo.errors import EngineUnavailable
from octavo.glm_ocr.vllm_server import Model, VllmServer, find_model, find_program, vllm_environment, vllm_flags
from octavo.recognizers.openai import ChatRecognizer, open_recognizer
from octavo.settings import EngineSettings

REVISION = "e9134f400acad80346162536e043def285fa1022"


# --- flags and places --------------------------------------------------------------------------------------------


def flags(**settings: object) -> list[str]:
    return vllm_flags(EngineSettings.model_validate(settings))


def value(flags: list[str], name: str) -> str:
    return flags[flags.index(name) + 1]


def test_flags_come_from_the_settings() -> None:
    made = flags(
        model_name="org/model",
        model_revision="abc",
        served_model_name="reader",
        vllm_port=9000,
        vllm_dtype="float16",
        gpu_memory_utilization=0.92,
        max_model_len=32768,
        max_num_seqs=96,
        max_num_batched_tokens=65536,
        limit_mm_per_prompt={"image": 2},
        speculative_config={"method": "mtp", "num_speculative_tokens": 1},
        trust_remote_code=True,
        vllm_args="--enforce-eager --seed 3",
    )
    assert made[:2] == ["serve", "org/model"]
    expected = {
        "--revision": "abc",
        "--served-model-name": "reader",
        "--host": "127.0.0.1",
        "--port": "9000",
        "--dtype": "float16",
        "--gpu-memory-utilization": "0.92",
        "--max-model-len": "32768",
        "--max-num-seqs": "96",
        "--max-num-batched-tokens": "65536",
        "--mm-processor-cache-gb": "0",
    }
    assert {name: value(made, name) for name in expected} == expected
    assert json.loads(value(made, "--limit-mm-per-prompt")) == {"image": 2, "video": 0}
    assert json.loads(value(made, "--speculative-config")) == {"method": "mtp", "num_speculative_tokens": 1}
    assert {"--no-enable-prefix-caching", "--trust-remote-code"} < set(made)
    assert made[-3:] == ["--enforce-eager", "--seed", "3"]


def test_defaults_bind_loopback_and_take_the_largest_crop() -> None:
    made = flags()
    assert value(made, "--host") == "127.0.0.1"
    assert int(value(made, "--max-num-batched-tokens")) >= 8192  # or HTTP 400 for 4.8 megapixels
    assert int(value(made, "--max-model-len")) >= 6144 + 8192
    assert value(made, "--revision") == REVISION


@pytest.mark.parametrize(
    ("arguments", "sequences"),
    [((), 96), (("--enforce-eager",), 96), (("--data-parallel-size", "2"), None), (("--max-num-seqs=8",), None)],
)
def test_how_many_it_works_on_is_known_unless_said_otherwise(arguments: tuple[str, ...], sequences: int | None) -> None:
    settings = EngineSettings(max_num_seqs=96, vllm_args=arguments, vllm_command=sys.executable)
    assert VllmServer(settings).sequences == sequences


def test_speculative_decoding_can_be_switched_off() -> None:
    assert "--speculative-config" not in flags(speculative_config="off")


def snapshot(cache: Path, revision: str) -> Path:
    folder = cache / "models--zai-org--GLM-OCR" / "snapshots" / revision
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def test_a_model_on_the_network_volume_is_found_and_loaded_offline(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "huggingface-cache" / "hub", REVISION)
    model = find_model(EngineSettings(volume_path=str(tmp_path)), {})
    assert (model.name, model.revision) == (str(folder), None)
    assert model.environment["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME"])
def test_a_model_in_the_hub_cache_is_found(tmp_path: Path, variable: str) -> None:
    folder = snapshot(tmp_path / "hub", REVISION)
    if variable == "HF_HOME":
        model = find_model(EngineSettings(volume_path="/nowhere"), {"HF_HOME": str(tmp_path)})
    else:
        model = find_model(EngineSettings(volume_path="/nowhere", model_cache=str(tmp_path / "hub")), {})
    assert model.name == str(folder)


def test_a_branch_is_followed_to_its_snapshot(tmp_path: Path) -> None:
    folder = snapshot(tmp_path, "f" * 40)
    (tmp_path / "models--zai-org--GLM-OCR" / "refs").mkdir()
    (tmp_path / "models--zai-org--GLM-OCR" / "refs" / "main").write_text("f" * 40)
    model = find_model(EngineSettings(model_cache=str(tmp_path), model_revision=None), {})
    assert model.name == str(folder)


def test_another_revision_is_not_taken_for_the_one_asked_for(tmp_path: Path) -> None:
    snapshot(tmp_path / "huggingface-cache" / "hub", "0" * 40)
    model = find_model(EngineSettings(volume_path=str(tmp_path)), {})
    assert (model.name, model.revision) == ("zai-org/GLM-OCR", REVISION)
    assert model.environment == {"HF_HUB_CACHE": str(tmp_path / "huggingface-cache" / "hub")}


def test_a_folder_is_a_model(tmp_path: Path) -> None:
    assert find_model(EngineSettings(model_name=str(tmp_path)), {}) == Model(str(tmp_path))


def test_the_child_gets_its_own_key_and_none_of_our_secrets() -> None:
    ours = {
        "PATH": "/bin",
        "HF_TOKEN": "t",
        "OCTAVO_API_KEY": "k",
        "BUCKET_SECRET_ACCESS_KEY": "s",
        "RUNPOD_AI_API_KEY": "r",
    }
    child = vllm_environment(EngineSettings(api_key=SecretStr("sesame")), Model("m"), ours)
    assert child["HF_TOKEN"] == "t"
    assert child["VLLM_API_KEY"] == "sesame"
    assert not {"OCTAVO_API_KEY", "BUCKET_SECRET_ACCESS_KEY", "RUNPOD_AI_API_KEY"} & set(child)


def test_a_missing_program_is_said_so() -> None:
    with pytest.raises(EngineUnavailable, match="--url"):
        find_program("vllm-that-nobody-installed")


# --- the process -------------------------------------------------------------------------------------------------

Start = Callable[[], list[dict[str, object]]]


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """What the fake program noted at each start."""
    notes = tmp_path / "notes"
    monkeypatch.setenv("FAKE_VLLM_NOTES", str(notes))
    return lambda: [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []


@asynccontextmanager
async def vllm(folder: Path, behaviour: str, **settings: object) -> AsyncIterator[ChatRecognizer]:
    program = folder / "vllm"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent}/fake_vllm.py" {behaviour} "$@"\n')
    program.chmod(0o755)
    known = {
        "vllm_command": str(program),
        "vllm_port": 0,
        "retry_seconds": 0.05,
        "model_name": str(folder),
        "answers_kept": 0,
    }
    recognizer = await open_recognizer(EngineSettings.model_validate(known | settings))
    try:
        yield recognizer
    finally:
        await recognizer.close()


def alive(pid: object) -> bool:
    assert isinstance(pid, int)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


async def test_it_is_started_waited_for_and_stopped_with_its_children(tmp_path: Path, starts: Start) -> None:
    async with vllm(tmp_path, "well") as recognizer:
        recognition = await read_one(recognizer)  # waits for the boot by itself
        assert recognition.text == f"read by {starts()[0]['pid']}"
        assert recognizer.described == f"{tmp_path.name} on vLLM 9.9.9 with MTP"
        (start,) = starts()
        assert alive(start["child"])
    await eventually(lambda: not alive(start["pid"]) and not alive(start["child"]))


async def test_one_that_ignores_the_request_to_stop_is_killed(
    tmp_path: Path, starts: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.glm_ocr.vllm_server._STOP_SECONDS", 0.2)
    async with vllm(tmp_path, "deaf") as recognizer:
        await recognizer.ready()
    await eventually(lambda: not alive(starts()[0]["pid"]) and not alive(starts()[0]["child"]))


async def test_a_document_is_completed_when_it_is_killed_in_the_middle(tmp_path: Path, starts: Start) -> None:
    async with vllm(tmp_path, "well", requests_in_flight=4) as recognizer:
        await recognizer.ready()
        work = asyncio.create_task(recognizer.recognize([crop()] * 80, document="d"))
        answers = tmp_path / "notes.answers"
        asked_first = answers.stat().st_size  # before it counted as up
        # It notes an answer before it sends it: with four in flight the fifth says that one of them has arrived.
        await eventually(lambda: answers.stat().st_size > asked_first + 4)
        (first,) = starts()
        assert isinstance(first["pid"], int)
        os.kill(first["pid"], signal.SIGKILL)
        recognitions = await work
        assert len(starts()) == 2
        await eventually(lambda: not alive(first["child"]))  # its orphan would hold the GPU
    assert not any(recognition.problems for recognition in recognitions)
    assert {recognition.text for recognition in recognitions} == {f"read by {start['pid']}" for start in starts()}


async def test_one_that_dies_at_the_start_is_an_error_with_its_last_words(tmp_path: Path, starts: Start) -> None:
    async with vllm(tmp_path, "dies", speculative_config="off") as recognizer:
        with pytest.raises(EngineUnavailable) as caught:
            await recognizer.ready()
        recognition = await read_one(recognizer)
    assert "exit code 1" in caught.value.message
    assert "ValueError: no such thing in config.json for ..." in caught.value.message
    assert "/opt" not in caught.value.message
    assert codes(recognition) == ["engine_unavailable"]
    assert len(starts()) == 1


async def test_one_that_never_gets_healthy_is_stopped(tmp_path: Path, starts: Start) -> None:
    async with vllm(tmp_path, "never_healthy", speculative_config="off", vllm_boot_seconds=1.0) as recognizer:
        with pytest.raises(EngineUnavailable, match="not healthy within 1 s"):
            await recognizer.ready()
        assert not alive(starts()[0]["pid"])


@pytest.mark.parametrize("behaviour", ["dies_with_mtp", "fails_first_question"])
async def test_speculative_decoding_is_dropped_aloud_where_it_does_not_work(
    tmp_path: Path, starts: Start, behaviour: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with vllm(tmp_path, behaviour) as recognizer:
        assert (await read_one(recognizer)).problems == ()
        assert "MTP" not in recognizer.described
    with_it, without = starts()
    assert "--speculative-config" in with_it["flags"]  # type: ignore[operator]  # a list
    assert "--speculative-config" not in without["flags"]  # type: ignore[operator]  # a list
    assert "speculative_decoding_dropped" in caplog.text


async def test_a_wrong_flag_is_no_reason_to_start_twice(tmp_path: Path, starts: Start) -> None:
    async with vllm(tmp_path, "wrong_flag") as recognizer:
        with pytest.raises(EngineUnavailable, match="unrecognized arguments: --frob"):
            await recognizer.ready()
    assert len(starts()) == 1


async def test_closing_while_it_boots_leaves_nothing_running(tmp_path: Path, starts: Start) -> None:
    started = time.perf_counter()
    async with vllm(tmp_path, "never_healthy"):
        await eventually(lambda: bool(starts()))
    await eventually(lambda: not alive(starts()[0]["pid"]) and not alive(starts()[0]["child"]))
    assert time.perf_counter() - started < 100  # it would boot for 300 s


async def test_a_taken_port_is_said_at_once(tmp_path: Path, starts: Start) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EngineUnavailable, match=f"port {port}"):
            async with vllm(tmp_path, "well", vllm_port=port):
                pass
    assert starts() == []
