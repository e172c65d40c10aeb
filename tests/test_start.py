"""A worker started with the environment of an earlier one, pasted whole: it runs as that one did, and says what does
nothing."""

import json
import logging
import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import cv2
import pytest
from handler import front_end
from test_vllm_server import vllm

from octavo.__main__ import main
from octavo.errors import OptionInvalid
from octavo.frontends._exits import Exit
from octavo.frontends._settled import idle_variables, settle
from octavo.frontends.runpod import add_arguments
from octavo.glm_ocr.vllm_server import Model, vllm_environment, vllm_flags
from octavo.parser import Parser
from octavo.recognizers.openai import _sampling
from octavo.settings import (
    WORKER_DEFAULTS,
    EngineSettings,
    ParseOptions,
    Profile,
    TextLayerUse,
    WorkerSettings,
    resolve,
    usable,
    without_effect,
)

ROOT = Path(__file__).parents[1]
REVISION = "e9134f400acad80346162536e043def285fa1022"

# All names that the contract lists for the earlier worker's presets, with the values of the one for an A40.
A40 = {
    "WORKER_MAX_CONCURRENCY": "1",
    "DOWNLOAD_CONCURRENCY": "16",
    "MAX_PAGES_PER_JOB": "128",
    "IMAGE_MAX_SIDE": "2200",
    "IMAGE_JPEG_QUALITY": "90",
    "RETURN_CROP_IMAGES_DEFAULT": "false",
    "MAX_CROP_IMAGES": "200",
    "GLMOCR_PARSE_TIMEOUT_SECONDS": "1800",
    "GLMOCR_LOG_LEVEL": "INFO",
    "MODEL_NAME": "zai-org/GLM-OCR",
    "MODEL_REVISION": REVISION,
    "SERVED_MODEL_NAME": "glm-ocr",
    "VLLM_HOST": "0.0.0.0",
    "VLLM_PORT": "8080",
    "VLLM_DTYPE": "float16",
    "TRUST_REMOTE_CODE": "true",
    "GPU_MEMORY_UTILIZATION": "0.92",
    "MAX_MODEL_LEN": "16384",
    "MAX_NUM_SEQS": "96",
    "MAX_NUM_BATCHED_TOKENS": "32768",
    "LIMIT_MM_PER_PROMPT": '{"image":1}',
    "SPECULATIVE_CONFIG": "",
    "VLLM_HEALTH_TIMEOUT": "420",
    "GLMOCR_CONFIG_PATH": "/app/glmocr.config.yaml",
    "GLMOCR_DEFAULT_PROMPT": "Recognize the text in the image and output in Markdown format.",
    "GLMOCR_ENABLE_LAYOUT": "true",
    "GLMOCR_OUTPUT_FORMAT": "both",
    "GLMOCR_MAX_WORKERS": "16",
    "GLMOCR_CONNECTION_POOL_SIZE": "128",
    "GLMOCR_PAGE_MAXSIZE": "100",
    "GLMOCR_REGION_MAXSIZE": "800",
    "GLMOCR_MAX_TOKENS_PER_PAGE": "4096",
    "GLMOCR_TEMPERATURE": "0.01",
    "GLMOCR_TOP_P": "0.9",
    "GLMOCR_CONNECT_TIMEOUT": "30",
    "GLMOCR_REQUEST_TIMEOUT": "180",
    "GLMOCR_RETRY_MAX_ATTEMPTS": "3",
    "GLMOCR_RETRY_BACKOFF_BASE_SECONDS": "0.75",
    "GLMOCR_LAYOUT_MODEL_DIR": "PaddlePaddle/PP-DocLayoutV3_safetensors",
    "GLMOCR_LAYOUT_THRESHOLD": "0.3",
    "GLMOCR_LAYOUT_BATCH_SIZE": "1",
    "GLMOCR_LAYOUT_WORKERS": "1",
    "GLMOCR_LAYOUT_CUDA_VISIBLE_DEVICES": "0",
}
H100 = A40 | {
    "WORKER_MAX_CONCURRENCY": "2",
    "DOWNLOAD_CONCURRENCY": "32",
    "MAX_PAGES_PER_JOB": "192",
    "IMAGE_MAX_SIDE": "2600",
    "IMAGE_JPEG_QUALITY": "92",
    "MAX_CROP_IMAGES": "300",
    "VLLM_DTYPE": "bfloat16",
    "GPU_MEMORY_UTILIZATION": "0.94",
    "MAX_MODEL_LEN": "32768",
    "MAX_NUM_SEQS": "192",
    "MAX_NUM_BATCHED_TOKENS": "65536",
    "GLMOCR_MAX_WORKERS": "32",
    "GLMOCR_CONNECTION_POOL_SIZE": "256",
    "GLMOCR_PAGE_MAXSIZE": "220",
    "GLMOCR_REGION_MAXSIZE": "1500",
    "GLMOCR_MAX_TOKENS_PER_PAGE": "6144",
    "GLMOCR_RETRY_BACKOFF_BASE_SECONDS": "0.5",
}
PRESETS = pytest.mark.parametrize("preset", [A40, H100], ids=["a40", "h100"])
IMAGE = {"OCTAVO_ENGINE": "glm-ocr", "OCTAVO_PRESET": "none"}  # set by the image, and by these tests


def engine_of(environment: dict[str, str]) -> EngineSettings:
    return resolve(EngineSettings, {}, usable(environment)).values


def idle(environment: dict[str, str]) -> dict[str, str]:
    return idle_variables(environment, engine_of(environment), worker=True)


# --- what runs ---------------------------------------------------------------------------------------------------


@PRESETS
def test_the_earlier_environment_settles(preset: dict[str, str]) -> None:
    environment = usable(preset | IMAGE)
    engine = resolve(EngineSettings, {}, environment).values
    worker = resolve(WorkerSettings, {}, environment).values
    options = resolve(ParseOptions, {}, environment, {}, WORKER_DEFAULTS).values
    numbers = {name: float(text) for name, text in preset.items() if text.replace(".", "", 1).isdigit()}
    assert worker.concurrency == numbers["WORKER_MAX_CONCURRENCY"]
    assert worker.downloads == numbers["DOWNLOAD_CONCURRENCY"]
    assert worker.max_crop_images == numbers["MAX_CROP_IMAGES"]
    assert engine.max_pages == numbers["MAX_PAGES_PER_JOB"]
    assert engine.requests_in_flight == numbers["GLMOCR_MAX_WORKERS"]
    assert engine.connection_pool_size == numbers["GLMOCR_CONNECTION_POOL_SIZE"]
    assert engine.region_tokens == numbers["GLMOCR_MAX_TOKENS_PER_PAGE"]
    assert engine.crop_quality == numbers["IMAGE_JPEG_QUALITY"]
    assert engine.retry_seconds == numbers["GLMOCR_RETRY_BACKOFF_BASE_SECONDS"]
    assert options.max_side == numbers["IMAGE_MAX_SIDE"]
    assert (options.profile, options.text_layer) == (Profile.OFFICIAL, TextLayerUse.OFF)


@PRESETS
def test_vllm_is_started_as_the_earlier_worker_started_it(preset: dict[str, str]) -> None:
    flags = vllm_flags(engine_of(preset | IMAGE))
    assert flags[:2] == ["serve", preset["MODEL_NAME"]]
    said = dict(zip(flags, [*flags[1:], ""], strict=True))
    expected = {
        "--revision": preset["MODEL_REVISION"],
        "--served-model-name": preset["SERVED_MODEL_NAME"],
        "--host": preset["VLLM_HOST"],
        "--port": preset["VLLM_PORT"],
        "--dtype": preset["VLLM_DTYPE"],
        "--gpu-memory-utilization": preset["GPU_MEMORY_UTILIZATION"],
        "--max-model-len": preset["MAX_MODEL_LEN"],
        "--max-num-seqs": preset["MAX_NUM_SEQS"],
        "--max-num-batched-tokens": preset["MAX_NUM_BATCHED_TOKENS"],
    }
    assert expected.items() <= said.items()
    assert json.loads(said["--limit-mm-per-prompt"])["image"] == 1
    assert "--trust-remote-code" in flags
    assert "--speculative-config" not in flags


def test_the_sampling_that_is_set_is_what_is_asked_for() -> None:
    """One candidate only would leave temperature and nucleus nothing to choose from."""
    sampling = _sampling(engine_of(A40 | IMAGE))
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == (0.01, 0.9, None)
    assert _sampling(EngineSettings()).top_k == 1
    assert _sampling(EngineSettings(temperature=0.5, top_k=20)).top_k == 20


@PRESETS
def test_vllm_gets_none_of_our_variables(preset: dict[str, str]) -> None:
    """VLLM_PORT, for one, is vLLM's own variable, for another port."""
    theirs = {"PATH": "/bin", "HF_HUB_CACHE": "/cache", "HF_TOKEN": "hf", "VLLM_USE_V1": "1"}
    ours = preset | IMAGE | {"VLLM_BASE_IMAGE_REF": "image", "VLLM_EXTRA_ARGS": "--x", "RUNPOD_AI_API_KEY": "secret"}
    settings = engine_of(preset | IMAGE).model_copy(update={"vllm_host": "127.0.0.1"})
    child = vllm_environment(settings, Model("model"), theirs | ours)
    assert theirs.items() <= child.items()
    assert set(child) - set(theirs) == {"VLLM_NO_USAGE_STATS", "DO_NOT_TRACK", "VLLM_HOST_IP"}


async def test_the_process_gets_none_of_them_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (A40 | {"VLLM_BASE_IMAGE_REF": "image"}).items():
        monkeypatch.setenv(name, value)
    notes = tmp_path / "notes"
    monkeypatch.setenv("FAKE_VLLM_NOTES", str(notes))
    async with vllm(tmp_path, "well") as recognizer:
        await recognizer.ready()
    [start] = map(json.loads, notes.read_text().splitlines())
    ours = {*A40, "VLLM_BASE_IMAGE_REF"}
    assert {"VLLM_HOST", "VLLM_PORT", "VLLM_DTYPE", "VLLM_HEALTH_TIMEOUT"} < ours
    assert not ours & set(start["variables"])


# --- what has no effect ------------------------------------------------------------------------------------------


@PRESETS
def test_what_does_nothing_is_named_and_nothing_else(preset: dict[str, str]) -> None:
    assert set(idle(preset | IMAGE)) == {
        "GLMOCR_CONFIG_PATH",
        "GLMOCR_CONNECT_TIMEOUT",
        "GLMOCR_DEFAULT_PROMPT",
        "GLMOCR_PAGE_MAXSIZE",
        "GLMOCR_REGION_MAXSIZE",
    }


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("GLMOCR_TEMPRATURE", "did you mean GLMOCR_TEMPERATURE?"),
        ("OCTAVO_TEXTLAYER", "did you mean OCTAVO_TEXT_LAYER?"),
        ("GLMOCR_MODE", "not known"),
        ("MAX_MODEL_LENGTH", "did you mean MAX_MODEL_LEN?"),
        ("GPU_MEMORY_UTILISATION", "did you mean GPU_MEMORY_UTILIZATION?"),
        ("OCTAVO_FORMATS", "a job says what it wants"),
        ("VLLM_API_KEY", "OCTAVO_API_KEY"),
    ],
)
def test_a_slip_is_named_with_what_was_meant(variable: str, said: str) -> None:
    assert said in idle(IMAGE | {variable: "1"})[variable]


@pytest.mark.parametrize(
    "variable", ["VLLM_HOST_IP", "VLLM_USE_V1", "RUNPOD_POD_ID", "HF_TOKEN", "PATH", "WORKER_MODE"]
)
def test_variables_of_others_are_not_ours_to_judge(variable: str) -> None:
    assert not idle(IMAGE | {variable: "1"})


def test_the_weaker_of_two_names_does_nothing() -> None:
    assert idle(IMAGE | {"MAX_NUM_SEQS": "8", "OCTAVO_MAX_NUM_SEQS": "9"}) == {
        "MAX_NUM_SEQS": "OCTAVO_MAX_NUM_SEQS is set too, and stronger"
    }


def test_an_empty_variable_is_not_set() -> None:
    assert not idle(IMAGE | {"GLMOCR_PAGE_MAXSIZE": "", "GLMOCR_MODE": ""})


@pytest.mark.parametrize(
    ("environment", "variable", "does_nothing"),
    [
        ({"OCTAVO_ENGINE": "embedded"}, "MAX_NUM_SEQS", True),
        ({"OCTAVO_ENGINE": "embedded"}, "GLMOCR_LAYOUT_THRESHOLD", True),
        ({"OCTAVO_ENGINE": "embedded"}, "GLMOCR_MAX_WORKERS", True),
        ({"OCTAVO_ENGINE": "embedded"}, "RUNPOD_VOLUME_PATH", False),
        ({"OCTAVO_ENGINE": "glm-ocr", "OCTAVO_URL": "http://h:1"}, "MAX_NUM_SEQS", True),
        ({"OCTAVO_ENGINE": "glm-ocr", "OCTAVO_URL": "http://h:1"}, "GLMOCR_CONNECT_TIMEOUT", False),
        ({"OCTAVO_ENGINE": "glm-ocr", "OCTAVO_URL": "http://h:1"}, "GLMOCR_MAX_WORKERS", False),
        ({"OCTAVO_ENGINE": "glm-ocr"}, "GLMOCR_TOP_P", True),
        ({"OCTAVO_ENGINE": "glm-ocr", "GLMOCR_TEMPERATURE": "0.5"}, "GLMOCR_TOP_P", False),
    ],
)
def test_the_engine_in_force_decides(environment: dict[str, str], variable: str, does_nothing: bool) -> None:
    assert (variable in idle(environment | {variable: "1"})) is does_nothing


def test_the_command_line_writes_the_formats_it_is_told() -> None:
    engine = EngineSettings()
    assert not without_effect(
        {"OCTAVO_FORMATS": "html"}, engine, detector="embedded", recognizer="embedded", worker=False
    )


def test_the_log_says_it_once_and_no_value(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "octavo.frontends._logs.configure", lambda *_, **__: None
    )  # it would take caplog's handler away
    parser = ArgumentParser()
    add_arguments(parser)
    with caplog.at_level(logging.WARNING):
        settled = settle(parser.parse_args([]), A40 | IMAGE | {"GLMOCR_SECRET": "sesame"}, WORKER_DEFAULTS)
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("environment_without_effect GLMOCR_CONFIG_PATH: no file is there")
    assert "GLMOCR_PAGE_MAXSIZE" in line
    assert "sesame" not in line
    assert settled.options.profile is Profile.OFFICIAL


def test_a_configuration_file_that_is_not_there_is_refused_on_the_command_line(tmp_path: Path) -> None:
    """Who names one for a document means it; only workers inherit names of files that nobody mounted."""
    with pytest.raises(OptionInvalid):
        resolve(EngineSettings, {}, {"GLMOCR_CONFIG_PATH": str(tmp_path / "absent.yaml")})


@PRESETS
def test_doctor_shows_what_runs_and_what_does_nothing(
    preset: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (preset | IMAGE).items():
        monkeypatch.setenv(name, value)
    assert main(["doctor", "--effective", "--as-worker", "--json"]) == Exit.SUCCESS
    shown = json.loads(capsys.readouterr().out)
    assert set(shown["without_effect"]) == set(idle(preset | IMAGE))
    assert shown["ParseOptions"]["profile"] == {"value": "official", "origin": "default of the worker"}
    assert shown["EngineSettings"]["max_num_seqs"]["origin"] == "environment MAX_NUM_SEQS"
    assert main(["doctor", "--effective"]) == Exit.SUCCESS
    said = capsys.readouterr().out
    assert "for the command line" in said
    assert "GLMOCR_PAGE_MAXSIZE" in said.partition("no effect")[2]
    monkeypatch.setenv("RUNPOD_POD_ID", "pod")
    assert main(["doctor", "--effective"]) == Exit.SUCCESS
    assert "for the serverless worker" in capsys.readouterr().out


# --- what is read by default -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "preset", "profile", "origin"),
    [
        ({}, {}, "official", "default of the worker"),
        ({}, {"GLMOCR_PROFILE": "faithful"}, "faithful", "preset GLMOCR_PROFILE"),
        ({"GLMOCR_PROFILE": "faithful"}, {}, "faithful", "environment GLMOCR_PROFILE"),
        ({"OCTAVO_PROFILE": "faithful"}, {"GLMOCR_PROFILE": "official"}, "faithful", "environment OCTAVO_PROFILE"),
    ],
)
def test_everyone_beats_the_worker_s_default(
    environment: dict[str, str], preset: dict[str, str], profile: str, origin: str
) -> None:
    resolved = resolve(ParseOptions, {}, environment, preset, WORKER_DEFAULTS)
    assert (resolved.values.profile, resolved.origins["profile"]) == (profile, origin)
    assert resolved.values.text_layer is TextLayerUse.OFF
    assert resolve(ParseOptions, {}, environment | {"OCTAVO_TEXT_LAYER": "auto"}, preset, WORKER_DEFAULTS).values == (
        resolved.values.model_copy(update={"text_layer": TextLayerUse.AUTO})
    )


@pytest.mark.parametrize(
    ("words", "environment", "sample", "chosen"),
    [
        ([], {"RUNPOD_WEBHOOK_GET_JOB": "http://q"}, True, "runpod"),
        ([], {"RUNPOD_WEBHOOK_GET_JOB": "http://q", "WORKER_MODE": "http"}, True, "serve"),
        ([], {"WORKER_MODE": "queue"}, False, "runpod"),
        ([], {"WORKER_MODE": "http"}, True, "serve"),
        ([], {"PORT": "80"}, True, "serve"),
        ([], {}, True, "runpod"),
        ([], {}, False, "serve"),
        (["--test_input", "{}"], {"WORKER_MODE": "http"}, False, "runpod"),
        (["--test_input={}"], {}, False, "runpod"),
        (["--rp_serve_api", "--rp_api_port", "9000"], {"PORT": "80"}, False, "runpod"),
    ],
)
def test_where_jobs_come_from(
    words: list[str], environment: dict[str, str], sample: bool, chosen: str, tmp_path: Path
) -> None:
    if sample:
        (tmp_path / "test_input.json").write_text("{}")
    assert front_end(words, environment, tmp_path) == (["runpod"] if chosen == "runpod" else ["serve", "--as-worker"])


# --- what a program that uses Octavo keeps -----------------------------------------------------------------------


async def test_a_parser_leaves_opencv_s_threads_alone() -> None:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        async with Parser(EngineSettings(detector="whole_page", recognizer="scripted")):
            assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.slow
def test_importing_the_worker_changes_no_environment() -> None:
    program = "import os, octavo.frontends.runpod, octavo.frontends.serve; print(os.environ.get('RUNPOD_LOG_LEVEL'))"
    clean = {name: value for name, value in os.environ.items() if name != "RUNPOD_LOG_LEVEL"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=clean, check=True)
    assert done.stdout.strip() == "None"
