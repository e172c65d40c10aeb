"""Each build-time gate fails on the edge it guards, and says which; the real vLLM's files pass."""

import importlib.util
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from octavo.glm_ocr.vllm_server import vllm_flags

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

HELP = """usage: vllm serve [model_tag] [options]

options:
  --enable-prefix-caching, --no-enable-prefix-caching
                        Takes the place of --caching, which is gone.
  --host HOST, -hh HOST
                        Host name. (default: None)
"""


def template(**layout: object) -> dict[str, Any]:
    whole: dict[str, object] = {"id2label": {0: "abstract"}, "label_task_mapping": {"text": ["abstract"]}}
    return {"pipeline": {"layout": whole | layout}}


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
    gates.glmocr_is_there(GOOD, "0.1.1", template)
    gates.vllm_knows_the_flags(["--host", "--no-enable-prefix-caching"], HELP)


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


def test_the_sdk_must_be_the_expected_one() -> None:
    with failing("glmocr 0.1.1 is installed, 0.1.5 is expected"):
        gates.glmocr_is_there(GOOD, "0.1.5", template)


@pytest.mark.parametrize("key", ["id2label", "label_task_mapping"])
@pytest.mark.parametrize("value", [None, {}])
def test_the_sdk_s_template_must_name_labels_and_tasks(key: str, value: object) -> None:
    with failing(f"glmocr 0.1.1: its template has no pipeline.layout.{key}"):
        gates.glmocr_is_there(GOOD, "0.1.1", lambda: template(**{key: value}))


def test_a_template_without_a_pipeline_fails() -> None:
    with failing("its template has no pipeline.layout.id2label"):
        gates.glmocr_is_there(GOOD, "0.1.1", lambda: None)


def sdk(folder: Path, config: str) -> Path:
    """A package that imports, whose configuration is `config`."""
    package = folder / "glmocr"
    package.mkdir()
    (package / "__init__.py").write_text('"""Lazy: imports nothing."""\n')
    (package / "config.py").write_text(config)
    (package / "config.yaml").write_text("pipeline: {layout: {id2label: {0: a}, label_task_mapping: {text: [a]}}}")
    return folder


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("import octavo_is_not_this", "No module named 'octavo_is_not_this'"),
        ("", "cannot import name 'GlmOcrConfig' from 'glmocr.config'"),
    ],
)
def test_an_sdk_that_only_seems_to_import_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str, complaint: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(sdk(tmp_path, config)))
    with failing(complaint):
        gates.glmocr_is_there(GOOD, "0.1.1", gates._template)


def test_the_sdk_s_template_is_read_where_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(sdk(tmp_path, "class GlmOcrConfig: ...")))
    gates.glmocr_is_there(GOOD, "0.1.1", gates._template)


def test_a_flag_that_vllm_does_not_know_is_named() -> None:
    with failing("--frob, --caching: not in its --help=all"):
        gates.vllm_knows_the_flags(["--host", "--frob", "--caching"], HELP)


def test_a_vllm_that_says_nothing_of_its_flags_fails() -> None:
    with failing("vllm serve --help=all: ModuleNotFoundError: No module named 'vllm'"):
        gates._said(gates.ASK_VLLM, "vllm serve --help=all")
    with failing("--host: not in its --help=all"):
        gates.vllm_knows_the_flags(["--host"], "")


def test_every_flag_that_can_be_emitted_is_compared() -> None:
    spelled = set(re.findall(r'"(--[a-z][a-z-]*)"', inspect.getsource(vllm_flags)))
    assert spelled
    assert set(gates.emitted_flags()) == spelled


def test_the_first_on_the_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does for imports: Debian's older one may lie behind it."""
    for folder, version, requires in (("first", "4.67.1", ""), ("second", "4.64.0", "Requires-Dist: colorama\n")):
        metadata = tmp_path / folder / f"tqdm-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(f"Metadata-Version: 2.1\nName: tqdm\nVersion: {version}\n{requires}")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(tmp_path / "second"), *sys.path])
    assert gates.environment()["tqdm"].version == "4.67.1"


@pytest.mark.vllm
@pytest.mark.parametrize("sees_a_device", [True, False])
def test_the_real_vllm_knows_the_flags(tmp_path: Path, sees_a_device: bool) -> None:
    """As an image is built it sees none, and its own command then says nothing of its flags."""
    environment = dict(os.environ)
    if not sees_a_device:
        environment["PYTHONPATH"] = str(without_devices(tmp_path))
    asked = [vllm_python(), "-c", gates.ASK_VLLM]
    told = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True, timeout=240)
    gates.vllm_knows_the_flags(gates.emitted_flags(), told.stdout)
    with failing("--frob"):
        gates.vllm_knows_the_flags(["--frob"], told.stdout)
    stub = (ROOT / "tests" / "image" / "stub_vllm" / "flags.txt").read_text().split()
    gates.vllm_knows_the_flags(stub, told.stdout)  # the stand-in of the image's test takes no flag that this does not


@pytest.mark.vllm
def test_the_real_vllm_s_environment_passes() -> None:
    done = subprocess.run(
        [vllm_python(), ROOT / "deploy" / "gates.py", "--glmocr-version", "0.1.5"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("gate passed") == 6


def vllm_python() -> Path:
    python = ROOT / ".venvs" / "vllm" / "bin" / "python"
    if not python.exists():
        pytest.skip("no vLLM environment: make vllm-env")
    return python


def without_devices(folder: Path) -> Path:
    """On the path, it makes vLLM's CPU build take itself for the CUDA build on a machine without a driver."""
    metadata = folder / "vllm-0.32.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0\n")
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class NoDriver:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith(('vllm._C', 'vllm._moe_C')):\n"
        "            raise ImportError('libcuda.so.1: cannot open shared object file')\n"
        "sys.meta_path.insert(0, NoDriver())\n"
    )
    return folder


def test_what_the_worker_needs_is_there_to_the_last() -> None:
    installed = {
        "paramiko": Installed("5.1.0", ("cryptography>=3.3", "gssapi>=1.4; extra == 'gssapi'")),
        "cryptography": Installed("41.0", ("cffi>=2",)),
        "cffi": Installed("2.1"),
    }
    gates.needs_are_met(installed, ["paramiko>=3.4"])
    with failing("the worker -> paramiko>=6: 5.1.0 is installed"):
        gates.needs_are_met(installed, ["paramiko>=6"])
    with failing("cryptography -> cffi>=2: 1.15 is installed"):
        gates.needs_are_met(installed | {"cffi": Installed("1.15")}, ["paramiko>=3.4"])
    with failing("the worker -> obstore: not installed"):
        gates.needs_are_met(installed, ["obstore>=0.8"])
