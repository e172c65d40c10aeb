"""What a drawing child may still do once it has met a stranger's file: read the code and fonts it needs, nothing else.

Landlock (Linux 5.13) takes away every other file, every write and TCP; seccomp takes away sockets, programs, processes
and the kernel's rarer doors. Each is used where the kernel has it; `octavo doctor` says what is in force. System calls
by number, without a library: a child has to start in a tenth of a second, and the packages for it are not kept well.
Sources: include/uapi/linux/{landlock,seccomp,audit,bpf_common}.h; numbers from arch/x86/entry/syscalls/syscall_64.tbl
and include/uapi/asm-generic/unistd.h.
"""

import contextlib
import ctypes
import errno
import os
import struct
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from importlib.util import find_spec

PACKAGES = ("octavo", "pypdfium2", "pypdfium2_raw", "PIL", "numpy", "cv2")  # what a child imports, when it needs it
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts")  # PDFium's, where a PDF brings none
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
OWN_SIZE = "/proc/self/statm"

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2  # prctl

# Landlock: rights to files by bit, and which version of it knows them
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))  # (version, number of rights it knows)
_TCP_RIGHTS = 0b11  # bind, connect: version 4
_SCOPES = 0b11  # abstract sockets and signals of others: version 6

# What a child has no use for, by the numbers of (x86_64, aarch64); -1 where an architecture lacks it.
_REFUSED = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, -1),
    "vfork": (58, -1),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kill": (62, 129),
    "tkill": (200, 130),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "personality": (135, 92),
}
_CLONE, _CLONE3 = (56, 220), 435
_THREAD = 0x10000  # CLONE_THREAD
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, audit's name of it
_X32 = 0x40000000  # a second set of numbers on x86_64

# BPF: load a word, jump if equal, if at least, if a bit is set, return
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # places in struct seccomp_data
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000


def lock() -> tuple[str, ...]:
    """Give up what is not needed, for good. What is in force then: "landlock", "seccomp", both, or nothing.

    For a process of one thread that has opened no stranger's file yet.
    """
    if sys.platform != "linux":
        return ()
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return ()
    return (*(["landlock"] if _no_files_but(kernel, _readable()) else []), *(["seccomp"] if _few_calls(kernel) else []))


def _readable() -> list[str]:
    """Places of the interpreter, the packages, system libraries and fonts: code that anybody may have."""
    places = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *LIBRARIES, *FONTS, OWN_SIZE}
    for name in PACKAGES:
        spec = find_spec(name)
        for folder in spec.submodule_search_locations or () if spec else ():
            above = os.path.dirname(folder)  # noqa: PTH120 - pathlib costs a child 5 ms of start-up
            places.add(above if _installed_into(above) else folder)
    return sorted(places)


def _installed_into(folder: str) -> bool:
    """Whether an installer's packages lie here, each with its libraries beside it; in a clone the neighbours are
    somebody's own files. By what an installer leaves, for `pip install --target` takes a folder of any name."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return any(entry.name.endswith(".dist-info") for entry in entries)
    return False


def _no_files_but(kernel: ctypes.CDLL, readable: Iterable[str]) -> bool:
    """Whether Landlock is in force: reading in these places, and no other right to any file, nor to TCP."""
    version = kernel.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    if version < 1:
        return False
    known = max(count for since, count in _FILE_RIGHTS if version >= since)
    rights = struct.pack("=QQQ", (1 << known) - 1, _TCP_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8  # an older kernel refuses what it does not know
    rules = kernel.syscall(_CREATE, rights, ctypes.c_size_t(size), ctypes.c_uint(0))
    if rules < 0:
        return False
    try:
        for place in readable:
            with contextlib.suppress(OSError):  # not every system has each of them
                folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
                try:
                    allowed = _READ_FILE | (_READ_DIR if os.path.isdir(place) else 0)  # noqa: PTH112
                    rule = struct.pack("=Qi", allowed, folder)
                    kernel.syscall(_ADD, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint(0))
                finally:
                    os.close(folder)
        return bool(kernel.syscall(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint(0)) == 0)
    finally:
        os.close(rules)


def _few_calls(kernel: ctypes.CDLL) -> bool:
    """Whether seccomp is in force."""
    machine = _ARCHITECTURES.get(os.uname().machine)
    if machine is None:
        return False
    program = _program(*machine)
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    return bool(kernel.prctl(_SET_SECCOMP, _FILTER, filter_, 0, 0) == 0)


def _program(column: int, architecture: int) -> Sequence[tuple[int, int, int, int]]:
    """The filter as steps of (code, steps to skip if true, if false, operand)."""
    refuse = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    refusals = [
        step
        for numbers in _REFUSED.values()
        if numbers[column] >= 0
        for step in ((_EQUAL, 0, 1, numbers[column]), refuse)
    ]
    steps = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        refuse,
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),  # its flags lie in memory, where a filter sees nothing: use clone
        (_EQUAL, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 1 + len(refusals), 0, _THREAD),  # a thread of its own is let in
        refuse,
        *refusals,
    ]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


if __name__ == "__main__":  # what `octavo doctor` asks
    print(*lock())  # noqa: T201
