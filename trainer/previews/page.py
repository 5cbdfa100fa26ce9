"""The preview as one self-contained HTML page: every frame of every dither, bit for bit, with its figures.

The page asks nothing of the network, and its content security policy forbids it to: only the scripts and
styles written here may run (by hash), and text from outside, such as the film's name, is never markup. The
parts of the page are in `web/`. Its pictures travel as JSON: the dithers as deflated changes (`web/track.js`
says how), the frames as JPEG.
"""

import base64
import hashlib
import html
import io
import json
import re
import zlib
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np
from PIL import Image

from trainer.errors import OptionError
from trainer.evaluate.score import Comparison, Moment, Shown
from trainer.previews.glass import GlassTones
from trainer.previews.sheet import tones_of
from trainer.previews.view import View

SCRIPTS = ("words.js", "track.js", "paint.js", "chart.js", "panel.js", "page.js", "controls.js")
LIMIT = 64_000_000
"""Bytes of a page; more would make browsers slow."""
EARLY = 8
"""Frames after which the size of the page can be foreseen."""
JPEG_QUALITY = 75


@dataclass
class _Contents:
    """What the page shows, frame by frame, and how many bytes it takes."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    dithers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    size: int = 0

    def add(self, moment: Moment) -> None:
        frame = {
            "number": moment.selected.number,
            "time_ms": moment.selected.time_ms,
            "cut": moment.selected.cut,
            "redraw": moment.redraw,
            "jpeg": _jpeg(moment.seen.picture),
        }
        self.frames.append(frame)
        self.size += len(json.dumps(frame))
        for label, shown in moment.shown.items():
            entry = _entry(shown)
            self.dithers.setdefault(label, []).append(entry)
            self.size += len(json.dumps(entry))


def page(comparison: Comparison, view: View) -> bytes:
    """The page, in UTF-8. OptionError as soon as it is clear that it would be larger than LIMIT."""
    contents = _Contents()
    for moment in comparison:
        contents.add(moment)
        _check(contents.size, moment.index + 1, comparison.expected)
    summaries = comparison.summaries()
    data = {
        "film": view.film,
        "width": view.size[0],
        "height": view.size[1],
        "every": view.every,
        "fps": view.fps,
        "show_glass": view.glass,
        "middle": {"x": view.crop.x + view.crop.width / 2, "y": view.crop.y + view.crop.height / 2},
        "glass": GlassTones.of(view.levels).as_dict(),
        "redraws": comparison.redraws,
        "frames": contents.frames,
        "dithers": [
            {
                "name": label,
                "flips": summary.change.flips if summary.change else None,
                "psnr": summary.psnr,
                "frames": contents.dithers[label],
            }
            for label, summary in summaries.items()
        ],
    }
    return _fill(f"{view.film} · longtake preview", json.dumps(data, separators=(",", ":"))).encode()


def _check(size: int, done: int, expected: int | None) -> None:
    """OptionError if the page is too large, or is clearly going to be."""
    foreseen = size / done * expected if expected is not None and done >= EARLY else 0
    if size > LIMIT or foreseen > 1.5 * LIMIT:
        fits = max(1, int(LIMIT / (size / done)))
        raise OptionError(
            f"the page would be larger than {LIMIT / 1e6:.0f} MB: choose --count {fits}, fewer dithers or a "
            "smaller --size"
        )


def _jpeg(frame: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(tones_of(frame)).save(file, "JPEG", quality=JPEG_QUALITY)
    return base64.b64encode(file.getvalue()).decode()


def _entry(shown: Shown) -> dict[str, Any]:
    """One dither of one frame: its figures, and its changes from the one before (the first: from black)."""
    changes = shown.dither if shown.before is None else shown.dither ^ shown.before
    stream = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
    deflated = stream.compress(np.packbits(changes, axis=1).tobytes()) + stream.flush()
    change = shown.score.change
    return {
        "flips": change.flips if change else None,
        "darkened": change.darkened if change else None,
        "lightened": change.lightened if change else None,
        "net": shown.score.net,
        "action": shown.score.action,
        "psnr": shown.score.psnr,
        "flips_deflated": base64.b64encode(deflated).decode(),
    }


def _fill(title: str, data: str) -> str:
    """The page from its parts; `data` is JSON."""
    folder = files("trainer.previews").joinpath("web")
    style = folder.joinpath("page.css").read_text("utf-8")
    script = '"use strict";\n(() => {\n'
    script += "\n".join(folder.joinpath(name).read_text("utf-8") for name in SCRIPTS) + "})();\n"
    parts = {
        "title": html.escape(title),
        "policy": f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'",
        "style": style,
        "script": script,
        # No tag can begin inside the data.
        "data": data.replace("<", "\\u003c"),
    }
    template = folder.joinpath("page.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _hash(text: str) -> str:
    """The name by which a content security policy knows an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
