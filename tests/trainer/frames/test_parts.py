"""Where parts begin, and that whoever looks at a piece of the film finds the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.films.parts import (
    PART_FRAMES,
    Parts,
    cell_of,
)

FRAMES = 5 * PART_FRAMES


@st.composite
def films(draw):
    """The frames that are shown, by their index in the selection, and those of them that follow a cut."""
    left_out = draw(st.sets(st.integers(0, FRAMES // 64 - 1)))
    shown = [index for index in range(FRAMES) if index // 64 not in left_out]
    edges = st.integers(0, 4).flatmap(
        lambda cell: st.integers(-2, 2).map(lambda off: max(0, cell * PART_FRAMES + off))
    )
    cuts = draw(st.sets(st.integers(0, FRAMES - 1) | edges, max_size=12))
    return shown, cuts


def begins(shown, cuts, first=0):
    """Where parts begin, by number, as one finds who looks at the film from cell `first` on."""
    parts = Parts(whole=first == 0)
    found = {}
    for index in shown:
        if cell_of(index) >= first:
            number = parts.begins(index, index in cuts)
            if number is not None:
                assert number not in found
                found[number] = index
    return found


@settings(max_examples=60, derandomize=True, deadline=None)
@given(films())
def test_parts_are_the_same_from_whatever_cell_one_looks(film):
    shown, cuts = film
    whole = begins(shown, cuts)
    for first in range(1, 5):
        assert begins(shown, cuts, first) == {n: at for n, at in whole.items() if n >= first}


@settings(max_examples=60, derandomize=True, deadline=None)
@given(films())
def test_a_part_begins_with_the_first_frame_and_with_the_first_cut_inside_a_cell(film):
    shown, cuts = film
    expected = {0: shown[0]} if shown else {}
    for cell in range(1, 5):
        inside = [index for index in shown if cell_of(index) == cell][1:]
        if chosen := [index for index in inside if index in cuts]:
            expected[cell] = chosen[0]
    assert begins(shown, cuts) == expected


def test_a_film_without_a_cut_is_one_part():
    assert begins(range(FRAMES), set()) == {0: 0}
