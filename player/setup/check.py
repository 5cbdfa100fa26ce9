"""The installer's --check: is everything set up to show a film? In plain words, with what to do about it.

`findings` goes from the configuration to the panel. Nothing is changed, and a panel that a player uses is not
touched; one that is free is asked for its device info, which draws nothing.
"""

from collections.abc import Iterator
from pathlib import Path

from player.config.settings import Config
from player.config.sources import load
from player.errors import PlayerError
from player.playback.reels import expand
from player.service.buttons import button_pins
from player.service.lock import Locked, locked
from player.setup import raspberry
from player.setup.raspberry import AGAIN, Finding, Machine

DROP_IN = "etc/systemd/system/longtake.service.d/remote.conf"
PANEL_LINES = ("panel", "firmware", "LUT", "VCOM")


def findings(machine: Machine, file: Path) -> Iterator[Finding]:
    """All checks, in the order in which a set-up goes. `file`: the configuration."""
    if not file.exists():
        yield Finding(
            False, "the player is not installed here", "in the project's folder: sudo systemd/install"
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
    wanted = ["numpy", "PIL"]
    wanted += ["spidev", "RPi.GPIO"] if real else []
    wanted += ["bottle", "segno", "waitress"] if config.remote != "off" else []
    yield from raspberry.modules(machine, wanted)
    if real:
        yield from raspberry.spi(machine, config.spi_bus, config.spi_device)
    yield from raspberry.groups(machine)
    yield from raspberry.supply(machine)
    yield from raspberry.space(machine)
    yield from raspberry.service(machine)
    if usable:
        yield from film_and_panel(machine, config)


def film_and_panel(machine: Machine, config: Config) -> Iterator[Finding]:
    """The checks that a configuration is needed for."""
    yield from vcom(config)
    yield from reels(config)
    yield from buttons(config)
    yield from remote(machine, config)
    if config.simulated is None and config.vcom is not None:
        yield panel(machine, config)


def vcom(config: Config) -> Iterator[Finding]:
    """Is the panel's voltage set? Only a person can read it."""
    if config.simulated is not None:
        yield Finding(True, f"the panel is simulated; pictures of it go to {config.simulated}")
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
        from player.reel import Reel
    except ImportError:  # numpy is missing, which is said above
        return
    try:
        paths = expand(config.reels, config.films)
    except PlayerError as error:
        yield Finding(False, "no film", str(error))
        return
    for path in paths:
        try:
            with Reel(path) as reel:
                part = "" if reel.complete else "; its export was not finished"
                size = f"{reel.width}x{reel.height}"
                yield Finding(True, f"a film: {path} ({reel.frames:,} frames of {size}{part})")
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
    """If the web page is on: may the service use the network?"""
    allowed = (machine.root / DROP_IN).is_file()
    if config.remote == "off":
        yield Finding(None, "the web page is off", "to switch it on: sudo longtake-setup --remote")
    elif not allowed:
        yield Finding(False, "the web page is on, but the service may not use the network", AGAIN)
    else:
        yield Finding(True, f"the web page is on ({config.remote}, port {config.remote_port})")


def panel(machine: Machine, config: Config) -> Finding:
    """Does the controller answer? Only a panel that no player uses is asked."""
    settings = {
        "vcom": config.vcom,
        "vcom-tolerance": config.vcom_tolerance,
        "bus": config.spi_bus,
        "device": config.spi_device,
        "reset-pin": config.reset_pin,
        "ready-pin": config.ready_pin,
        "slow-hz": config.spi_slow_hz,
        "ready-timeout": config.ready_timeout,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    try:
        with locked(machine.root / f"dev/spidev{config.spi_bus}.{config.spi_device}"):
            code, out = machine.run(["python", "-m", "driver", "info", *options])
    except Locked:
        return Finding(
            None,
            "the panel was not asked, as a player uses it",
            "its log says how it goes: journalctl -u longtake -n 20",
        )
    lines = [" ".join(line.split()) for line in out.splitlines() if line.strip()]
    if code != 0:
        said = lines[-1].removeprefix("driver: ") if lines else f"the driver ended with code {code}"
        return Finding(False, "the panel does not answer", said)
    told = "; ".join(line for line in lines if line.split(":")[0] in PANEL_LINES)
    return Finding(True, f"the panel answers ({told})")
