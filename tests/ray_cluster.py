"""A batch on a real Ray cluster of two nodes, one of which is killed in the middle. A test's, and a command's:

    PYTHONPATH=../.venvs/ray python tests/ray_cluster.py --documents 1000

The target must be what one process gives, byte for byte. Needs `make ray-env`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from killed_batch import NULL_ENGINES, documents, in_folder, results

WORDS = ("--as", "folders,parquet", "--documents-per-file", "7", "--json", *NULL_ENGINES)
ON_RAY = ("--ray-cpus", "1", "--ray-least", "2", "--ray-most", "2")


def run(home: Path, count: int) -> dict[str, object]:
    """What came of it: how many were read, where the node was killed, and whether the bytes are the same."""
    from ray.cluster_utils import Cluster

    source = str(documents(home / "in", count))
    octavo = [sys.executable, "-m", "octavo", "batch", source]
    subprocess.run([*octavo, str(home / "one"), *WORDS], check=True, stdout=subprocess.DEVNULL)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        began = time.monotonic()
        words = [*octavo, str(home / "out"), "--ray", cluster.address, *ON_RAY, *WORDS]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as batch:
            read, killed_after, end = 0, None, {}
            for line in batch.stdout or ():
                event = json.loads(line)
                read += event["event"] == "document"
                end = event
                if killed_after is None and read > count // 4:
                    cluster.remove_node(second, allow_graceful=False)
                    killed_after = read
        return {
            "code": batch.returncode,
            "killed_after": killed_after,
            "documents": end["corpus"]["documents"],
            "success": end["corpus"]["success"],
            "same": results(in_folder(home / "out")) == results(in_folder(home / "one")),
            "seconds": round(time.monotonic() - began),
        }
    finally:
        cluster.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=1000)
    asked = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(Path(__file__).parent)])
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(run(Path(folder), asked.documents)) + "\n")


if __name__ == "__main__":
    main()
