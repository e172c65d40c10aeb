"""The worker as its container runs it, with the recognisers of this folder beside the real ones."""

import runpy
import sys
from pathlib import Path

import octavo.recognizers

here = Path(__file__).parent
octavo.recognizers.__path__.append(str(here / "recognizers"))
sys.argv[0] = "handler.py"
runpy.run_path(str(here.parents[1] / "handler.py"), run_name="__main__")
