"""Write the layout network as an ONNX file, for the detector pp_doclayout_onnx, which needs no torch."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from octavo.detectors import pp_doclayout
from octavo.frontends._exits import Exit
from octavo.settings import EngineSettings, resolve


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.onnx", help="where to write it")
    parser.add_argument("--layout-model", metavar="NAME|FOLDER", help="the network: a hub name or a folder")
    parser.add_argument("--layout-revision", metavar="HASH", help="its revision on the hub")


def run(arguments: Namespace) -> int:
    names = ("layout_model", "layout_revision")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    pp_doclayout.export(resolve(EngineSettings, given, os.environ).values, Path(arguments.file))
    sys.stdout.write(f"{arguments.file}: use it with --detector pp_doclayout_onnx --layout-model {arguments.file}\n")
    return Exit.SUCCESS
