"""The PNG files, read by Pillow; each is encoded once."""

import io

import numpy as np
import pytest
from PIL import Image

from player.pictures.png import few_greys, grey, one_bit
from player.playback.status import Status, StatusBoard
from player.web.images import BLACK, UNMEASURED, WHITE, Pictures, believed_glass


def read(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (24, 44), (5, 64)])
def test_the_dither_is_a_one_bit_png(shape):
    dither = (np.random.default_rng(1).random(shape) < 0.5).astype(np.uint8)
    image = read(one_bit(np.packbits(dither, axis=1), shape[1]))
    assert image.mode == "1"
    np.testing.assert_array_equal(np.asarray(image), dither == 1)


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (24, 44), (5, 66)])
def test_the_glass_keeps_its_greys(shape):
    greys = np.array([BLACK, UNMEASURED[0], WHITE], np.uint8)
    glass = greys[np.random.default_rng(2).integers(0, 3, shape)]
    png = few_greys(glass, greys)
    np.testing.assert_array_equal(np.asarray(read(png).convert("L")), glass)
    assert png[24:26] == bytes([2, 3]), "2 bits, palette"
    image = read(grey(glass))
    assert image.mode == "L"
    np.testing.assert_array_equal(np.asarray(image), glass)


def test_pictures_are_made_once_for_each_view():
    board = StatusBoard()
    pictures = Pictures(board)
    assert pictures.panel() is None
    assert pictures.glass() is None
    dither, redrawn = np.eye(8, 16, dtype=np.uint8), np.ones((8, 16), np.uint8)
    board.publish(Status(), dither)
    assert pictures.glass() is None
    board.publish(Status(), dither, redrawn)
    panel, glass = pictures.panel(), pictures.glass()
    np.testing.assert_array_equal(np.asarray(read(glass.png).convert("L")), believed_glass(dither, redrawn))
    board.publish(Status(frame=2))
    assert pictures.panel() is panel
    assert pictures.glass() is glass
    board.publish(Status(), dither, dither)
    assert pictures.panel().tag == panel.tag, "named by its content"
    assert pictures.glass().tag != glass.tag
    board.publish(Status(), redrawn)
    assert pictures.panel().tag != panel.tag
