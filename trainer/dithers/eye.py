"""The eye: how a person at a distance blurs the dots of a dither, and what is left of the error.

Nasanen's contrast sensitivity V(rho) = a L^b exp(-rho / (c ln L + d)), rho in cycles per degree, L in
candela per square metre, is taken as a low-pass filter. Its inverse Fourier transform in two dimensions is
the point spread h(r) ~ (k^2 + 4 pi^2 r^2)^(-3/2), r in pixels, k = pi S / (180 (c ln L + d)). The viewing
distance enters as S, the distance in pixels: pixels per inch times inches to the eye, so that a degree spans
pi S / 180 pixels. (Two mistakes to know: dropping pi / 180, and taking S for pixels per degree.)

This module measures one frame f, its dither b and their error e = b - f:
    energy      sum e (c * e), c the autocorrelation of h: what the search minimises
    HVS-PSNR    -10 log10 mean (h * e)^2 in dB: what is reported; for two eyes, since a search for one eye
                always wins with that eye
`evaluate/metrics.py` measures a whole film, `evaluate/texture.py` the texture of flat greys.

Arrays: frame float32[H, W] in [0, 1], gamma-encoded tone; dither uint8[H, W], 1 = white; kernels float64,
square, of odd side, centred. Sources: R. Nasanen, "Visibility of halftone dot textures", IEEE Trans. Systems,
Man, and Cybernetics 14(6), 1984; M. Analoui and J. P. Allebach, "Model-based halftoning using direct binary
search", Proc. SPIE 1666, 1992, for the energy of the filtered error.
"""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.dithers.ditherer import Dither, Frame

Kernel = NDArray[np.float64]

EYES = (2000, 6000)
"""The viewing distances S that are scored: on a 300 ppi panel a close look at 17 cm, and half a metre."""
PSNR_LIMIT = 100.0
"""The highest HVS-PSNR in dB, so that one black frame dithered black does not make a mean infinite."""

# Nasanen's constants c and d, and the luminance of a page in a lit room. (a and b only scale the filter.)
_C, _D, _LUMINANCE = 0.525, 3.91, 11.0


def psf(distance: float, radius: int | None = None) -> Kernel:
    """Nasanen's point spread for an eye `distance` pixels away (S), float64[2r+1, 2r+1], summing to 1.

    The window is part of the definition, since the filter has long tails: what falls outside is cut off and
    the rest scaled to sum 1. The default radius, S / 400 rounded up, gives 31x31 at S = 6000 and 11x11 at
    S = 2000. It leaves out the same share at every distance, between a sixth and a fifth, so that a picture
    seen from twice as far equals the picture at half the scale. With a wider window all values are higher.
    """
    r = math.ceil(distance / 400) if radius is None else radius
    k = math.pi * distance / (180 * (_C * math.log(_LUMINANCE) + _D))
    y = np.arange(-r, r + 1, dtype=np.float64)
    h = (k * k + 4 * np.pi**2 * (y[:, None] ** 2 + y[None, :] ** 2)) ** -1.5
    return h / h.sum()


def autocorrelation(psf: Kernel) -> Kernel:
    """c = h correlated with h, float64[4r+1, 4r+1] from h float64[2r+1, 2r+1].

    With it the energy of a filtered error takes one convolution: sum (h * e)^2 = sum e (c * e), where the
    first sum is over the whole plane.
    """
    return _convolved(np.pad(psf, psf.shape[0] // 2), psf)


def two_eye_kernel(eyes: tuple[float, float] = EYES) -> Kernel:
    """The kernel of the project's energy, float64[61, 61]: .7 c_6000 / c_6000(0) + .3 c_2000 / c_2000(0).

    One viewer is far and one near, since a search for one eye alone leaves coarse dots for the other. The
    kernel is 1 at its centre, so that the price of a flip is a share of what a lone wrong pixel costs.
    `eyes`: other distances, the near one first.
    """
    near, far = (autocorrelation(psf(distance)) for distance in eyes)
    near = np.pad(near, (far.shape[0] - near.shape[0]) // 2)
    return 0.7 * far / far.max() + 0.3 * near / near.max()


def energy(frame: Frame, dither: Dither, kernel: Kernel) -> float:
    """sum e (kernel * e), e = dither - frame and 0 outside the frame; the kernel is an autocorrelation."""
    e = np.subtract(dither, frame, dtype=np.float64)
    return float((e * _convolved(e, kernel)).sum())


def hvs_psnr(frame: Frame, dither: Dither, distance: float) -> float:
    """-10 log10 mean (h * e)^2 in dB, e = dither - frame, for an eye `distance` pixels away (S).

    The mean is over the valid region, where the window of h lies wholly inside the frame; at most PSNR_LIMIT.
    ValueError if the frame is smaller than the window.
    """
    h = psf(distance)
    return _psnr(_convolved(np.subtract(dither, frame, dtype=np.float64), h), h.shape[0] // 2)


@dataclass(frozen=True)
class Seen:
    """A frame or a dither, and what each of the `EYES` sees of it.

    blurred[S]: h * picture on the whole plane it reaches, the picture being 0 outside itself; float32[H + 2r,
    W + 2r], r the radius of that eye's window. Blurring is linear, so what an eye sees of an error or of a
    change is the difference of two of these.
    """

    picture: Frame
    blurred: dict[int, Frame]


def see(picture: Frame | Dither) -> Seen:
    """Look at a frame or a dither with each of the `EYES`."""
    blurred = {}
    picture = picture.astype(np.float32, copy=False)
    for distance in EYES:
        h = psf(distance)
        blurred[distance] = _convolved(np.pad(picture, h.shape[0] // 2), h)
    return Seen(picture, blurred)


def psnr_seen(frame: Seen, dither: Seen) -> dict[int, float]:
    """HVS-PSNR in dB for each of the `EYES`: as `hvs_psnr`, but without another convolution."""
    scores = {}
    for distance, blurred in frame.blurred.items():
        # The plane reaches r beyond the frame, and the valid region begins r inside it.
        margin = blurred.shape[0] - frame.picture.shape[0]
        scores[distance] = _psnr(dither.blurred[distance] - blurred, margin)
    return scores


def _convolved(picture: NDArray[Any], kernel: Kernel) -> NDArray[Any]:
    """kernel * picture, of the picture's size and type; the picture is 0 outside, the kernel symmetric."""
    return cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_CONSTANT)


def _psnr(error: NDArray[Any], margin: int) -> float:
    if min(error.shape) <= 2 * margin:
        raise ValueError("the frame is smaller than the window of the eye")
    valid = error[margin:-margin, margin:-margin]
    mean_square = cv2.norm(valid, cv2.NORM_L2SQR) / valid.size
    return min(PSNR_LIMIT, -10 * math.log10(mean_square)) if mean_square else PSNR_LIMIT
