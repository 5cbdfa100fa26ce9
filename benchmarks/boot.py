"""Does longtake install, play, export and survive on a real Debian that boots? In a virtual machine.

    sudo .venv/bin/python benchmarks/boot.py FILM [--suite trixie] [--first-boot] [--emulated]

A machine with 512 MB, as a Pi Zero 2 W, boots Debian with systemd, and is set up as a maker would: the
installer twice, a film sent to the page from outside, power cuts in the middle of its export, an update, an
update that is broken, the way back. `--first-boot`: a card that installs itself (docs/cloud-init.yaml), with
a power cut too. It takes up to an hour where the processor is emulated. Each line is something that was seen;
the first that was not ends it with exit code 1. Needs root, the network, and what boot_guest.py lists.

The panel is a simulated controller, as a virtual machine has no SPI, and the processor is no Pi's: how much
memory is needed can be learned here, how long anything takes cannot.
"""

import json
import os
import re
import shlex
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from boot_guest import MAKER, READY, Failed, Guest, call, make_image, need_root, wait
from command import begin, usage

from trainer.errors import TrainerError
from trainer.serve import PIECE, Player

ROOT = Path(__file__).parent.parent
LONG = 5400.0  # seconds for an installation on an emulated processor
EXPORT = 1800.0  # seconds for an export
CUTS = 3
STATE = "/var/lib/longtake"
GROUP = "/sys/fs/cgroup/system.slice"
SIMULATED = f'simulated = "{STATE}/glass"\ninterval = 20.0\n'
FRAMES = """import hashlib, sqlite3, sys
reel = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
rows = reel.execute("SELECT * FROM frames ORDER BY number").fetchall()
print(hashlib.sha256(repr(rows).encode()).hexdigest())
"""


def seen(what: str, detail: str = "") -> None:
    """Print something that was seen."""
    print(f"ok  {what}{f': {detail}' if detail else ''}", flush=True)


def expect(true: object, what: str, told: str) -> None:
    """Failed, with what the machine told, unless it is true."""
    if not true:
        raise Failed(f"{what}\n{told}")


def web(guest: Guest) -> Player:
    """The API of the player, from outside the machine."""
    token = guest.run(f"sudo cat {STATE}/remote-token").strip()
    return Player(f"http://127.0.0.1:{guest.page_port}", token)


def status(guest: Guest) -> dict[str, Any]:
    """What the player says of itself, once it answers. Failed."""
    player = web(guest)

    def ask() -> Any:
        with suppress(TrainerError):
            return player.get("/api/status")

    found = wait("an answer of the page", ask, 300)
    assert isinstance(found, dict)
    return found


def playing(guest: Guest) -> dict[str, Any]:
    """The same, once a film is on. Failed."""

    def ask() -> dict[str, Any] | None:
        found = status(guest)
        return found if found["reel"] else None

    found = wait("a film on the panel", ask, 300)
    assert isinstance(found, dict)
    return found


def jobs(guest: Guest) -> list[dict[str, Any]]:
    """The films of the queue."""
    found = json.loads(guest.run("player films --json"))
    assert isinstance(found, list)
    return found


def job(guest: Guest, id: str) -> dict[str, Any]:
    """One of them."""
    return next(found for found in jobs(guest) if found["id"] == id)


def until(guest: Guest, id: str, ready: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
    """Wait for a film to get so far; also the most memory that the exporter took, in bytes."""
    most = 0

    def look() -> dict[str, Any] | None:
        nonlocal most
        told = guest.run(f"cat {GROUP}/longtake-export.service/memory.peak 2>/dev/null || echo 0")
        most = max(most, int(told))
        found = job(guest, id)
        if found["state"] == "failed" and what != "failed":
            raise Failed(f"the export failed: {found['error']}")
        return {**found, "most": most} if ready(found) else None

    found = wait(f"the export: {what}", look, EXPORT, 3)
    assert isinstance(found, dict)
    return found


def add(guest: Guest, film: Path, *options: str) -> str:
    """`player add`, as the maker types it; the id."""
    told = guest.run(shlex.join(["player", "add", *options, film.name]))
    return told.splitlines()[-1].split()[0]


def install(guest: Guest, words: str) -> str:
    """What an installation prints."""
    return guest.run(f"sudo {words} 2>&1", LONG)


def first_installation(guest: Guest, release: Path) -> None:
    """With the panel that most people have; there is no SPI, and that is said."""
    guest.copy(release, "longtake.tar.gz")
    guest.run("tar -xzf longtake.tar.gz")
    used = "df --output=used -BM / | tail -1 | tr -dc 0-9"
    before = int(guest.run(used))
    told = install(guest, "longtake/systemd/install --panel waveshare-7.5-v2 --remote --export")
    expect("not started, because SPI is not on yet" in told, "SPI was not missed", told)
    seen("the installer: page, exporter, no SPI yet", f"{int(guest.run(used)) - before} MB on the disk")
    told = guest.fails("longtake-setup --check")
    expect("NO this is no Raspberry Pi" in told and "ok the service starts at boot" in told, "--check", told)
    seen("longtake-setup --check says what is missing")


def second_installation(guest: Guest) -> None:
    """On a simulated panel; its card is shown."""
    guest.run(f"echo '{SIMULATED}' | sudo tee -a /etc/longtake/player.toml")
    before = guest.run("readlink /opt/longtake/current")
    told = install(guest, "longtake-setup")
    expect("service: starting" in told and "packages: all installed" in told, "the second time", told)
    expect(guest.run("readlink /opt/longtake/current") != before, "the other folder is not in use", told)
    expect("ok the service runs" in told, "the service does not run", told)
    seen("the installer again: the other folder, settings kept, the service runs")


def sandbox(guest: Guest) -> None:
    """The service is confined."""
    told = guest.run("sudo cat /proc/$(systemctl show -P MainPID longtake)/status; ps -o user= -C python")
    expect("NoNewPrivs:\t1" in told and "Seccomp:\t2" in told and "longtake" in told, "no sandbox", told)
    each = "for name in longtake longtake-export; do"
    told = guest.run(f"{each} systemd-analyze security --no-pager $name | tail -1; done")
    seen("both services in a sandbox", ", ".join(re.findall(r"\d+\.\d", told)))


def page(guest: Guest, card: Path) -> None:
    """The page from outside, the card, and what the house is told."""
    found = status(guest)
    expect(found["reel"] is None, "there is a film already", str(found))
    stranger = Player(f"http://127.0.0.1:{guest.page_port}", None)
    try:
        stranger.get("/api/status")
        raise Failed("the page asks for no token")
    except TrainerError as error:
        expect("token" in str(error), "a stranger", str(error))
    token = guest.run(f"sudo cat {STATE}/remote-token").strip()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{guest.page_port}/api/panel.png", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        card.write_bytes(answer.read())
    seen("the page from outside, with the token alone", f"version {found['version']}; the card: {card}")
    told = str(wait("avahi", lambda: browse(guest), 60))
    seen("avahi-browse", re.sub(r"\\032", " ", told.split(";")[3]) + ", port " + told.split(";")[8])


def browse(guest: Guest) -> str:
    """The page, as avahi tells of it."""
    told = guest.run("avahi-browse -tpr _longtake._tcp")
    return next((line for line in told.splitlines() if line[:1] == "="), "")


def far_enough(least: int, job: dict[str, Any]) -> bool:
    """Whether so many frames of a film are done, or all."""
    return bool(job["done"] >= least or job["state"] == "done")


def film_through_cuts(guest: Guest, film: Path, frames: int) -> str:
    """A film sent to the page plays while it is made, and whatever happens to the power; its reel."""
    player, size = web(guest), film.stat().st_size
    options = {"end": str(frames), "title": "Through cuts", "play": "now"}
    upload = player.post("/api/upload", {"name": film.name, "bytes": size, "options": options})
    with film.open("rb") as file:
        while (at := upload["received"]) < size:
            file.seek(at)
            upload = player.post(f"/api/upload/{upload['id']}?offset={at}", file.read(PIECE))
    id = player.post(f"/api/upload/{upload['id']}/finish", b"")["job"]
    found = until(guest, id, lambda job: job["reel"], "its first stretch")
    expect(found["state"] == "exporting", "it is done already; take a longer film", str(found))
    wait("the first stretch on the panel", lambda: (status(guest)["reel"] or "").endswith(found["reel"]), 120)
    seen("a film sent to the page plays while it is made", f"{found['done']} of {found['of']} frames")
    begun = found["done"]
    for cut in range(CUTS):
        least = begun + (frames - begun) * cut // (CUTS + 1)
        found = until(guest, id, partial(far_enough, least), f"{least} frames")
        expect(found["state"] == "exporting", "it is done already; take a longer film", str(found))
        place = status(guest)["frame"]
        guest.cut_power()
        guest.start()
        after, shown = job(guest, id), playing(guest)
        expect(after["done"] >= found["done"] - frames // 4, "the export began anew", str(after))
        expect(shown["reel"].endswith(found["reel"]), "the player lost its place", str(shown))
        start = re.search(r"frame (\d+) of .*redraw \(start\)", journal(guest, "longtake"))
        expect(start and abs(int(start[1]) - place) <= 2, f"the player was at {place}", str(start))
        wait("the exporter", lambda: "goes on" in journal(guest, "longtake-export"), 900)
        seen(f"power cut {cut + 1}", f"the export goes on at {after['done']}, the player at {place}")
    found = until(guest, id, lambda job: job["state"] == "done", "the end")
    expect(not guest.run(f"ls {STATE}/inbox").strip(), "the film is still in the inbox", "")
    seen("the reel is complete", f"{found['done']} frames, the exporter took {found['most'] / 1e6:.0f} MB")
    return str(found["reel"])


def journal(guest: Guest, unit: str) -> str:
    """What a unit has said since the boot."""
    return guest.run(f"sudo journalctl -b -o cat --no-pager -u {unit}")


def same_without_cuts(guest: Guest, film: Path, frames: int, reel: str) -> None:
    """The same film from the command line makes the same reel."""
    guest.copy(film, film.name)
    id = add(guest, film, "--end", str(frames), "--title", "Uncut")
    found = until(guest, id, lambda job: job["state"] == "done", "the end")
    guest.run(f"cat > frames.py <<'END'\n{FRAMES}END")
    hashes = [guest.run(f"sudo python3 frames.py {STATE}/films/{name}") for name in (reel, found["reel"])]
    expect(hashes[0] == hashes[1], "another reel than without the cuts", str(hashes))
    seen("`player add` without cuts makes the same reel, row by row", f"{found['most'] / 1e6:.0f} MB")


def compiled(guest: Guest, film: Path) -> None:
    """numba compiles in the sandbox."""
    id = add(guest, film, "--dither", "hysteresis", "--end", "20", "--title", "Compiled")
    found = until(guest, id, lambda job: job["state"] in ("done", "failed"), "failed")
    if found["state"] == "failed":
        seen("`hysteresis`, with numba, does not fit here", f"{found['error']}; {found['most'] / 1e6:.0f} MB")
    else:
        seen("`hysteresis`, with numba in the sandbox", f"{found['most'] / 1e6:.0f} MB")


def without_memory(guest: Guest, film: Path) -> None:
    """A film that needs more memory than there is fails alone, and says so."""
    guest.run("sudo systemctl set-property --runtime longtake-export.service MemoryMax=70M")
    id = add(guest, film, "--end", "20", "--title", "Too much")
    found = until(guest, id, lambda job: job["state"] == "failed", "failed")
    expect("lack of memory" in found["error"], "it is not said why", found["error"])
    ends = ("inactive", "failed")
    wait("its end", lambda: guest.run("systemctl is-active longtake-export || true").strip() in ends, 60)
    expect("inactive" in guest.run("systemctl is-failed longtake-export || true"), "the exporter failed", "")
    guest.run(f"sudo systemctl revert longtake-export.service; player films --remove {id}")
    seen("a film that needs more memory fails alone", found["error"])


def dropped(guest: Guest, film: Path) -> None:
    """A film that a member of the group copies into the inbox joins the queue."""
    guest.copy(film, f"{STATE}/inbox/dropped{film.suffix}")
    found = wait("the film", lambda: [job for job in jobs(guest) if job["name"] == "dropped"], 120)
    assert isinstance(found, list)
    until(guest, found[0]["id"], lambda job: job["done"], "its first frames")
    guest.run(f"player films --remove {found[0]['id']}")
    wait("the exporter's end", lambda: not guest.run(f"ls -A {STATE}/inbox | grep -v queue || true"), 60)
    seen("a film dropped into the inbox is exported; removed, it is gone")


def memory(guest: Guest) -> None:
    """What the player took since its start."""
    folder = f"{GROUP}/longtake.service"
    told = guest.run(f"cat {folder}/memory.current {folder}/memory.peak {folder}/memory.max").split()
    current, peak, most = (int(text) / 1e6 for text in told)
    seen("memory of the player", f"{current:.0f} MB now, {peak:.0f} MB at most, of {most:.0f} MB")


def updates(guest: Guest) -> None:
    """A newer version, and one that is broken."""
    before = playing(guest)
    guest.run("cp -r longtake newer; sed -i 's/^version = .*/version = \"9.9.9\"/' newer/pyproject.toml")
    told = install(guest, "newer/systemd/install")
    after = playing(guest)
    expect(after["version"] == "9.9.9", "the update is not in use", told)
    expect(after["reel"] == before["reel"], "the place is lost", str(after))
    seen("an update", f"{before['version']} to {after['version']}, the place kept")
    guest.run("echo 'raise RuntimeError' > newer/player/commands/options.py")
    told = guest.fails("sudo newer/systemd/install", LONG)
    expect("the one in use stays" in told, "the broken update", told)
    expect(status(guest)["version"] == "9.9.9", "the player does not run", told)
    seen("a broken update leaves the one in use")


def restart(guest: Guest) -> None:
    """An orderly restart."""
    before = playing(guest)
    guest.restart()
    after = playing(guest)
    expect(after["reel"] == before["reel"], "the place is lost", str(after))
    seen("a restart", f"frame {before['frame']} before, {after['frame']} after")


def way_back(guest: Guest) -> None:
    """The removal keeps films and settings, and leaves no unit behind."""
    told = install(guest, "longtake-setup --uninstall")
    units = guest.run("systemctl list-units --all --no-legend 'longtake*'; systemctl list-unit-files "
                      "--no-legend 'longtake*' || true").strip()  # fmt: skip
    expect(not units, "units are left", units)
    expect(not guest.run("pgrep -u longtake || true"), "processes are left", told)
    expect(".reel" in guest.run(f"ls {STATE}/films"), "the films are gone", told)
    guest.run("test -e /etc/longtake/player.toml -a ! -e /opt/longtake -a ! -e /usr/local/bin/player")
    seen("--uninstall keeps films and settings, and nothing else")


def made_by_hand(guest: Guest, release: Path, film: Path, frames: int, card: Path) -> None:
    """All of it, set up by a maker who is logged in."""
    seen("Debian boots", f"{guest.start():.0f} s; {guest.run('uname -sr').strip()}, {versions(guest)}")
    first_installation(guest, release)
    second_installation(guest)
    guest.run(f"sudo usermod -aG adm {MAKER}")
    sandbox(guest)
    page(guest, card)
    reel = film_through_cuts(guest, film, frames)
    same_without_cuts(guest, film, frames, reel)
    compiled(guest, film)
    without_memory(guest, film)
    dropped(guest, film)
    memory(guest)
    updates(guest)
    restart(guest)
    way_back(guest)


def versions(guest: Guest) -> str:
    """What the machine runs."""
    told = guest.run("systemctl --version | head -1; python3 -V; free -m | sed -n 's/^Mem: *//p'")
    system, python, memory = told.splitlines()
    return f"{' '.join(system.split()[:2])}, {python}, {memory.split()[0]} MB"


def first_boot(guest: Guest) -> None:
    """A card that installs itself, in spite of a power cut."""
    seen("Debian boots with the card", f"{guest.start():.0f} s")
    wait("the installation", lambda: re.search("^(installing|from PyPI)", log(guest), re.M), LONG, 5)
    guest.cut_power()
    guest.start()
    seen("a power cut while it installs")
    wait("the player", lambda: guest.answers() and runs(guest), LONG, 10)
    found = status(guest)
    expect(found["redraws"], "nothing is on the panel", str(found))
    expect(browse(guest), "avahi tells nothing", "")
    seen("it installs itself, restarts and shows its card", f"version {found['version']}")


def runs(guest: Guest) -> bool:
    """Whether the player runs after the restart that ends the installation."""
    with suppress(Failed):
        command = "uptime -s; stat -c %y /usr/local/src/longtake/installed; systemctl is-active longtake"
        up, installed, state = guest.run(command).splitlines()
        return up > installed and state == "active"
    return False


def log(guest: Guest) -> str:
    """The log of the first boot's installation."""
    return guest.run("cat /var/log/longtake-setup.log 2>/dev/null || true")


def card_files(folder: Path, release: Path) -> list[Path]:
    """The boot partition's files: docs/cloud-init.yaml, and settings with a simulated panel."""
    settings = (ROOT / "systemd/player.toml").read_text() + SIMULATED
    user_data = (ROOT / "docs/cloud-init.yaml").read_text().replace(
        "write_files:\n",
        "write_files:\n  - path: /etc/longtake/player.toml\n    content: |\n"
        + "".join(f"      {line}\n" for line in settings.splitlines()),
    )  # fmt: skip
    (folder / "user-data").write_text(user_data)
    (folder / "meta-data").write_text("instance-id: longtake\n")
    return [release, folder / "user-data", folder / "meta-data"]


def main() -> int:
    """See the module."""
    parser = usage(__doc__ or "")
    parser.add_argument("film", type=Path, metavar="FILM", help="any short film")
    parser.add_argument("--suite", default="trixie", choices=("bookworm", "trixie"))
    parser.add_argument("--architecture", default="amd64", choices=("amd64", "arm64"))
    parser.add_argument("--first-boot", action="store_true", help="the card that installs itself")
    parser.add_argument("--memory", type=int, default=512, metavar="MB")
    parser.add_argument("--frames", type=int, default=120, help="of the film, to export")
    parser.add_argument("--emulated", action="store_true", help="without KVM, where that is not to be had")
    parser.add_argument(
        "--ready", action="store_true", help="with Trixie's packages in the image, to save the time of apt"
    )
    parser.add_argument("--work", type=Path, help="keep images here, for the next time")
    parser.add_argument("--ca", type=Path, action="append", default=[], help="a certificate of this network")
    options = parser.parse_args()
    need_root()
    if not options.film.is_file():
        print(f"{options.film}: there is no such film", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="longtake-boot-", dir="/var/tmp") as scratch:
        release = Path(scratch) / "longtake.tar.gz"
        guest = None
        try:
            git = ("git", "-c", f"safe.directory={ROOT}", "-C", ROOT)
            call(*git, "archive", "--prefix=longtake/", "-o", release, "HEAD")
            work = (options.work or Path(scratch)).absolute()
            more = READY if options.ready else ""
            folder = make_image(work, options.suite, options.architecture, options.ca, more)
            kvm = options.architecture == "amd64" and os.access("/dev/kvm", os.R_OK | os.W_OK)
            files = card_files(Path(scratch), release) if options.first_boot else []
            guest = Guest(folder, options.memory, options.emulated or not kvm, files)
            if options.first_boot:
                first_boot(guest)
            else:
                made_by_hand(guest, release, options.film, options.frames, folder / "card.png")
        except Failed as error:
            print(f"NO  {error}")
            return 1
        finally:
            if guest is not None:
                guest.cut_power()
    return 0


if __name__ == "__main__":
    begin(main)
