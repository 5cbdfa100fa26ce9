"""Dithers as bits and as zlib payloads; pure, no I/O.

A dither is uint8[H, W], 0 black and 1 white. Packed it is uint8[H, ceil(W/8)]: each row starts on a byte,
the leftmost pixel is the most significant bit, and the bits after the last pixel of a row are 0
(`numpy.packbits`). A payload is the zlib stream (RFC 1950) of a packed dither, or of the XOR of two.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]

_ONES = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint8)


def pack(dither: NDArray[np.uint8]) -> Bits:
    """uint8[H, W] of 0 and 1 -> uint8[H, ceil(W/8)]. ValueError when it is not a dither."""
    if dither.dtype != np.uint8 or dither.ndim != 2:
        raise ValueError(f"a dither is uint8[H, W], not {dither.dtype}{list(dither.shape)}")
    if dither.size and dither.max() > 1:
        raise ValueError("a dither holds 0 (black) and 1 (white) only")
    return np.packbits(dither, axis=1)


def unpack(packed: Bits, width: int) -> NDArray[np.uint8]:
    """uint8[H, ceil(width/8)] -> uint8[H, width] of 0 and 1."""
    return np.unpackbits(packed, axis=1, count=width)


def ones(packed: Bits) -> int:
    """Number of set bits. By a table of bytes, because numpy counts bits only from 2.0 on."""
    return int(_ONES[packed].sum(dtype=np.uint32))


def compared(picture: Bits, before: Bits | None) -> tuple[Bits | None, int, int]:
    """The XOR with the packed dither before (None: there is none), the flips, and how many of them darken."""
    if before is None:
        return None, 0, 0
    changed = picture ^ before
    return changed, ones(changed), ones(changed & before)


def packed_shape(width: int, height: int) -> tuple[int, int]:
    """Shape of a packed dither: (height, bytes per row)."""
    return height, (width + 7) // 8


def deflate(packed: Bits) -> bytes:
    """Payload of a picture or of flips.

    Run-length matching with Huffman codes. Flips are scattered single bits between runs of zero bytes, so
    zlib's search for longer matches finds nothing; it costs time and makes the codes worse.
    `benchmarks/reel_bytes.py` prints the size against the entropy of the flips.
    """
    stream = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
    return stream.compress(packed.tobytes()) + stream.flush()


def deflate_picture(packed: Bits) -> bytes:
    """The smaller of two payloads of a whole dither. Only matching can use the repeating tile of a mask."""
    stream = zlib.compressobj(4, zlib.DEFLATED, zlib.MAX_WBITS, 9)
    matched = stream.compress(packed.tobytes()) + stream.flush()
    return min(deflate(packed), matched, key=len)


def inflate(payload: bytes, shape: tuple[int, int]) -> Bits:
    """Packed picture of `shape` from its payload. ValueError unless it holds exactly that many bytes.

    The output is bounded beforehand: a payload that would grow to gigabytes costs no more than one picture.
    """
    size = shape[0] * shape[1]
    stream = zlib.decompressobj()
    try:
        raw = stream.decompress(payload, size + 1)
    except zlib.error as error:
        raise ValueError(f"the payload does not decompress: {error}") from None
    if len(raw) != size or not stream.eof or stream.unused_data:
        raise ValueError(f"the payload does not hold {size} bytes")
    return np.frombuffer(raw, dtype=np.uint8).reshape(shape)


def crc(data: bytes | Bits) -> int:
    """CRC-32 (ISO 3309, as in zlib) of bytes or of a packed dither."""
    return zlib.crc32(data)
