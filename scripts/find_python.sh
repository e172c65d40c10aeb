#!/bin/sh
# Print the first Python that can carry Octavo: 3.11 or newer, with venv and pip. A version manager's stub that runs
# nothing does not count. PYTHON=/path/to/python decides by hand.
set -eu

for python in ${PYTHON:-python3.12 python3.11 python3.13 python3 python}; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$python"
        exit 0
    fi
done

echo "No usable Python: Octavo needs Python 3.11 or newer with its venv module." >&2
echo "On Debian or Ubuntu: apt-get install python3 python3-venv. Or name one: make PYTHON=/path/to/python3.12" >&2
exit 1
