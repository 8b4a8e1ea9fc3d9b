"""The helper program of a sandbox: has the cell built, sets its limits, and then becomes the program.

It runs by itself, as `python -I -S -c <this text> outside|inside <descriptor of the plan>`, and imports nothing of the
house: inside a cell there is no house. A worker has many threads, so nothing of this may happen between its fork and
exec. Whatever fails here ends the process before the program has begun.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from typing import Any

STARTED = b"started"
ID_INSIDE = 1_000
PROXY_PORT = 3_128

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = (
    1,
    2,
    4,
    32,
    4096,
    16384,
    1 << 18,
)
_NEW_NS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PID, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_DETACH = 2
_PDEATHSIG, _DUMPABLE, _SECCOMP, _CAPBSET_DROP, _NO_NEW_PRIVS, _AMBIENT = 1, 4, 22, 24, 38, 47
_MOUNT_SETATTR, _LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 442, 444, 445, 446
_HERE = -100

# Descriptors: a busy worker has thousands, and ours come after them.
_EVERY = 1 << 20
Plan = dict[str, Any]
libc = ctypes.CDLL(None, use_errno=True)


def outside(descriptor: int) -> None:
    """Before the cell: give up root, die with the worker, and let bubblewrap or this very process build the cell."""
    plan = _read(descriptor)
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    os.nice(5)
    if os.getuid() == 0:
        _stage(plan)
        _become(int(plan["user"]))
    # Changing the user clears this wish, so it comes second; and the worker may be gone since.
    _prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != plan["parent"]:
        os._exit(1)
    if plan["tier"] == "bubblewrap":
        words = [*_bubblewrap(plan), "--", *plan["helper"], "inside", str(descriptor)]
        os.execv(words[0], words)
    _own_namespaces(plan, descriptor)


def _read(descriptor: int) -> Plan:
    plan: Plan = json.loads(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
    return plan


def _stage(plan: Plan) -> None:
    """Root may look into every folder, the cell's user may not: bind what the cell is to have where that user can go.

    In a mount namespace of this process alone. Sources are opened before the folder over them is hidden.
    """
    _call(libc.unshare(_NEW_NS))
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    opened = [(bind, os.open(bind["from"], os.O_PATH), os.path.isdir(bind["from"])) for bind in plan["binds"]]
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
    for bind, source, is_folder in opened:
        target = f"/tmp/{source}"
        _make(target, is_folder=is_folder)
        _mount(f"/proc/self/fd/{source}", target, None, _MS_BIND | _MS_REC)
        bind["from"] = target
        os.close(source)


def _become(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    _prctl(_DUMPABLE, 1)


def _bubblewrap(plan: Plan) -> list[str]:
    words = [plan["bubblewrap"], "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    words += [
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]
    words += ["--hostname", "sandbox", "--uid", str(ID_INSIDE), "--gid", str(ID_INSIDE)]
    for bind in plan["binds"]:
        words += [_BINDING[bind["how"]], bind["from"], bind["to"]]
    for target, place in plan["links"]:
        words += ["--symlink", target, place]
    for place, size in plan["memory"]:
        words += ["--size", str(size), "--tmpfs", place]
    for place in plan["masks"]:
        words += ["--size", "4096", "--tmpfs", place, "--remount-ro", place]
    return [*words, "--remount-ro", "/"]


_BINDING = {"read": "--ro-bind", "write": "--bind", "device": "--dev-bind"}


# --- Without bubblewrap: the same cell by hand --------------------------------------------------------------


def _own_namespaces(plan: Plan, descriptor: int) -> None:
    user, group = os.getuid(), os.getgid()
    sources = [os.path.realpath(bind["from"]) for bind in plan["binds"]]
    for bind, source in zip(plan["binds"], sources, strict=True):
        bind["from"] = source
    _call(libc.unshare(_NEW_USER | _NEW_NS | _NEW_PID | _NEW_NET | _NEW_IPC | _NEW_UTS | _NEW_CGROUP))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{ID_INSIDE} {user} 1"),
        ("gid_map", f"{ID_INSIDE} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    first = os.fork()
    if first:
        _end_like(os.waitpid(first, 0)[1])
    # The first process of the cell: when it ends, or its parent does, the kernel kills everything in it.
    _prctl(_PDEATHSIG, signal.SIGKILL)
    socket.sethostname("sandbox")
    _raise_loopback()
    _build(plan)
    _drop_capabilities()
    program = os.fork()
    if program == 0:
        inside(descriptor)
    os.closerange(3, _EVERY)
    _reap_until(program)


def _build(plan: Plan) -> None:
    """A root of its own: an empty folder in memory into which a few read-only parts of the system are bound."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
    os.mkdir("/tmp/old")
    os.mkdir("/tmp/new")
    _call(libc.pivot_root(b"/tmp", b"/tmp/old"))
    os.chdir("/")
    _mount("tmpfs", "/new", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
    for bind in plan["binds"]:
        source, target = f"/old{bind['from']}", f"/new{bind['to']}"
        _make(target, is_folder=os.path.isdir(source))
        _mount(source, target, None, _MS_BIND | _MS_REC)
        flags = {"read": _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "write": _MS_NOSUID | _MS_NODEV}
        _restrict(target, flags.get(bind["how"], _MS_NOSUID), deep=True)
    for target, place in plan["links"]:
        os.symlink(target, f"/new{place}")
    for place, size in [*plan["memory"], *((place, 4_096) for place in plan["masks"])]:
        _make(f"/new{place}", is_folder=True)
        _mount("tmpfs", f"/new{place}", "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=755,size={size}")
    for place in ["", *plan["masks"]]:
        _restrict(f"/new{place}", _MS_RDONLY, deep=False)
    os.chdir("/new")
    _call(libc.pivot_root(b".", b"."))
    _call(libc.umount2(b".", _DETACH))
    os.chdir("/")


def _make(place: str, *, is_folder: bool) -> None:
    if is_folder:
        os.makedirs(place, exist_ok=True)
        return
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if not os.path.lexists(place):
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    words = [part.encode() if part else None for part in (source, target, kind)]
    _call(libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None))


def _restrict(place: str, flags: int, *, deep: bool) -> None:
    """`mount_setattr` reaches what is mounted below as well, and keeps the flags that are locked."""
    wanted = ctypes.create_string_buffer(struct.pack("QQQQ", flags, 0, 0, 0))
    _call(libc.syscall(_MOUNT_SETATTR, _HERE, place.encode(), 0x8000 if deep else 0, wanted, 32))


def _raise_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))


def _reap_until(program: int) -> None:
    while True:
        child, status = os.wait()
        if child == program:
            _end_like(status)


def _end_like(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


# --- Inside the cell: limits, and then the program ----------------------------------------------------------


def inside(descriptor: int) -> None:
    plan = _read(descriptor)
    os.chdir(plan["folder"])
    os.umask(0o022)
    for target, place in plan["wishes"]:
        if not os.path.lexists(place):
            os.symlink(target, place)
    if plan["control"] is not None:
        _hand_over(int(plan["control"]))
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, STARTED, 0)
    os.closerange(3, _EVERY)
    for name, limit in plan["limits"].items():
        # A second more for the hard limit of the processor's time, so that its ending can be told from others.
        hard = limit + 1 if name == "CPU" else limit
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, hard))
    _drop_capabilities()
    _prctl(_NO_NEW_PRIVS, 1)
    _confine_files(plan["writable"])
    _filter_calls()
    _become_program(plan["words"], plan["environment"])


def _hand_over(control: int) -> None:
    """A socket stays in the network it was made in: what connects to it here is heard by the worker outside."""
    with socket.create_server(("127.0.0.1", PROXY_PORT)) as listener, socket.socket(fileno=control) as there:
        socket.send_fds(there, [b"x"], [listener.fileno()])


def _become_program(words: list[str], environment: dict[str, str]) -> None:
    try:
        os.execvpe(words[0], words, environment)
    except OSError as impossible:
        os.write(2, f"{words[0]}: {impossible.strerror}\n".encode())
        os._exit(127)


def _drop_capabilities() -> None:
    _prctl(_AMBIENT, 4, may_fail=True)
    for number in range(64):
        _prctl(_CAPBSET_DROP, number, may_fail=True)
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    _call(libc.capset(header, ctypes.create_string_buffer(24)))


def _confine_files(writable: list[str]) -> None:
    """Landlock, where the kernel has it: a second wall behind the mounts, which no later mount could take down."""
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return
    every = (1 << (13 if version == 1 else 14 if version == 2 else 15)) - 1
    reading, device = 0b1101, every & (1 << 1 | 1 << 2 | 1 << 14)
    handled = ctypes.create_string_buffer(struct.pack("Q", every))
    rules = _call(libc.syscall(_LANDLOCK_CREATE, handled, 8, 0))
    for place, rights in [("/", reading), ("/dev", device), *((place, every) for place in writable)]:
        folder = os.open(place, os.O_PATH)
        rule = ctypes.create_string_buffer(struct.pack("<Qi", rights, folder))
        _call(libc.syscall(_LANDLOCK_ADD, rules, 1, rule, 0))
        os.close(folder)
    _prctl(_NO_NEW_PRIVS, 1)
    _call(libc.syscall(_LANDLOCK_RESTRICT, rules, 0))
    os.close(rules)


# Calls no program of a tool needs, and through which kernels were broken before; by processor, the same order:
# ptrace mount umount2 pivot_root chroot setns unshare add_key request_key keyctl bpf perf_event_open userfaultfd
# io_uring_setup io_uring_enter io_uring_register open_by_handle_at name_to_handle_at process_vm_readv
# process_vm_writev kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff reboot acct
# quotactl syslog personality vhangup; then open_tree and its family, mount_setattr, pidfd_getfd, the same everywhere.
# And what holds memory that belongs to no process, where no limit would count it: memfd_create shmget memfd_secret.
_FORBIDDEN = {
    "x86_64": (
        *(101, 165, 166, 155, 161, 308, 272, 248, 249, 250, 321, 298, 323, 425, 426, 427, 304, 303, 310),
        *(311, 246, 320, 175, 313, 176, 167, 168, 169, 163, 179, 103, 135, 153, 319, 29),
    ),
    "aarch64": (
        *(117, 40, 39, 41, 51, 268, 97, 217, 218, 219, 280, 241, 282, 425, 426, 427, 265, 264, 270),
        *(271, 104, 294, 105, 273, 106, 224, 225, 142, 89, 60, 116, 92, 58, 279, 194),
    ),
}
_FORBIDDEN_EVERYWHERE = (428, 429, 430, 431, 432, 433, 438, 442, 447)
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
# Unix, IPv4 and IPv6. Above all not vsock, which no network namespace holds back.
_FAMILIES = (1, 2, 10)


def _filter_calls() -> None:
    """A seccomp filter; on other processors the namespaces must do."""
    machine = os.uname().machine
    if machine not in _ARCHITECTURE:
        return
    steps = _steps(machine)
    program = b"".join(struct.pack("HBBI", *step) for step in steps)
    text = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(text)))
    _prctl(_SECCOMP, 2, ctypes.addressof(head))


def _steps(machine: str) -> list[tuple[int, int, int, int]]:
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
    ]
    if machine == "x86_64":
        # The same calls under other numbers (x32).
        steps += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _REFUSE | _EPERM)]
    for number in (*_FORBIDDEN[machine], *_FORBIDDEN_EVERYWHERE):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE | _EPERM)]
    # Its flags lie in memory, where no filter can look: programs fall back to clone.
    steps += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _REFUSE | _ENOSYS)]
    steps += [(_EQUAL, 0, 4, _CLONE[machine]), (_LOAD, 0, 0, 16), (_ANY_BIT, 0, 1, _NEW_USER)]
    steps += [(_RETURN, 0, 0, _REFUSE | _EPERM), (_RETURN, 0, 0, _ALLOW)]
    steps += [(_EQUAL, 1, 0, _SOCKET[machine]), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 16)]
    for family in _FAMILIES:
        steps += [(_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW)]
    return [*steps, (_RETURN, 0, 0, _REFUSE | _EAFNOSUPPORT)]


def _prctl(what: int, value: int, more: int = 0, *, may_fail: bool = False) -> None:
    done = libc.prctl(*(ctypes.c_ulong(number) for number in (what, value, more, 0, 0)))
    if not may_fail:
        _call(done)


def _call(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


if __name__ == "__main__":
    {"outside": outside, "inside": inside}[sys.argv[1]](int(sys.argv[2]))
