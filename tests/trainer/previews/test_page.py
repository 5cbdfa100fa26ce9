"""The page as a file: what is embedded, bit for bit, and that nothing from outside can run in it."""

import base64
import hashlib
import html
import io
import json
import re
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.trainer.previews.preview_cases import (
    COUNT,
    CUT,
    HEIGHT,
    LABELS,
    REDRAWS,
    WIDTH,
    comparison,
    made_dithers,
    selected_frames,
    view,
)
from trainer.errors import OptionError
from trainer.previews import page as page_module
from trainer.previews.page import page

NASTY = "</script><script>alert(1)</script> {{script}} <img src=x onerror=alert(2)>.mp4"


def text_of(film: str = "made film.mp4") -> str:
    return page(comparison(), view(film=film)).decode()


def data_in(text: str) -> dict:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(data)


def test_the_embedded_flips_are_the_dithers():
    data, made = data_in(text_of()), made_dithers()
    assert (data["width"], data["height"], data["every"]) == (WIDTH, HEIGHT, 2)
    assert [dither["name"] for dither in data["dithers"]] == list(LABELS)
    for dither in data["dithers"]:
        shown = np.zeros((HEIGHT, WIDTH), np.uint8)
        for entry, expected in zip(dither["frames"], made[dither["name"]], strict=True):
            packed = np.frombuffer(zlib.decompress(base64.b64decode(entry["flips_deflated"])), np.uint8)
            shown = shown ^ np.unpackbits(packed.reshape(HEIGHT, -1), axis=1, count=WIDTH)
            np.testing.assert_array_equal(shown, expected)


def test_the_embedded_figures_are_those_of_the_comparison():
    data, moments, compared = data_in(text_of()), list(comparison()), comparison()
    list(compared)
    for dither in data["dithers"]:
        summary = compared.summaries()[dither["name"]]
        assert dither["flips"] == summary.change.flips
        for entry, moment in zip(dither["frames"], moments, strict=True):
            score = moment.shown[dither["name"]].score
            assert (entry["action"], entry["net"]) == (score.action, score.net)
            assert entry["psnr"] == {str(eye): value for eye, value in score.psnr.items()}
            change = score.change
            figures = (change.flips, change.darkened, change.lightened) if change else (None, None, None)
            assert (entry["flips"], entry["darkened"], entry["lightened"]) == figures
    frames = data["frames"]
    assert [frame["number"] for frame in frames] == [100 + 2 * n for n in range(COUNT)]
    assert [frame["time_ms"] for frame in frames] == [4000 + 80 * n for n in range(COUNT)]
    assert [n for n, frame in enumerate(frames) if frame["cut"]] == [CUT]
    assert data["glass"] == {"white": 224, "black": 32, "ghost": 48}
    assert data["redraws"] == compared.redraws == len(REDRAWS)
    assert [n for n, frame in enumerate(frames) if frame["redraw"]] == [0, *REDRAWS]
    assert data["middle"] == {"x": 41, "y": 24}


def test_the_embedded_frames_are_the_frames():
    for frame, selected in zip(data_in(text_of())["frames"], selected_frames(), strict=True):
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(frame["jpeg"]))))
        assert shown.shape == (HEIGHT, WIDTH)
        assert np.abs(shown / 255 - selected.frame).mean() < 0.02


def test_a_films_name_is_text_and_never_markup():
    text = text_of(NASTY)
    assert NASTY not in text
    assert data_in(text)["film"] == NASTY
    assert f"<title>{html.escape(NASTY)} · longtake preview</title>" in text
    assert text.count("<script") == text.count("</script>") == 2


def test_only_the_pages_own_script_and_style_may_run():
    text = text_of()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for rule, pattern in (
        ("script-src", r"<script>(.*?)</script>"),
        ("style-src", r"<style>(.*?)</style>"),
    ):
        (content,) = re.findall(pattern, text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert set(rules) == {"default-src", "script-src", "style-src", "base-uri", "form-action"}


def test_the_page_asks_nothing_of_the_network_and_writes_no_markup():
    text = text_of()
    addresses = set(re.findall(r"(?:https?:)?//[\w.]+\.\w+", text))
    assert addresses == {"http://www.w3.org"}  # the name of SVG's namespace, which is not fetched
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch("):
        assert forbidden not in text
    assert not re.search(r"<(link|img|iframe|object|embed)\b|\bon\w+=", text)


@pytest.mark.parametrize(("share", "done"), [(1.2, range(20, 24)), (3, [8])])
def test_a_page_that_would_be_too_large_is_refused(monkeypatch, share, done):
    """Early where that can be foreseen, and with a number of frames that does fit."""
    data = data_in(text_of())
    size = len(json.dumps([data["frames"], data["dithers"]]))
    monkeypatch.setattr(page_module, "LIMIT", size / share)
    compared = comparison()
    with pytest.raises(
        OptionError, match=r"choose --count \d+, fewer dithers or a smaller --size"
    ) as refused:
        page(compared, view())
    assert compared.summaries()["lively"].frames in done
    fits = int(re.search(r"--count (\d+)", str(refused.value))[1])
    assert fits == pytest.approx(COUNT / share, abs=2)
    page(comparison(fits, fits), view())  # does not raise


def test_a_page_within_the_limit_is_made(monkeypatch):
    made = page(comparison(), view())
    monkeypatch.setattr(page_module, "LIMIT", len(made))
    assert page(comparison(), view()) == made


def test_without_javascript_the_page_says_so():
    assert "JavaScript" in re.search(r"<noscript>(.*?)</noscript>", text_of())[1]
