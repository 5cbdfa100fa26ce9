"""`trainer calibrate` on rendered photographs: what is true is found, what is unusable is refused."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from player.profile import read_profile
from tests.trainer.calibrate.photographs import Camera, Panel, mean_shown, photograph
from trainer.__main__ import main
from trainer.calibrate.measure import combine, read
from trainer.calibrate.photograph import find_chart

PANEL = Panel((648, 480), ghost=0.083, ghost_white=0.03, dot_gain=0.125, contrast=12)
CLEAN = Panel((648, 480), ghost=0.04, contrast=17)


def grey(panel, camera):
    return cv2.cvtColor(photograph(panel, camera), cv2.COLOR_BGR2GRAY)


@pytest.mark.parametrize(
    ("panel", "camera"),
    [
        (PANEL, Camera()),
        (PANEL, Camera(turn=187, tilt=-14, light=0.4, vignette=0.2, curve=1.0, blur=1.3, quality=82, seed=1)),
        (CLEAN, Camera(size=(1280, 960), turn=-94, fill=0.6, pan=13, curve=0.0, distortion=0.02, seed=2)),
    ],
    ids=["plain", "upside down in dim light", "on its side, distorted"],
)
def test_what_is_true_of_a_panel_is_found(panel, camera):
    found = find_chart(grey(panel, camera), "photo")
    assert found.chart.size == panel.size
    measured = combine([read(found)])
    assert measured.ghost.value == pytest.approx(panel.ghost, abs=0.01)
    assert measured.ghost_white.value == pytest.approx(panel.ghost_white, abs=0.01)
    assert abs(measured.ghost.value - panel.ghost) < 3 * measured.ghost.spread
    for kind, estimate in measured.ghosts.items():
        assert estimate.value == pytest.approx(panel.ghost if kind[0] else panel.ghost_white, abs=0.015)
    assert measured.dot_gain.value == pytest.approx(panel.dot_gain, abs=0.03)
    greys = [patch for patch in found.chart.patches if patch.what == "grey"]
    tones = np.interp([patch.share for patch in greys], *np.array(measured.tones).T)
    assert tones == pytest.approx([mean_shown(panel, patch.box) for patch in greys], abs=0.02)
    if not panel.dot_gain:
        assert measured.dot_gain.value == pytest.approx(0, abs=1e-6)
        assert measured.tones == ((0, 0), (1, 1))


@pytest.fixture(scope="module")
def good():
    return photograph(PANEL, Camera())


@pytest.fixture
def calibrate(tmp_path, capsys):
    """calibrate(*pictures, more=()) -> (exit code, stdout, stderr); the profile is panel.toml in tmp_path."""

    def run(*pictures, more=()):
        paths = []
        for number, picture in enumerate(pictures):
            paths.append(str(tmp_path / f"photo{number}.jpg"))
            cv2.imwrite(paths[-1], picture)
        code = main(["calibrate", *paths, "--out", str(tmp_path / "panel.toml"), *more])
        return code, *capsys.readouterr()

    return run


def test_profile_and_report_are_written(calibrate, good, tmp_path):
    code, out, err = calibrate(good, photograph(PANEL, Camera(turn=-5, seed=3)), more=("--contrast", "12"))
    assert (code, err) == (0, "")
    assert out.count(": good\n") == 2
    assert "from 2 photographs" in out
    profile = read_profile(tmp_path / "panel.toml")
    assert (profile.size, profile.contrast) == ((648, 480), 12)
    assert profile.ghost == pytest.approx(0.083, abs=0.01)
    assert profile.dot_gain == pytest.approx(0.125, abs=0.03)
    report = cv2.imread(str(tmp_path / "panel.png"))
    assert report.shape[1] == 1300
    assert report.std() > 20


def test_a_panel_without_dot_gain_shows_half_as_half(calibrate, tmp_path):
    code, out, err = calibrate(photograph(Panel((648, 480), 0.083, 0.0, 0.0, 12), Camera(seed=5)))
    assert (code, err) == (0, "")
    assert "half of the pixels white show  0.500\n" in out
    assert "dot_gain = 0.000 " in (tmp_path / "panel.toml").read_text()


def darker(picture, share):
    return (picture * share).astype(np.uint8)


def glaring(picture):
    height, width = picture.shape[:2]
    spot = cv2.GaussianBlur(
        cv2.circle(np.zeros((height, width), np.float32), (800, 600), 160, 1, -1), None, 60
    )
    return np.clip(picture + 130 * spot[..., None], 0, 255).astype(np.uint8)


def shadowed(picture):
    picture = picture.copy()
    picture[:, 700:] = picture[:, 700:] * 0.7
    return picture


UNUSABLE = {
    "blurred": (lambda good: cv2.GaussianBlur(good, None, 5), "blurred"),
    "out of focus": (lambda good: cv2.GaussianBlur(good, None, 15), "chart|marker"),
    "glare": (glaring, "glare|reflection|overexposed"),
    "glare on a marker": (
        lambda good: cv2.circle(good.copy(), (330, 400), 150, (255,) * 3, -1),
        "top left marker",
    ),
    "shadow": (shadowed, "shadow"),
    "cropped": (lambda good: good[:, :1100], "top right and bottom right marker"),
    "too small": (
        lambda good: cv2.resize(good, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA),
        "too small",
    ),
    "too dark": (lambda good: darker(good, 0.25), "too dark"),
    "overexposed": (lambda good: np.clip(good * 1.3, 0, 255).astype(np.uint8), "overexposed"),
    "pale": (lambda good: (200 + good * 0.15).astype(np.uint8), "too pale"),
    "solarised": (lambda good: np.minimum(good, 1.5 * (255.0 - good)).astype(np.uint8), "."),
    "another picture": (lambda good: np.full((400, 600, 3), 120, np.uint8), "no chart is found"),
    "mirrored": (lambda good: good[:, ::-1], "no chart is found"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_photograph_is_one_line_and_nothing_is_written(calibrate, good, tmp_path, name):
    spoil, says = UNUSABLE[name]
    code, out, err = calibrate(spoil(good))
    assert (code, out) == (2, ""), err
    assert err.count("\n") == 1
    assert err.startswith(f"trainer: {tmp_path}/photo0.jpg: ")
    assert any(word in err for word in says.split("|")), err
    assert not (tmp_path / "panel.toml").exists()
    assert not (tmp_path / "panel.png").exists()


@pytest.mark.parametrize("kind", ["sharpened", "softened"])
def test_a_camera_that_filters_makes_ghosts_uncertain_not_wrong(good, kind):
    """Filters of codes, not of light, are not in the model."""
    if kind == "sharpened":
        spoilt = cv2.addWeighted(good, 1.5, cv2.GaussianBlur(good, None, 1.2), -0.5, 0)
    else:
        spoilt = cv2.GaussianBlur(good, None, 1.0)
    reading = read(find_chart(cv2.cvtColor(spoilt, cv2.COLOR_BGR2GRAY), "photo"))
    measured = combine([reading])
    assert "switch sharpening and filters off" in reading.verdict
    assert measured.ghost.spread > 0.007
    assert abs(measured.ghost.value - PANEL.ghost) < 3 * measured.ghost.spread


def test_a_chart_that_was_not_drawn_to_its_end_is_refused(calibrate, monkeypatch):
    """Only the redraw and no partial update."""
    monkeypatch.setattr("tests.trainer.calibrate.photographs.chart", _unfinished)
    code, _, err = calibrate(photograph(replace(PANEL, ghost=0.0), Camera()))
    assert code == 2
    assert "not drawn to its end" in err


def _unfinished(width, height):
    from driver.chart import chart

    found = chart(width, height)
    return replace(found, final=found.redrawn, often=np.zeros_like(found.often))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.jpg", "--out", "panel.toml"], "cannot be read"),
        (["{text}", "--out", "panel.toml"], "is no picture"),
        (["{photo}", "--out", "panel.txt"], "end its name in .toml"),
        (["{photo}", "--out", "no/panel.toml"], "no directory"),
        (["{photo}", "--out", "panel.toml", "--contrast", "0.5"], "--contrast 0.5 is out of range"),
        (["{photo}", "--out", "panel.toml", "--panel", "kindle"], "--panel kindle is unknown"),
        (["{photo}", "--out", "panel.toml", "--report", "{photo}"], "is a photograph itself"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line(good, tmp_path, monkeypatch, capsys, words, says):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("photo.png", good)
    (tmp_path / "text.jpg").write_text("hello")
    assert main(["calibrate", *(word.format(photo="photo.png", text="text.jpg") for word in words)]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert says in said.err
    assert not (tmp_path / "panel.toml").exists()
