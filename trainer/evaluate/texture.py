"""The texture of a dither on flat greys, by its power spectrum.

On a flat grey g the eye should find no grain that is coarser than the spacing of the dots. Their mean spacing
corresponds to the principal frequency, sqrt(min(g, 1 - g)) cycles per pixel; power well below it shows as
blotches.

    P(u, v)     |DFT|^2 of the dither less its mean, averaged over segments and divided by the dither's
                variance: on this scale white noise is 1 everywhere
    P(rho)      the mean of P(u, v) over a ring of radius rho: the radially averaged power spectrum
    anisotropy  the variance of P(u, v) over a ring divided by P(rho)^2, in dB; averaging K segments leaves
                white noise at -10 log10 K, here -12 dB, and lines or lattices stand above it
    leak        the mean of P(u, v) below half the principal frequency: 1 for white noise, near 0 for blue
Source: R. Ulichney, "Digital Halftoning", MIT Press, 1987. His segments have hard edges, which look like low
frequencies; here a Hann window weights them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.dithers.ditherer import Ditherer

GREYS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""The greys that are measured."""
SIDE, SEGMENT = 256, 64
"""The side of the flat grey in pixels, and of each of the 16 segments it is cut into."""


@dataclass(frozen=True)
class Texture:
    """What a ditherer made of one flat grey. None: cannot be measured, as in a dither without a dot.

    `white` is the share of white pixels, which should equal the grey. `leak` and `anisotropy` (dB, rings
    weighted by their power) sum up the spectrum. `frequency` (cycles per pixel, up to the corner of the
    frequency plane), `power` (1 = white noise) and `ring_anisotropy` (dB) give it ring by ring.
    """

    grey: float
    white: float
    principal: float
    leak: float | None
    anisotropy: float | None
    frequency: list[float]
    power: list[float]
    ring_anisotropy: list[float | None]


def texture(ditherer: Ditherer, grey: float) -> Texture:
    """Dither a flat grey of SIDE x SIDE pixels, as a stretch of one frame, and measure the dither."""
    return texture_of(next(iter(ditherer([np.full((SIDE, SIDE), grey, np.float32)]))), grey)


def texture_of(dither: NDArray[np.uint8], grey: float, segment: int = SEGMENT) -> Texture:
    """Measure a dither of the flat `grey`, uint8[H, W], in segments of `segment` x `segment` pixels.

    Raises ValueError for a dither smaller than a segment.
    """
    white, principal = float(dither.mean()), float(np.sqrt(min(grey, 1 - grey)))
    if not dither.var():
        return Texture(grey, white, principal, None, None, [], [], [])
    spectrum = power_spectrum(dither, segment)
    axis = np.fft.fftfreq(segment)
    radius = np.hypot(axis[:, None], axis[None, :])
    leak = float(spectrum[(radius > 0) & (radius < principal / 2)].mean())

    ring = np.rint(radius * segment).astype(int)
    rings = [spectrum[ring == number] for number in range(1, ring.max() + 1)]
    power = np.array([samples.mean() for samples in rings])
    # The scatter of a power that is only rounding means nothing.
    held = power > 1e-9
    variance = np.array([samples.var(ddof=1) for samples in rings])
    scatter = np.divide(variance, power**2, out=np.zeros_like(power), where=held)
    weights = power * [samples.size for samples in rings]
    return Texture(
        grey,
        white,
        principal,
        leak,
        _decibels(np.average(scatter, weights=weights)),
        [number / segment for number in range(1, ring.max() + 1)],
        power.tolist(),
        [_decibels(value) for value in scatter],
    )


def power_spectrum(dither: NDArray[np.uint8], segment: int) -> NDArray[np.float64]:
    """P(u, v) of a dither that is not all of one colour, float64[segment, segment] in `numpy.fft`'s order.

    Raises ValueError for a dither smaller than a segment.
    """
    rows, columns = dither.shape[0] // segment, dither.shape[1] // segment
    if not rows or not columns:
        raise ValueError(f"the dither is smaller than a segment of {segment} x {segment} pixels")
    hann = np.sin(np.pi * np.arange(segment) / segment) ** 2
    window = np.outer(hann, hann)
    cut = (dither - dither.mean())[: rows * segment, : columns * segment]
    segments = cut.reshape(rows, segment, columns, segment).swapaxes(1, 2)
    periodograms = np.abs(np.fft.fft2(segments * window)) ** 2 / (window**2).sum()
    return periodograms.mean(axis=(0, 1)) / dither.var()


def _decibels(ratio: float) -> float | None:
    return 10 * float(np.log10(ratio)) if ratio > 0 else None
