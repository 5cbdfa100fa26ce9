"""How well `trainer calibrate` measures panels, on rendered photographs of their charts.

    python benchmarks/calibrate.py --photographs 200
    python benchmarks/calibrate.py --pictures docs      # the pictures of docs/calibration.md

Panels and cameras are drawn at random: ghosts up to .12 and .05, dot gain of none or an eighth of a pixel,
contrast 7 to 18; perspective, rotation, uneven light, vignette, lens blur, a distorting lens, exposure, an
S-shaped tone curve, noise, JPEG. An error is what was measured less what is true of the rendered panel.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from tests.trainer.calibrate.photographs import Camera, Panel, mean_shown, photograph, shown
from trainer.calibrate.measure import combine, read
from trainer.calibrate.photograph import PhotographError, find_chart

SIZES = (((648, 480), (1600, 1200)), ((800, 480), (2000, 1500)), ((648, 480), (1440, 1080)))
LARGE = (((1448, 1072), (4000, 3000)), ((1448, 1072), (3264, 2448)))


def drawn(random: np.random.Generator, sizes: tuple, seed: int) -> tuple[Panel, Camera]:
    """A panel and a camera."""
    size, camera = sizes[random.integers(len(sizes))]
    panel = Panel(
        size, random.uniform(0, 0.12), random.uniform(0, 0.05), float(random.choice([0, 0, 0.125])),
        random.uniform(7, 18),
    )  # fmt: skip
    turn = random.uniform(0, 360) if random.random() < 0.3 else random.uniform(-8, 8)
    upright = abs(np.sin(np.radians(turn))) < 0.3
    return panel, Camera(
        size=camera,
        fill=random.uniform(0.6, 0.85) * (1 if upright else 0.72),
        turn=turn,
        tilt=random.uniform(-12, 12),
        pan=random.uniform(-12, 12),
        light=random.uniform(0, 0.4),
        light_from=random.uniform(0, 360),
        vignette=random.uniform(0, 0.2),
        blur=random.uniform(0.5, 1.6),
        curve=random.uniform(0, 1),
        exposure=random.uniform(0.5, 0.95),
        noise=random.uniform(0.003, 0.02),
        distortion=random.uniform(-0.02, 0.02),
        quality=int(random.integers(80, 97)),
        seed=seed,
    )


def measure(count: int, sizes: tuple, seed: int) -> None:
    """Print how far off the measurements are."""
    random = np.random.default_rng(seed)
    ghosts, tones, gains, spreads, refused = [], [], [], [], 0
    for number in range(count):
        panel, camera = drawn(random, sizes, number)
        shown.cache_clear()
        try:
            found = find_chart(cv2.cvtColor(photograph(panel, camera), cv2.COLOR_BGR2GRAY), f"photo {number}")
            measured = combine([read(found)])
        except PhotographError as error:
            refused += 1
            print(error, camera)
            continue
        greys = [patch for patch in found.chart.patches if patch.what == "grey"]
        measured_tones = np.interp([patch.share for patch in greys], *np.array(measured.tones).T)
        true = [mean_shown(panel, patch.box) for patch in greys]
        tones.append(float(np.abs(measured_tones - true).max()))
        for estimate, real in ((measured.ghost, panel.ghost), (measured.ghost_white, panel.ghost_white)):
            ghosts.append(abs(estimate.value - real))
            spreads.append(abs(estimate.value - real) / estimate.spread)
        gains.append(abs(measured.dot_gain.value - panel.dot_gain))
    print(f"{count} photographs, {refused} refused; errors: median, 95 of 100, largest")
    for name, errors in (("ghosts", ghosts), ("tones", tones), ("dot gain, pixels", gains)):
        print(f"{name:17} {np.median(errors):.4f} {np.quantile(errors, 0.95):.4f} {max(errors):.4f}")
    print(f"ghosts within two standard deviations: {100 * np.mean(np.array(spreads) < 2):.0f} %")


def pictures(folder: Path) -> None:
    """The chart, a photograph of it, and the report."""
    from PIL import Image

    from driver.chart import chart
    from trainer.__main__ import main

    panel = Panel((1448, 1072), 0.083, 0.0, 0.0, 12)
    Image.fromarray(chart(*panel.size).final * np.uint8(255)).convert("1").save(
        folder / "chart.png", optimize=True
    )
    photo, profile = folder / "calibration-photograph.jpg", folder / "calibration.toml"
    picture = photograph(panel, Camera(size=(3264, 2448), fill=0.72, light=0.35, seed=1))
    cv2.imwrite(str(photo), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
    code = main(["calibrate", str(photo), "--out", str(profile), "--panel", "waveshare-6-hd"])
    profile.unlink()
    small = cv2.resize(picture, (816, 612), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(photo), small, [cv2.IMWRITE_JPEG_QUALITY, 85])
    report = folder / "calibration.png"
    with Image.open(report) as image:
        few = image.convert("RGB").quantize(256, kmeans=2)
    few.save(report, optimize=True)
    assert code == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photographs", type=int, default=200)
    parser.add_argument("--large", action="store_true", help="of 1448x1072 by 8 and 12 megapixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    words = parser.parse_args()
    if words.pictures:
        pictures(words.pictures)
    if words.photographs:
        measure(words.photographs, LARGE if words.large else SIZES, words.seed)
