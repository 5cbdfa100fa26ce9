"""The glass: which waveform moves which pixels and how far, against pictures made pixel by pixel."""

import numpy as np
import pytest
from PIL import Image

from driver.simulator.glass import (
    A2_DIRT,
    A2_GHOST,
    BLACK,
    DU_GHOST,
    MIDDLE,
    PATCH_LIMIT,
    PATCH_STEP,
    WHITE,
    Glass,
)

HEIGHT, WIDTH = 40, 60


def dithers(count, seed=1):
    rng = np.random.default_rng(seed)
    return [(rng.random((HEIGHT, WIDTH)) < 0.5).astype(np.uint8) for _ in range(count)]


def levels(dither):
    return (dither * 15).astype(np.uint8)


@pytest.fixture
def glass():
    return Glass(WIDTH, HEIGHT)


def test_black_and_white_are_thresholded_in_the_middle():
    assert BLACK + WHITE == 2 * MIDDLE
    assert BLACK + max(DU_GHOST, A2_GHOST, PATCH_LIMIT) < MIDDLE < WHITE - max(A2_DIRT, PATCH_LIMIT)


def test_it_is_white_at_first_and_gives_copies(glass):
    seen = glass.reflectance
    assert seen.dtype == np.uint8
    assert seen.shape == (HEIGHT, WIDTH)
    assert (seen == WHITE).all()
    seen[:] = 0
    assert (glass.reflectance == WHITE).all()


def test_gc16_draws_16_levels_at_equal_steps(glass):
    ramp = np.tile(np.arange(16, dtype=np.uint8), (HEIGHT, 1))
    glass.update(8, 0, ramp, "GC16")
    seen = glass.reflectance
    expected = [round(BLACK + (WHITE - BLACK) * level / 15) for level in range(16)]
    assert (seen[:, 8:24] == expected).all()
    assert (seen[:, :8] == WHITE).all()
    assert (seen[:, 24:] == WHITE).all()


def test_du_leaves_a_ghost_where_it_darkens_and_none_where_it_whitens(glass):
    first, second, third = dithers(3)
    glass.update(0, 0, levels(first), "GC16")
    expected = np.where(first, WHITE, BLACK)
    shown = first
    for dither in (second, third):
        glass.update(0, 0, levels(dither), "DU")
        for y in range(HEIGHT):
            for x in range(WIDTH):
                if dither[y, x] != shown[y, x]:
                    expected[y, x] = WHITE if dither[y, x] else BLACK + DU_GHOST
        np.testing.assert_array_equal(glass.reflectance, expected)
        shown = dither
    assert set(np.unique(expected)) == {BLACK, BLACK + DU_GHOST, WHITE}


@pytest.mark.parametrize("redraw", ["GC16", "GLD16"])
def test_a_redraw_removes_every_ghost(glass, redraw):
    first, second = dithers(2)
    for dither, waveform in ((first, "DU"), (second, "A2"), (second, "DU")):
        glass.update(0, 0, levels(dither), waveform)
    glass.update(0, 0, levels(second), redraw)
    np.testing.assert_array_equal(glass.reflectance, np.where(second, WHITE, BLACK))


def test_gl16_leaves_white_that_stays_white(glass):
    first, second = dithers(2)
    glass.update(0, 0, levels(first), "A2")
    glass.update(0, 0, levels(1 - first), "A2")
    dirty = glass.reflectance
    glass.update(0, 0, levels(second), "GL16")
    expected = np.where(second, WHITE, BLACK)
    kept = (second == 1) & (first == 0)
    np.testing.assert_array_equal(glass.reflectance, np.where(kept, dirty, expected))
    assert (dirty[kept] == WHITE - A2_DIRT).all()


def test_du_goes_from_any_level_to_the_nearer_of_two(glass):
    ramp = np.tile(np.arange(16, dtype=np.uint8), (HEIGHT, 1))
    glass.update(0, 0, ramp[:, ::-1], "GC16")
    glass.update(0, 0, ramp, "DU")
    seen = glass.reflectance[0, :16]
    assert (seen[:8] == [BLACK + DU_GHOST] * 8).all()
    assert (seen[8:] == WHITE).all()


def test_a2_is_dirtier_and_leaves_grey_alone(glass):
    first, second = dithers(2)
    grey = levels(first)
    grey[:, :10] = 7
    glass.update(0, 0, grey, "GC16")
    before = glass.reflectance
    glass.update(0, 0, levels(second), "A2")
    changed = first != second
    changed[:, :10] = False
    expected = np.where(second, WHITE - A2_DIRT, BLACK + A2_GHOST)
    np.testing.assert_array_equal(glass.reflectance, np.where(changed, expected, before))
    assert A2_GHOST > DU_GHOST
    again = glass.reflectance
    glass.update(0, 0, levels(second), "A2")
    np.testing.assert_array_equal(glass.reflectance, again)
    glass.update(0, 0, levels(second), "DU")
    assert (glass.reflectance[:, :10] == np.where(second, WHITE, BLACK + DU_GHOST)[:, :10]).all()


def test_du4_has_four_levels(glass):
    ramp = np.tile(np.arange(16, dtype=np.uint8), (HEIGHT, 1))
    glass.update(0, 0, ramp, "DU4")
    seen = glass.reflectance[0, :16].astype(int)
    four = [round(BLACK + (WHITE - BLACK) * level / 15) for level in (0, 5, 10, 15)]
    ghost = [DU_GHOST] * 13 + [0] * 3
    assert (seen - ghost).tolist() == [four[0]] * 3 + [four[1]] * 5 + [four[2]] * 5 + [four[3]] * 3


def test_init_erases_whatever_the_levels(glass):
    glass.update(0, 0, levels(dithers(1)[0]), "GC16")
    glass.update(0, 0, np.zeros((HEIGHT, WIDTH), np.uint8), "INIT")
    assert (glass.reflectance == WHITE).all()


def test_init_without_white_leaves_the_controller_wrong_about_the_glass(glass):
    black = np.zeros((HEIGHT, WIDTH), np.uint8)
    glass.update(0, 0, black, "INIT")
    glass.update(0, 0, black, "A2")
    assert (glass.reflectance == WHITE).all()  # it believes that the glass is black already
    glass.update(0, 0, black, "GC16")
    assert (glass.reflectance == BLACK).all()


def test_du_over_an_unchanged_dither_makes_patches_that_grow_to_a_limit(glass):
    (dither,) = dithers(1)
    glass.update(0, 0, levels(dither), "GC16")
    clean = glass.reflectance.astype(int)
    glass.update(0, 0, levels(dither), "DU")
    once = glass.reflectance.astype(int) - clean
    assert 2 <= np.abs(once).max() <= PATCH_STEP
    for _ in range(40):
        glass.update(0, 0, levels(dither), "DU")
    often = glass.reflectance.astype(int) - clean
    assert np.abs(often).max() == PATCH_LIMIT
    assert (often[dither == 1] <= 0).all()
    assert (often[dither == 0] >= 0).all()
    np.testing.assert_array_equal(glass.reflectance >= MIDDLE, dither == 1)
    glass.update(0, 0, levels(dither), "GC16")
    np.testing.assert_array_equal(glass.reflectance, clean)


def test_patches_are_blotches_and_not_grain(glass):
    flat = np.ones((HEIGHT, WIDTH), np.uint8)
    for _ in range(6):
        glass.update(0, 0, levels(flat), "DU")
    seen = glass.reflectance.astype(int)
    assert seen.std() > 1
    assert np.abs(np.diff(seen, axis=1)).mean() < seen.std() / 3


def test_du_with_a_single_change_makes_no_patches(glass):
    (dither,) = dithers(1)
    glass.update(0, 0, levels(dither), "GC16")
    before = glass.reflectance
    dither[5, 7] ^= 1
    glass.update(0, 0, levels(dither), "DU")
    assert (glass.reflectance != before).sum() == 1


def test_an_update_touches_its_area_only(glass):
    for waveform in ("INIT", "GC16", "GL16", "DU", "A2", "DU4", "DU"):
        before = glass.reflectance
        glass.update(10, 20, np.zeros((5, 30), np.uint8), waveform)
        outside = np.ones((HEIGHT, WIDTH), bool)
        outside[20:25, 10:40] = False
        np.testing.assert_array_equal(glass.reflectance[outside], before[outside])


def test_after_forgetting_it_is_taken_for_white(glass):
    black = np.zeros((HEIGHT, WIDTH), np.uint8)
    glass.update(0, 0, black, "GC16")
    glass.forget()
    assert (glass.reflectance == BLACK).all()
    white = levels(np.ones((HEIGHT, WIDTH), np.uint8))
    glass.update(0, 0, white, "A2")
    assert (glass.reflectance == BLACK).all()
    glass.update(0, 0, white, "GC16")
    assert (glass.reflectance == WHITE).all()


def test_png(glass, tmp_path):
    glass.update(0, 0, levels(dithers(1)[0]), "DU")
    path = tmp_path / "glass.png"
    path.write_bytes(b"an older picture")
    glass.save_png(path)
    with Image.open(path) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), glass.reflectance)
    assert [entry.name for entry in tmp_path.iterdir()] == ["glass.png"]


def test_png_to_nowhere_is_an_oserror(glass, tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        glass.save_png(tmp_path / "nowhere" / "glass.png")


def test_a_glass_of_the_wrong_kind():
    for wrong in (np.zeros((WIDTH, HEIGHT), np.uint8), np.zeros((HEIGHT, WIDTH))):
        with pytest.raises(ValueError, match="glass"):
            Glass(WIDTH, HEIGHT, wrong)
