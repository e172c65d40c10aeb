"""`octavo batch --ray`: on a real cluster of two nodes, where `make ray-env` has brought Ray."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from octavo.__main__ import main
from octavo.corpus.desk import Before, Ended
from octavo.corpus.items import Item
from octavo.corpus.markers import Trouble
from octavo.corpus.on_ray import Order, RayTask
from octavo.errors import DocumentCorrupt, OctavoError, of_code
from octavo.frontends._exits import Exit
from octavo.settings import BatchSettings, EngineSettings, ParseOptions

RAY = Path(__file__).parent.parent / ".venvs" / "ray"
ITEM = Item("a.pdf", "in/a.pdf", 7, "v1", "member", 9)


@pytest.mark.parametrize("before", [None, Before(None), Before(Trouble("failed", "p", "v"))])
def test_a_task_comes_back_as_it_was_sent(before: Before | None) -> None:
    task = RayTask(ITEM, before, frozenset({"x", "y"}))
    assert RayTask.unpacked(task.packed()) == task


def test_settings_travel_as_plain_values() -> None:
    """Frozen mappings cannot be sent to another machine."""
    engine = EngineSettings(layout_thresholds={"text": 0.5})
    options = ParseOptions(tasks={"header": "abandon"}, password="x")
    order = Order.of("in", "out", engine, options, BatchSettings(shapes=("parquet",)))
    assert EngineSettings.model_validate(dict(order.engine)) == engine
    assert ParseOptions.model_validate(dict(order.options)) == options
    assert all(isinstance(value, dict) for value in (order.engine["layout_thresholds"], order.options["tasks"]))


def test_an_of_code_another_machine_keeps_its_code_and_fault() -> None:
    ended = Ended(ITEM, "failed", error=DocumentCorrupt("broken"))
    (told,) = [Ended.of(ITEM, json.loads(json.dumps(ended.said))).error]
    assert (type(told), str(told)) == (DocumentCorrupt, "broken")
    assert type(of_code("no_such_code", "x")) is OctavoError


def test_without_ray_it_is_said_what_to_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if "ray" in sys.modules or any(Path(path, "ray").is_dir() for path in sys.path):
        pytest.skip("Ray is installed")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    assert main(["batch", str(tmp_path), str(tmp_path / "out"), "--ray"]) == Exit.OURS
    assert "octavo[ray]" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not (RAY / "ray").is_dir(), reason="needs `make ray-env`")
def test_a_node_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(RAY)}
    command = [sys.executable, "ray_cluster.py", "--documents", "24"]
    ended = subprocess.run(
        command, cwd=Path(__file__).parent, env=environment, capture_output=True, text=True, check=True
    )
    said = json.loads(ended.stdout.splitlines()[-1])
    assert (said["code"], said["documents"], said["success"], said["same"]) == (0, 24, 24, True)
    assert said["killed_after"] < 24
