"""The page of a preview, opened in a browser: how tests find their way about it and read its canvases."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
from PIL import Image

from tests.chromium import Chromium, Page
from tests.trainer.previews.preview_cases import COUNT, made_dithers, seen_on_glass

NASTY = "</script><img src=x onerror=document.title=1> & größer.mp4"
"""The name of the film in the page."""
RED, BLUE, GREY = (200, 30, 40), (25, 90, 220), (232, 232, 232)


def opened(browser: Chromium, file: Path, width: int, height: int, ratio: float = 1, **media: str) -> Page:
    page = browser.open(file.as_uri(), width, height, ratio, **media)
    at(page, 0)
    return page


def at(page: Page, frame: int, count: int = COUNT) -> None:
    """Wait until a frame is shown and said, and the flash of a redraw is over."""
    page.wait(f"document.querySelector('#said').textContent.startsWith('Frame {frame + 1} of {count}.')")
    page.evaluate("new Promise((later) => setTimeout(later, 170))")


def text(page: Page, selector: str) -> str:
    return page.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")


def corner(page: Page, selector: str) -> tuple[float, float]:
    """Left and top edge of an element in the window, once it is in view."""
    return tuple(
        page.evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            "found.scrollIntoView({ block: 'nearest' }); const box = found.getBoundingClientRect();"
            "return [box.x, box.y]; })()"
        )
    )


def canvas(page: Page, number: int = 0) -> np.ndarray:
    """The pixels of a panel's canvas, uint8[h, w, 4]."""
    url = page.evaluate(f"document.querySelectorAll('.view canvas')[{number}].toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA"))


def part(page: Page) -> tuple[int, int, int, int, int]:
    """What the page says it shows: screen pixels for a pixel, then width, height, x and y of the part."""
    words = text(page, "#scale")
    zoom = re.search(r"a pixel is (one|\d)", words)[1]
    width, height = re.search(r"(\d+) . (\d+) from", words).groups()
    x, y = re.search(r"from (\d+), (\d+) of 70 . 44", words).groups()
    return 1 if zoom == "one" else int(zoom), int(width), int(height), int(x), int(y)


def enlarged(page: Page, picture: np.ndarray) -> np.ndarray:
    """What must stand on the canvas, without what is around it: the shown part, each pixel a square."""
    zoom, width, height, x, y = part(page)
    return np.kron(picture[y : y + height, x : x + width], np.ones((zoom, zoom), np.uint8))


def inside(page: Page, pixels: np.ndarray) -> np.ndarray:
    """The pixels of a canvas without the empty rim where it is larger than the panel."""
    zoom, width, height, _, _ = part(page)
    rows, columns = pixels.shape[0] - height * zoom, pixels.shape[1] - width * zoom
    top, left = max(0, rows) // 2, max(0, columns) // 2
    assert (pixels[:top, :, 3] == 0).all()
    assert (pixels[:, :left, 3] == 0).all()
    return pixels[top : top + height * zoom, left : left + width * zoom]


def assert_shows(page: Page, picture: np.ndarray, number: int = 0) -> None:
    pixels = inside(page, canvas(page, number))
    expected = enlarged(page, picture)[: pixels.shape[0], : pixels.shape[1]]
    for channel in range(3):
        np.testing.assert_array_equal(pixels[..., channel], expected)
    assert (pixels[..., 3] == 255).all()


def assert_shows_changes(page: Page, before: np.ndarray, now: np.ndarray) -> None:
    pixels = inside(page, canvas(page))[..., :3]
    flips = enlarged(page, now + np.uint8(1) - before)[: pixels.shape[0], : pixels.shape[1]]
    for colour, change in ((RED, 0), (GREY, 1), (BLUE, 2)):
        np.testing.assert_array_equal((pixels == colour).all(axis=2), flips == change)


def glass_of(moments, label: str) -> list[np.ndarray]:
    return seen_on_glass(made_dithers()[label], [moment.shown[label].score.action for moment in moments])
