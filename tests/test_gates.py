"""Each build-time gate fails on the edge it guards, and says which; the real vLLM's files pass."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("gates", ROOT / "deploy" / "gates.py")
assert spec is not None
assert spec.loader is not None
gates = importlib.util.module_from_spec(spec)
sys.modules["gates"] = gates
spec.loader.exec_module(gates)
Installed = gates.Installed

GOOD = {
    "vllm": Installed("0.20.1.dev5+gd00df62", ("transformers<5,>=4.56", "tokenizers>=0.21")),
    "transformers": Installed(
        "5.2.0", ("huggingface-hub<2.0,>=1.3.0", "tokenizers<=0.23.0,>=0.22.0", "tqdm>=4.27", "torch; extra == 'torch'")
    ),
    "huggingface-hub": Installed("1.4.1"),
    "tokenizers": Installed("0.22.2"),
    "tqdm": Installed("4.67.1"),
    "glmocr": Installed("0.1.1"),
}


def models(folder: Path, *, files: tuple[str, ...] = gates.MODEL_FILES, mapped: bool = True) -> Path:
    for name in files:
        (folder / name).touch()
    line = '"GlmOcrForConditionalGeneration": ("glm_ocr", "GlmOcrForConditionalGeneration"),'
    (folder / "registry.py").write_text(line if mapped else "")
    return folder


def failing(message: str) -> pytest.RaisesExc[Exception]:
    return pytest.raises(gates.GateFailed, match=re.escape(message))


def test_a_good_environment_passes_every_gate(tmp_path: Path) -> None:
    gates.vllm_has_the_model(models(tmp_path))
    gates.edges_hold(GOOD)
    gates.vllm_takes_transformers(GOOD)
    gates.transformers_knows_glm_ocr(GOOD, lambda: ("bert", "glm_ocr"))
    gates.glmocr_is_there(GOOD, "0.1.1", lambda: None)


@pytest.mark.parametrize("missing", gates.MODEL_FILES)
def test_a_vllm_without_the_model_fails(tmp_path: Path, missing: str) -> None:
    there = tuple(name for name in gates.MODEL_FILES if name != missing)
    with failing(f"model_executor/models/{missing} is missing"):
        gates.vllm_has_the_model(models(tmp_path, files=there))


def test_a_registry_without_the_architecture_fails(tmp_path: Path) -> None:
    with failing("registry.py does not map GlmOcrForConditionalGeneration"):
        gates.vllm_has_the_model(models(tmp_path, mapped=False))


@pytest.mark.parametrize(
    ("package", "version", "edge"),
    [
        ("tokenizers", "0.20.0", "vllm 0.20.1.dev5+gd00df62 -> tokenizers>=0.21: 0.20.0 is installed"),
        ("tokenizers", "0.24.0", "transformers 5.2.0 -> tokenizers<=0.23.0,>=0.22.0: 0.24.0 is installed"),
        ("huggingface-hub", "2.0.0", "transformers 5.2.0 -> huggingface-hub<2.0,>=1.3.0: 2.0.0 is installed"),
        ("tqdm", "4.1", "transformers 5.2.0 -> tqdm>=4.27: 4.1 is installed"),
    ],
)
def test_a_broken_edge_is_named(package: str, version: str, edge: str) -> None:
    with failing(edge):
        gates.edges_hold(GOOD | {package: Installed(version)})


def test_an_edge_that_is_not_declared_any_more_fails() -> None:
    with failing("vllm -> tokenizers: not declared any more"):
        gates.edges_hold(GOOD | {"vllm": Installed("0.33.0", ("transformers>=5.1",))})


def test_a_package_that_is_not_there_fails() -> None:
    with failing("tqdm is not installed"):
        gates.edges_hold({name: value for name, value in GOOD.items() if name != "tqdm"})


def test_only_a_nightly_may_run_with_transformers_beyond_what_it_declares() -> None:
    release = Installed("0.20.1", GOOD["vllm"].requires)
    with failing("vllm 0.20.1 -> transformers<5,>=4.56: 5.2.0 is installed"):
        gates.vllm_takes_transformers(GOOD | {"vllm": release})
    with failing("5.0.0 is installed"):
        gates.vllm_takes_transformers(GOOD | {"transformers": Installed("5.0.0", GOOD["transformers"].requires)})
    other = Installed("0.20.1.dev5", ("transformers!=5.2.0",))
    with failing("transformers!=5.2.0: 5.2.0 is installed"):
        gates.vllm_takes_transformers(GOOD | {"vllm": other})


def test_transformers_must_be_recent_and_know_the_model() -> None:
    with failing("older than 5.1.0"):
        gates.transformers_knows_glm_ocr(GOOD | {"transformers": Installed("5.0.1")}, lambda: ("glm_ocr",))
    with failing("does not know the model type glm_ocr"):
        gates.transformers_knows_glm_ocr(GOOD, lambda: ("bert",))


def test_the_sdk_must_be_the_expected_one_and_import() -> None:
    with failing("glmocr 0.1.1 is installed, 0.1.5 is expected"):
        gates.glmocr_is_there(GOOD, "0.1.5", lambda: None)
    with failing("glmocr does not import: No module named 'fitz'"):
        gates.glmocr_is_there(GOOD, "0.1.1", lambda: "No module named 'fitz'")


@pytest.mark.vllm
def test_the_real_vllm_passes() -> None:
    vllm_python = ROOT / ".venvs" / "vllm" / "bin" / "python"
    if not vllm_python.exists():
        pytest.skip("no vLLM environment: make vllm-env")
    done = subprocess.run(
        [vllm_python, ROOT / "deploy" / "gates.py", "--glmocr-version", "0.1.5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("gate passed") == 5
