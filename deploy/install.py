"""pip where Python packages of the distribution lie in the way.

    python3 install.py install ...      every command of pip

vLLM's image has some, under /usr/lib/python3. Where pip finds one too old it stops, for it cannot remove what comes
without a list of its files. Here it does not see them: what is needed goes to /usr/local, where Python looks first,
and theirs stay as they are.
"""

import runpy
import sys

if __name__ == "__main__":
    sys.path[:] = [folder for folder in sys.path[1:] if not folder.startswith("/usr/lib/python3/")]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
