"""c * plane by a Fourier transform: equal to the sum it stands for, at any size, on any number of cores."""

import cv2
import numpy as np
import pytest

from trainer import cores
from trainer.dithers.eye import two_eye_kernel
from trainer.dithers.search.convolution import convolved

SHAPES = [(1, 1), (1, 40), (40, 1), (5, 7), (31, 64), (61, 30), (100, 33)]


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_convolution_with_a_plane_that_is_0_outside(shape):
    plane = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    kernel = two_eye_kernel().astype(np.float32)
    expected = cv2.filter2D(plane.astype(np.float64), -1, kernel, borderType=cv2.BORDER_CONSTANT)
    result = convolved(plane, kernel)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=5e-5)


def test_it_is_the_same_on_any_number_of_cores(monkeypatch):
    plane = np.random.default_rng(2).normal(size=(515, 521)).astype(np.float32)
    kernel = two_eye_kernel().astype(np.float32)
    results = []
    for number in (1, 2, 3, 8):
        monkeypatch.setattr(cores, "usable", lambda number=number: number)
        results.append(convolved(plane, kernel))
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_kernels_of_one_size_are_told_apart():
    plane = np.zeros((9, 9), np.float32)
    plane[4, 4] = 1
    one, two = (np.diag([a, 1, a]).astype(np.float32) for a in (0.25, 0.5))
    for kernel in (one, two, one):
        np.testing.assert_allclose(convolved(plane, kernel)[3:6, 3:6], kernel, atol=1e-6)
