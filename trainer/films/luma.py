"""The luma of a decoded frame: 8 bit, full range, upright. Pure.

A film's own luma plane is taken as it is and only spread to the full range of 8 bits, whatever its depth; a
film in RGB becomes Rec. 601 luma.

High dynamic range (PQ and HLG of ITU-R BT.2100) is mapped to ordinary luma by a curve that depends on nothing
but the tag and the depth, as if every pixel were grey:
  1. EOTF: the code becomes light in cd/m2. PQ reaches 10,000; HLG is shown at its nominal peak of 1,000 with
     the system gamma 1.2.
  2. Tone curve: the Hermite spline of BT.2390, which leaves shadows and mid-tones as they are and bends the
     rest, up to the peak, below the reference white of 203 cd/m2 (BT.2408). It rises everywhere: no highlight
     is clipped.
  3. Light as a share of 203 cd/m2 becomes luma by the sRGB curve, the one that `tones.py` undoes.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple, cast

import av
import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SDR, PQ, HLG = "SDR", "PQ", "HLG"
CURVES = {
    PQ: "PQ to SDR by BT.2390 from 10000 to 203 cd/m2",
    HLG: "HLG to SDR by BT.2390 from 1000 to 203 cd/m2",
}
"""What a reel says of the curve. Change it with the numbers: then no export goes on with others."""

_TRANSFERS = {16: PQ, 18: HLG}  # AVColorTransferCharacteristic
_FULL_RANGE = 2  # AVColorRange
_WHITE = 203.0
_PEAKS = {PQ: 10_000.0, HLG: 1000.0}


class Orientation(NamedTuple):
    """How stored pixels become upright: swap rows and columns, then mirror left-right, then up-down."""

    is_swapped: bool = False
    is_mirrored: bool = False
    is_flipped: bool = False

    def __str__(self) -> str:
        return _NAMES[self]

    def upright(self, image: Image) -> Image:
        """The image as it is to be shown."""
        image = image.T if self.is_swapped else image
        return np.ascontiguousarray(image[:: -1 if self.is_flipped else 1, :: -1 if self.is_mirrored else 1])


_NAMES = {
    Orientation(): "as stored",
    Orientation(False, True, False): "mirrored left to right",
    Orientation(False, False, True): "mirrored upside down",
    Orientation(False, True, True): "turned by 180 degrees",
    Orientation(True, False, False): "mirrored and turned by 90 degrees to the left",
    Orientation(True, True, False): "turned by 90 degrees to the right",
    Orientation(True, False, True): "turned by 90 degrees to the left",
    Orientation(True, True, True): "mirrored and turned by 90 degrees to the right",
}


def orientation(frame: av.VideoFrame) -> Orientation:
    """By the frame's display matrix (a b u, c d v, x y w): a point (x, y) goes to (a x + c y, b x + d y).

    An angle between right ones counts as the nearest of these.
    """
    if not (side_data := frame.side_data):
        return Orientation()
    for data in cast("Iterable[SideData]", side_data):  # PyAV's annotation says it is a dict
        if data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = np.frombuffer(data, "=i4", 5).tolist()
            if abs(a) + abs(d) >= abs(b) + abs(c):
                return Orientation(False, a < 0, d < 0)
            return Orientation(True, c < 0, b < 0)
    return Orientation()


def transfer(tag: int) -> str:
    """`PQ` or `HLG` where a film is tagged so (color_trc), else `SDR`."""
    return _TRANSFERS.get(tag, SDR)


def luma(frame: av.VideoFrame, kind: str) -> Image:
    """The luma of a frame, uint8[h, w], full range, as stored (see `orientation`). kind: see `transfer`."""
    name = frame.format.name
    plane = frame.planes[0]
    is_grey = name.startswith("gray")
    has_luma = name.startswith(("yuv", "nv", "gray", "p0", "p2", "p4")) and (
        frame.format.is_planar or is_grey
    )
    if not has_luma or plane.line_size < 0 or name.endswith(("f32le", "f32be", "f16le", "f16be")):
        return _from_rgb(frame, kind)
    bits = frame.format.components[0].bits
    sample: np.dtype[Any] = np.dtype(np.uint8 if bits <= 8 else ">u2" if name.endswith("be") else "<u2")
    rows = np.frombuffer(plane, sample).reshape(-1, plane.line_size // sample.itemsize)
    codes = rows[: frame.height, : frame.width]
    is_full = frame.color_range == _FULL_RANGE or name.startswith("yuvj") or is_grey
    to_luma = _table(bits, bool(is_full), kind)
    if bits <= 8:
        return np.asarray(cv2.LUT(codes, to_luma), np.uint8)
    if name.startswith("p") or "msb" in name:  # the code lies in the upper bits
        codes = codes >> (16 - bits)
    return to_luma[np.minimum(codes, 2**bits - 1)]


def _from_rgb(frame: av.VideoFrame, kind: str) -> Image:
    # Always a conversion, because it also turns an image that is stored from the bottom up.
    order, code = (
        ("bgr24", cv2.COLOR_BGR2GRAY) if frame.format.name == "rgb24" else ("rgb24", cv2.COLOR_RGB2GRAY)
    )
    grey = np.asarray(cv2.cvtColor(frame.reformat(format=order).to_ndarray(), code), np.uint8)
    return grey if kind == SDR else np.asarray(cv2.LUT(grey, _table(8, True, kind)), np.uint8)


@lru_cache
def _table(bits: int, is_full: bool, kind: str) -> Image:
    """The luma of every code, uint8[2 ** bits]."""
    scale = 2 ** (bits - 8)
    black, white = (0, 2**bits - 1) if is_full else (16 * scale, 235 * scale)
    signal = np.clip((np.arange(2**bits) - black) / (white - black), 0, 1)
    if kind != SDR:
        light = _compress(_pq_light(signal) if kind == PQ else _hlg_light(signal), _PEAKS[kind]) / _WHITE
        light = np.clip(light, 0, 1)
        signal = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * signal).astype(np.uint8)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """cd/m2 of a PQ signal in [0, 1]."""
    power = signal ** (1 / _M2)
    return 10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def _pq_signal(light: NDArray[np.float64] | float) -> NDArray[np.float64]:
    power = (np.asarray(light, np.float64) / 10_000) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def _hlg_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """cd/m2 of an HLG signal in [0, 1] on a display of 1,000 cd/m2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return 1000 * np.clip(scene, 0, 1) ** 1.2


def _compress(light: NDArray[np.float64], peak: float) -> NDArray[np.float64]:
    """Light up to `peak`, bent to at most the reference white (BT.2390, EETF without a lift of blacks)."""
    top = _pq_signal(peak)
    signal, highest = _pq_signal(light) / top, _pq_signal(_WHITE) / top
    knee = 1.5 * highest - 0.5
    t = np.maximum(signal - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * highest
    )
    return _pq_light(np.where(signal < knee, signal, spline) * top)
