"""The installer's --check: is everything set up to show a film? In plain words, each fault with its fix.

`findings` goes from the configuration to the panel, by way of programs, SPI, groups, supply, disk and
service. Nothing is changed. A panel that a player uses is not touched; one that is free is asked for its
device info, which draws nothing. `Machine` provides the root of the file system and the way to run a program,
so that tests need no Raspberry Pi.
"""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from player.config.settings import Config, controller
from player.config.sources import load
from player.errors import NoReel, PlayerError
from player.service.buttons import button_pins
from player.service.lock import Locked, locked

USER, GROUPS = "longtake", ("spi", "gpio")
STATE = "var/lib/longtake"
PROGRAM = "opt/longtake/current"
MODEL = "proc/device-tree/model"  # of the board; a PC has none
BOOT = ("boot/firmware/config.txt", "boot/config.txt")  # Bookworm and later, and before
THROTTLED = "sys/devices/platform/soc*/soc*:firmware/get_throttled"  # a pattern: a Pi 5 has another number
UNDER_VOLTAGE = 1 << 0 | 1 << 16  # now, and since the boot
FREE_BYTES = 50_000_000
AGAIN = "run the installer again: sudo longtake-setup"
DROP_IN = "etc/systemd/system/longtake.service.d/remote.conf"
PANEL_LINES = ("panel", "firmware", "LUT", "VCOM", "high voltage")
_WIRES = ("spi_bus", "spi_device", "reset_pin", "ready_pin", "ready_timeout")
ASKED_WITH: dict[str, tuple[str, ...]] = {
    "IT8951": (*_WIRES, "vcom", "vcom_tolerance", "spi_slow_hz"),
    "UC8179": (*_WIRES, "glass", "dc_pin", "power_pin"),
    "OMNI": (),
}
"""The settings with which a panel is asked, by its controller."""


class Finding(NamedTuple):
    """`good`: None for what cannot be told, or is not a fault. `fix`: what a person should do."""

    good: bool | None
    what: str
    fix: str = ""


class Machine(NamedTuple):
    """`root` is used as /. `run` returns the exit code and the output (stdout and stderr together) of a
    program, code 127 when there is no such program. `has_module`: whether Python could import a module.
    `is_here`: whether this is the machine that runs, and not an image below `root`, of which programs, users,
    supply, service and panel cannot be told.
    """

    root: Path
    run: Callable[[Sequence[str]], tuple[int, str]]
    has_module: Callable[[str], bool]
    is_here: bool = True

    def below(self, path: str) -> str:
        """A path of the configuration, as it is found from here."""
        return path if self.is_here else str(self.root / path.lstrip("/"))


def findings(machine: Machine, file: Path) -> Iterator[Finding]:
    """All checks, in the order of a set-up. `file`: the configuration."""
    if not file.exists():
        yield Finding(
            False, "the player is not installed here", "in the project's folder: sudo systemd/install"
        )
        return
    if not os.path.lexists(machine.root / PROGRAM):
        yield Finding(
            False,
            f"the program is not installed here, only its settings are ({file})",
            "in the project's folder: sudo systemd/install",
        )
        return
    try:
        config = load({}, {}, str(file)).config
    except PlayerError as error:
        yield Finding(False, "the configuration cannot be used", str(error))
        config, usable = Config(), False
    else:
        yield Finding(True, f"the configuration can be read ({file})")
        usable = True
    real = config.simulated is None
    if machine.is_here:
        if real and _is_pc(machine, config):
            yield Finding(
                False,
                "this is no Raspberry Pi, so no panel can be connected here",
                "install it on a Pi; or let it draw into a folder here: write "
                f'simulated = "/{STATE}/glass" into {file}, then sudo longtake-setup',
            )
            real = False
        wanted = ["numpy", "PIL"]
        wanted += ["spidev", "RPi.GPIO"] if real else []
        wanted += ["bottle", "segno", "waitress"] if config.remote != "off" else []
        wanted += ["paho.mqtt"] if config.mqtt is not None else []
        wanted += ["av", "cv2", "rich"] if (machine.root / PROGRAM / "src/trainer").is_dir() else []
        yield from modules(machine, wanted)
        if real:
            yield from spi(machine, config.spi_bus, config.spi_device)
        yield from groups(machine)
        yield from supply(machine)
        yield from space(machine)
        yield from service(machine)
    else:
        yield Finding(
            None,
            f"below {machine.root} only files are looked at, not packages, users, service and panel",
            "look on the Pi itself: longtake-setup --check",
        )
    if usable:
        yield from film_and_panel(machine, config, real)


def _is_pc(machine: Machine, config: Config) -> bool:
    """Whether this is neither a Raspberry Pi nor another board with SPI."""
    spi = machine.root / f"dev/spidev{config.spi_bus}.{config.spi_device}"
    return not (machine.root / MODEL).exists() and not spi.exists()


def film_and_panel(machine: Machine, config: Config, real: bool) -> Iterator[Finding]:
    """The checks that need a configuration; of a `real` panel, too."""
    if real or config.simulated is not None:
        yield from kind(config)
    films = None if config.films is None else machine.below(config.films)
    yield from reels(replace(config, reels=tuple(map(machine.below, config.reels)), films=films))
    if real:
        yield from buttons(config)
    yield from remote(machine, config)
    known = config.vcom is not None or not _has_vcom(config)
    if machine.is_here and real and known:
        yield panel(machine, config)


def _has_vcom(config: Config) -> bool:
    return controller(config.panel) == "IT8951"


def kind(config: Config) -> Iterator[Finding]:
    """Which panel is it, and is what is set that only a person can read?"""
    if config.simulated is not None:
        yield Finding(True, f"the panel is simulated; pictures of it go to {config.simulated}")
    elif not _has_vcom(config):
        of_glass = f", with {config.glass} glass" if controller(config.panel) == "UC8179" else ""
        yield Finding(True, f"the panel is set to {config.panel}{of_glass}")
    elif config.vcom is None:
        yield Finding(
            False,
            "VCOM is not set",
            "read the voltage printed on the panel's flex cable and give it to the installer: "
            "sudo longtake-setup --vcom -1.53 (with your number)",
        )
    else:
        yield Finding(True, f"VCOM is set to {config.vcom:.2f} V; the panel's flex cable must say the same")


def reels(config: Config) -> Iterator[Finding]:
    """Is there a film, and can it be read?"""
    try:
        from player.panel import known_size
        from player.playback.reels import expand
        from player.reel import Reel
    except ImportError:  # numpy is missing, which is reported above
        return
    try:
        paths = expand(config.reels, config.films)
    except NoReel as error:
        if config.wait_for_films and config.films is not None:
            page = "" if config.remote == "off" else "send one from the web page, or "
            yield Finding(None, "there is no film yet", f"{page}copy a reel to {config.films}")
        else:  # the player would end
            yield Finding(False, "there is no film", str(error))
        return
    except PlayerError as error:
        yield Finding(False, "the films cannot be read", str(error))
        return
    for path in paths:
        try:
            with Reel(path) as reel:
                part = "" if reel.complete else "; its export was not finished"
                size = f"{reel.width}x{reel.height}"
                what = f"a film: {path} ({reel.frames:,} frames of {size}{part})"
            if (reel.width, reel.height) == (known_size(config) or (reel.width, reel.height)):
                yield Finding(True, what)
            else:
                wanted = "{}x{}".format(*known_size(config) or ())
                yield Finding(False, f"{what} does not fit {config.panel}", f"export it with --size {wanted}")
        except PlayerError as error:
            yield Finding(False, "a film cannot be shown", str(error))


def buttons(config: Config) -> Iterator[Finding]:
    """Are the pins of the buttons free?"""
    try:
        if pins := button_pins(config):
            named = ", ".join(f"{action} on GPIO {pin}" for action, pin in pins.items())
            yield Finding(True, f"buttons: {named}")
    except PlayerError as error:
        yield Finding(False, "the buttons cannot be used", str(error))


def remote(machine: Machine, config: Config) -> Iterator[Finding]:
    """If the web page is on, may the service use the network?"""
    allowed = (machine.root / DROP_IN).is_file()
    if config.remote == "off":
        yield Finding(None, "the web page is off", "to switch it on: sudo longtake-setup --remote")
    elif not allowed:
        yield Finding(False, "the web page is on, but the service may not use the network", AGAIN)
    else:
        yield Finding(True, f"the web page is on ({config.remote}, port {config.remote_port})")


def panel(machine: Machine, config: Config) -> Finding:
    """Does the controller answer? It is asked only when no player uses the panel."""
    names = ("panel", *ASKED_WITH[controller(config.panel)])
    options = [f"--{name.replace('_', '-')}={getattr(config, name)}" for name in names]
    try:
        with locked(machine.root / f"dev/spidev{config.spi_bus}.{config.spi_device}"):
            code, out = machine.run(["python", "-m", "driver", "info", *options])
    except Locked:
        return Finding(
            None,
            "the panel was not asked, because a player is using it",
            "see its log: journalctl -u longtake -n 20",
        )
    lines = [" ".join(line.split()) for line in out.splitlines() if line.strip()]
    if code != 0:
        said = lines[-1].removeprefix("driver: ") if lines else f"the driver ended with code {code}"
        return Finding(False, "the panel does not answer", said)
    told = "; ".join(line for line in lines if line.split(":")[0] in PANEL_LINES)
    return Finding(True, f"the panel answers ({told})")


def modules(machine: Machine, wanted: Sequence[str]) -> Iterator[Finding]:
    """Are these Python modules installed?"""
    if missing := [module for module in wanted if not machine.has_module(module)]:
        yield Finding(False, f"missing for Python: {', '.join(missing)}", AGAIN)
    else:
        yield Finding(True, f"Python has {', '.join(wanted)}")


def spi(machine: Machine, bus: int, device: int) -> Iterator[Finding]:
    """Is the SPI device there, and if not, is SPI enabled?"""
    name = f"dev/spidev{bus}.{device}"
    if (machine.root / name).exists():
        yield Finding(True, f"SPI is on (/{name})")
        return
    file = next((path for path in BOOT if (machine.root / path).is_file()), None)
    if file is None:
        yield Finding(
            False,
            f"SPI: there is neither /{name} nor /{BOOT[0]}",
            "is this a Raspberry Pi? On another board enable SPI as its maker says",
        )
        return
    text = (machine.root / file).read_text(errors="replace")
    if re.search(r"^\s*dtparam=(?:[^#\n]*,)?spi(?:=on|=1|=true)?\s*(?:[,#]|$)", text, re.MULTILINE):
        yield Finding(False, f"SPI is on in /{file}, but there is no /{name}", "restart the Pi: sudo reboot")
    else:
        yield Finding(
            False, "SPI is off", "switch it on and restart: sudo raspi-config nonint do_spi 0 && sudo reboot"
        )


def groups(machine: Machine) -> Iterator[Finding]:
    """May the service's user use SPI and GPIO?"""
    users, known = _table(machine.root / "etc/passwd"), _table(machine.root / "etc/group")
    if USER not in users:
        yield Finding(False, f"there is no user {USER}", AGAIN)
        return
    main_group = users[USER][2]
    numbers = {main_group: USER}
    numbers |= {entry[1]: name for name, entry in known.items() if USER in entry[2].split(",")}
    if missing := [group for group in GROUPS if group not in numbers.values()]:
        yield Finding(
            False,
            f"the user {USER} is not in the group {' and '.join(missing)}",
            f"sudo usermod -aG {','.join(missing)} {USER}",
        )
    else:
        yield Finding(True, f"the user {USER} is in the groups {' and '.join(GROUPS)}")
    wanted = stat.S_IRGRP | stat.S_IWGRP
    for path in sorted((machine.root / "dev").glob("spidev*")):
        found = path.stat()
        if str(found.st_gid) not in numbers or found.st_mode & wanted != wanted:
            group = next(
                (name for name, entry in known.items() if entry[1] == str(found.st_gid)), found.st_gid
            )
            yield Finding(
                False,
                f"/dev/{path.name} is not open to {USER} (group {group}, {stat.filemode(found.st_mode)})",
                f"{AGAIN}; then restart the Pi",
            )


def supply(machine: Machine) -> Iterator[Finding]:
    """Is the supply strong enough? A weak one looks like many other faults. The Pi's firmware notices it."""
    try:
        bits = int(next(machine.root.glob(THROTTLED)).read_text(), 16)
    except (OSError, ValueError, StopIteration):
        return
    if bits & UNDER_VOLTAGE:
        yield Finding(
            False,
            "the supply voltage has been too low since the start",
            "use a stronger supply and a shorter cable",
        )
    else:
        yield Finding(True, "the supply voltage has been high enough since the start")


def space(machine: Machine) -> Iterator[Finding]:
    """Is there room for the place in the film and for the log?"""
    directory = machine.root / STATE
    while not directory.exists():
        directory = directory.parent
    free = shutil.disk_usage(directory).free
    if free < FREE_BYTES:
        yield Finding(
            False, f"the disk is almost full ({free / 1e6:.0f} MB left)", "remove films that are not shown"
        )
    else:
        yield Finding(True, f"the disk has room ({free / 1e9:.1f} GB left)")


def service(machine: Machine) -> Iterator[Finding]:
    """What does systemd say about the player?"""
    names = "ActiveState,SubState,Result,UnitFileState,NRestarts"
    code, out = machine.run(["systemctl", "show", "longtake.service", "--property", names])
    found = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    state = found.get("ActiveState")
    if code != 0 or state is None:
        yield Finding(
            None, "the service cannot be seen, because systemd does not run here", "look on the Pi itself"
        )
        return
    on_battery = [
        unit
        for unit in ("longtake.timer", "longtake-once.service")
        if machine.run(["systemctl", "is-enabled", unit])[1].strip() == "enabled"
    ]
    if on_battery or found.get("UnitFileState") == "enabled":
        yield Finding(True, f"{' and '.join(on_battery) or 'the service'} starts at boot")
    else:
        yield Finding(False, "the service does not start at boot", "sudo systemctl enable longtake")
    restarts = found.get("NRestarts", "0")
    again = "" if restarts in ("", "0") else f"; systemd has restarted it {restarts} times"
    journal = "see its log: journalctl -u longtake -n 20"
    if state in ("active", "reloading"):
        yield Finding(True, f"the service runs{again}")
    elif state == "failed":
        yield Finding(False, f"the service has failed ({found.get('Result')}){again}", journal)
    elif state == "activating":
        yield Finding(None, f"the service is starting ({found.get('SubState')}){again}", journal)
    elif not on_battery:
        yield Finding(None, "the service does not run", "sudo systemctl start longtake")


def _table(path: Path) -> dict[str, list[str]]:
    """passwd or group as name -> the other fields."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    return {name: fields for name, *fields in (line.split(":") for line in lines) if len(fields) >= 3}
