"""What this machine tells of itself: cores and memory that this process may use, what it spent, which GPUs it has."""

import ctypes
import os
import resource
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from octavo.frozen import frozen

_CGROUP = Path("/sys/fs/cgroup")
_MANY_FILES = 65_536  # where there is no limit


def process_age() -> float | None:
    """Seconds since this process began, the interpreter's start included; None where the system does not tell."""
    with suppress(OSError, ValueError, IndexError, AttributeError):
        ticks = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / os.sysconf("SC_CLK_TCK")
    return None


def cores() -> int:
    """Whole cores that this process may use, one at least: more threads than these only wait for each other."""
    return max(1, round(_cores()))


def most_files() -> int:
    """Files and connections that this process may have open at a time."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MANY_FILES if most == resource.RLIM_INFINITY else most


def give_back_memory() -> None:
    """Hand freed memory that the C library keeps for later back to the system; where it is glibc, which alone can.

    Blocks, some 10 ms for 100 MB; other threads go on.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _cores() -> float:
    """What the CPU mask and the container's quota leave."""
    mask = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return float(mask) if quota is None else min(float(mask), quota)


def _quota() -> float | None:
    """Cores that the container may use, where that is limited."""
    with suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text(encoding="ascii").split()  # version 2; "max": no limit
        return int(quota) / int(period)
    with suppress(OSError, ValueError):
        quota, period = ((_CGROUP / "cpu" / f"cpu.cfs_{name}_us").read_text("ascii") for name in ("quota", "period"))
        return int(quota) / int(period) if int(quota) > 0 else None
    return None


@frozen
class CpuClock:
    """CPU seconds spent so far, and the time at which that was so."""

    at: float  # time.monotonic()
    spent: float
    of_everything: bool  # of the whole container, a vLLM in it included; otherwise of this process alone
    loop: float  # of the calling thread: the event loop's, where that asks

    @classmethod
    def now(cls) -> "CpuClock":
        everything = _container_seconds()
        spent = time.process_time() if everything is None else everything
        return cls(time.monotonic(), spent, everything is not None, time.thread_time())

    def share_since(self, before: "CpuClock") -> float:
        """0..1 of the cores there are."""
        return (self.spent - before.spent) / max(1e-6, (self.at - before.at) * _cores())

    def loop_share_since(self, before: "CpuClock") -> float:
        """0..1 of one core: an event loop has no more."""
        return (self.loop - before.loop) / max(1e-6, self.at - before.at)


def _container_seconds() -> float | None:
    """CPU seconds of all processes of this container; of the machine where this is none."""
    with suppress(OSError, ValueError):
        for line in (_CGROUP / "cpu.stat").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(" ")
            if name == "usage_usec":
                return int(value) / 1e6
    with suppress(OSError, ValueError):
        return int((_CGROUP / "cpuacct" / "cpuacct.usage").read_text(encoding="ascii")) / 1e9  # version 1
    return None


def memory() -> int | None:
    """Bytes this process may use: the machine's, or its container's where that is less."""
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    limit = _CGROUP / "memory.max"
    text = limit.read_text(encoding="ascii").strip() if limit.is_file() else "max"
    return min(installed, int(text)) if text.isdigit() else installed


def gpus(facts: str = "name") -> list[str]:
    """What nvidia-smi says of each GPU: its `facts` with commas; nothing without a GPU. Blocks, for up to 20 s."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, f"--query-gpu={facts}", "--format=csv,noheader"]
    try:
        asked = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in asked.stdout.splitlines() if line.strip()] if asked.returncode == 0 else []


def gpu_name() -> str | None:
    """What nvidia-smi calls the first GPU; None where there is none. Blocks, for up to 20 s."""
    return next(iter(gpus()), None)
