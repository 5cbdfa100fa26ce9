"""A Debian in a virtual machine, as small as a Raspberry Pi Zero 2 W: for benchmarks/boot.py.

The image is made by mmdebstrap, without a boot loader: qemu is given the kernel. A guest is reached by ssh,
and its web page by a port of this machine. Needs root and, from Debian: qemu-system-x86, qemu-utils,
mmdebstrap, e2fsprogs, dosfstools, mtools, openssh-client; for arm64 qemu-system-arm, qemu-user-static too.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

PACKAGES = (
    "systemd-sysv,dbus,udev,initramfs-tools,openssh-server,sudo,procps,iproute2,ca-certificates,python3,"
    "avahi-daemon,avahi-utils,cloud-init"
)
READY = (
    ",python3-venv,python3-numpy,python3-pil,python3-spidev,python3-bottle,python3-segno,python3-waitress,"
    "python3-av,python3-numba,python3-scipy,python3-rich,python3-pysubs2,python3-matplotlib"
)
"""What the installer takes from Trixie. To install that on an emulated processor takes most of the time."""
MAKER = "maker"  # the user who sets the player up, with sudo as on Raspberry Pi OS
MIRROR = "http://deb.debian.org/debian"
_NETWORK = "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n"
_CARD = "defaults,nofail,x-systemd.device-timeout=60s,x-systemd.before=cloud-config.service"
_START = 180.0  # seconds for a boot
# By Debian's name: qemu's, its board, console, and the processor that is emulated. Nehalem has no AVX, with
# which numpy crashes under qemu 7.2's emulation. The arm64 one is that of a Zero 2 W.
_SYSTEMS = {
    "amd64": ("x86_64", "q35", "ttyS0", "Nehalem"),
    "arm64": ("aarch64", "virt", "ttyAMA0", "cortex-a53"),
}


class Failed(Exception):
    """A command failed, or what was waited for did not come."""


def call(*words: object, timeout: float = 600, **more: object) -> str:
    """The output of a program of this machine. Failed."""
    try:
        done = subprocess.run(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=timeout, **more,  # type: ignore[call-overload]
        )  # fmt: skip
    except FileNotFoundError:
        raise Failed(f"there is no {words[0]}; boot_guest.py lists the packages that are needed") from None
    except subprocess.TimeoutExpired as error:
        told: object = error.stdout or b""
        told = told.decode(errors="replace") if isinstance(told, bytes) else told
        raise Failed(f"{words[-1]}: not done within {timeout:.0f} s\n{told}") from None
    if done.returncode:
        raise Failed(f"{words[-1]}: exit code {done.returncode}\n{done.stdout}")
    return str(done.stdout)


def wait(what: str, ready: Callable[[], object], seconds: float, pause: float = 1) -> object:
    """The first result of `ready` that is true. Failed after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := ready()):
        if time.monotonic() > end:
            raise Failed(f"not within {seconds:.0f} s: {what}")
        time.sleep(pause)
    return found


def make_image(
    work: Path, suite: str, architecture: str, certificates: Sequence[Path], packages: str = ""
) -> Path:
    """The folder with the disk, kernel and ssh key of a Debian; made once. `packages`: more than it needs."""
    folder = work / f"{suite}{'-ready' if packages else ''}-{architecture}"
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key, root = folder / "key", folder / "root"
    call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    kernel = f"linux-image-cloud-{architecture}"
    print(f"making an image of {suite} ({architecture})", flush=True)
    call(
        "mmdebstrap", "--variant=minbase", "--quiet", f"--architectures={architecture}",
        f"--include={PACKAGES},{kernel}{packages}", suite, root, MIRROR, timeout=3600,
    )  # fmt: skip
    for path, text in {
        "etc/systemd/network/wired.network": _NETWORK,
        "etc/resolv.conf": "nameserver 10.0.2.3\n",  # qemu's
        "etc/hostname": "longtake\n",
        "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 longtake\n",
        "etc/fstab": f"LABEL=CIDATA /boot/firmware vfat {_CARD} 0 2\n",
        f"etc/sudoers.d/{MAKER}": f"{MAKER} ALL=(ALL) NOPASSWD: ALL\n",
        f"home/{MAKER}/.ssh/authorized_keys": key.with_suffix(".pub").read_text(),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).unlink(missing_ok=True)
        (root / path).write_text(text)
    (root / "boot/firmware").mkdir(exist_ok=True)
    for number, certificate in enumerate(certificates):
        shutil.copy(certificate, root / f"usr/local/share/ca-certificates/of-this-network-{number}.crt")
    for words in (
        ("useradd", "--no-create-home", "--shell", "/bin/bash", MAKER),
        ("chown", "-R", f"{MAKER}:{MAKER}", f"/home/{MAKER}"),
        ("update-ca-certificates",),
        ("systemctl", "enable", "systemd-networkd", "ssh"),
    ):
        call("chroot", root, *words)
    shutil.copy(next(root.glob("boot/vmlinuz-*")), folder / "kernel")
    shutil.copy(next(root.glob("boot/initrd.img-*")), folder / "initrd")
    call("mke2fs", "-q", "-t", "ext4", "-d", root, folder / "disk", "8G", timeout=1800)
    shutil.rmtree(root)
    (folder / "whole").touch()
    return folder


class Guest:
    """A virtual machine on a copy of the image in `folder`. `memory`: MB. `emulated`: without KVM. `boot`:
    files for its boot partition, which cloud-init reads; without any cloud-init is off.
    """

    def __init__(self, folder: Path, memory: int, emulated: bool, boot: Sequence[Path] = ()) -> None:
        self._folder, self._memory, self._emulated = folder, memory, emulated
        self._disk, self._card = folder / "copy", folder / "card"
        self._process: subprocess.Popen[bytes] | None = None
        self._patience = _START * (5 if emulated else 1)
        self._ssh_port, self.page_port = _free_port(), _free_port()
        self._disk.unlink(missing_ok=True)
        call("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", folder / "disk", self._disk)
        self._boot = bool(boot)
        if boot:
            self._card.unlink(missing_ok=True)
            call("mkfs.vfat", "-C", "-n", "CIDATA", self._card, 128 * 1024)
            for path in boot:
                call("mcopy", "-i", self._card, path, "::")

    def start(self) -> float:
        """Switch it on, and wait until it can be reached; the seconds that took. Failed."""
        architecture = self._folder.name.rsplit("-", 1)[1]
        system, board, console, processor = _SYSTEMS[architecture]
        line = f"root=/dev/vda rw console={console} net.ifnames=0"
        drives = [f"file={self._disk},format=qcow2,if=virtio"]
        if self._boot:
            drives.append(f"file={self._card},format=raw,if=virtio")
        else:
            line += " cloud-init=disabled"
        forward = f"hostfwd=tcp:127.0.0.1:{self._ssh_port}-:22,hostfwd=tcp:127.0.0.1:{self.page_port}-:8080"
        command = [
            f"qemu-system-{system}", "-machine", board, "-nodefaults", "-display", "none",
            "-m", str(self._memory), "-smp", "1",
            *(["-accel", "tcg", "-cpu", processor] if self._emulated else ["-accel", "kvm", "-cpu", "host"]),
            "-serial", f"file:{self._folder / 'console'}",
            *(word for drive in drives for word in ("-drive", drive)),
            "-netdev", f"user,id=net,{forward}", "-device", "virtio-net-pci,netdev=net",
            "-device", "virtio-rng-pci",
            "-kernel", str(self._folder / "kernel"), "-initrd", str(self._folder / "initrd"), "-append", line,
        ]  # fmt: skip
        began = time.monotonic()
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        wait(f"ssh; see {self._folder / 'console'}", self.answers, self._patience)
        return time.monotonic() - began

    def restart(self) -> None:
        """Restart it in order. Failed."""
        which = "cat /proc/sys/kernel/random/boot_id"
        before = self.run(which)
        with suppress(Failed):
            self.run("sudo systemctl reboot")
        wait("a restart", lambda: self.answers() and self.run(which) != before, self._patience, 3)

    def answers(self) -> bool:
        """Whether it can be reached now."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise Failed(f"qemu has ended with {self._process.returncode}")
        try:
            return self.run("echo here", timeout=20).strip() == "here"
        except Failed:
            return False

    def run(self, command: str, timeout: float = 120) -> str:
        """The output of a shell command, as the maker. Failed."""
        return call("ssh", *self._options("-p"), f"{MAKER}@127.0.0.1", command, timeout=timeout)

    def fails(self, command: str, timeout: float = 120) -> str:
        """The output of a command that is to fail. Failed when it does not."""
        told = self.run(f"if {command}; then echo DID NOT FAIL; fi 2>&1", timeout)
        if "DID NOT FAIL" in told:
            raise Failed(f"{command}: did not fail\n{told}")
        return told

    def copy(self, path: Path, to: str, timeout: float = 300) -> None:
        """Copy a file into it. Failed."""
        call("scp", "-q", *self._options("-P"), path, f"{MAKER}@127.0.0.1:{to}", timeout=timeout)

    def cut_power(self) -> None:
        """Kill it: what it had not written to its disk is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _options(self, port: str) -> list[object]:
        settings = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        settings += ["ConnectTimeout=10", "BatchMode=yes", "ServerAliveInterval=15"]
        options = [word for setting in settings for word in ("-o", setting)]
        return ["-i", self._folder / "key", *options, port, self._ssh_port]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def need_root() -> None:
    """End with one line when this is not root."""
    if os.geteuid():
        sys.exit("images are made by root: sudo .venv/bin/python benchmarks/boot.py FILM")
