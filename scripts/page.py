"""The picture of the web page in the docs, on a phone: what is on, another place of the film, the library.

    .venv/bin/python -m scripts.page FILM OTHER docs/page.png

FILM and OTHER are parts of Big Buck Bunny, a minute and five seconds long. Both become reels; a player shows
them on a simulated panel, and Chromium the page.
"""

import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.chromium import Chromium, Page, executable

TITLES = "Big Buck Bunny", "A big yawn"
START, ELSEWHERE = 41, "150"
"""The frame that is on, and the one that is looked at."""
PORT, URL = 8987, "http://127.0.0.1:8987"
WIDTH, HEIGHT, GAP = 390, 844, 16
PATIENCE = 60.0  # seconds


def run(*words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", *map(str, words)], check=True)


def until(good: Callable[[], bool]) -> None:
    """Wait for it; TimeoutError."""
    end = time.monotonic() + PATIENCE
    while not good():
        if time.monotonic() > end:
            raise TimeoutError("the player does not answer")
        time.sleep(0.5)


def shows() -> bool:
    """Whether the player has shown its first frame."""
    try:
        with urllib.request.urlopen(f"{URL}/api/status") as answer:
            return json.load(answer)["frame"] is not None
    except OSError:
        return False


def shot(page: Page, path: str) -> Image.Image:
    """The window, when all its pictures are there."""
    if path:
        page.command("Page.navigate", url=URL + path)
    page.wait("document.readyState === 'complete' && [...document.images].every((one) => one.complete)")
    time.sleep(0.5)  # until it is painted
    page.command("Page.bringToFront")
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB").reduce(2)


def shots(browser: Chromium) -> list[Image.Image]:
    """What is on; another place; the library."""
    page = browser.open(URL, WIDTH, HEIGHT, 2, prefers_color_scheme="light")
    page.command("Emulation.setScrollbarsHidden", hidden=True)
    found = [shot(page, "/")]
    page.evaluate(f"document.querySelector('#place').value = '{ELSEWHERE}'; 1")
    page.click("form.place button")
    page.wait("document.querySelector('#found img')?.complete")
    page.evaluate("document.querySelector('#place').value = ''; document.activeElement.blur(); 1")
    page.evaluate("document.querySelector('#seek').scrollIntoView({block: 'end'}); scrollBy(0, 90); 1")
    return [*found, shot(page, ""), shot(page, "/films")]


def main(film: str, other: str, target: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        films, inbox = folder / "films", folder / "inbox"
        for path, title, reel, more in (
            (film, TITLES[0], "1.reel", ["--every=4"]),
            (other, TITLES[1], "2.reel", ["--count=127"]),
        ):
            films.mkdir(exist_ok=True)
            run("trainer", "export", path, films / reel, "--dither=hysteresis", f"--title={title}", *more)
        words = [
            f"--simulated={folder / 'glass'}", f"--films={films}", f"--inbox={inbox}", f"--start={START}",
            "--interval=200", "--end=next", "--remote=loopback", f"--remote-port={PORT}",
        ]  # fmt: skip
        with subprocess.Popen([sys.executable, "-m", "player", "run", *words]) as player:
            try:
                until(shows)
                body = json.dumps({"reel": str(films / "2.reel")}).encode()
                headers = {"Content-Type": "application/json", "Origin": URL}
                urllib.request.urlopen(urllib.request.Request(f"{URL}/api/play-next", body, headers)).close()
                browser = Chromium(executable(), folder / "browser")
                try:
                    pictures = shots(browser)
                finally:
                    browser.close()
            finally:
                player.terminate()
    whole = Image.new("RGB", (len(pictures) * (WIDTH + GAP) - GAP, HEIGHT), "white")
    for place, picture in enumerate(pictures):
        whole.paste(picture, (place * (WIDTH + GAP), 0))
    whole.quantize(64).save(target, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
