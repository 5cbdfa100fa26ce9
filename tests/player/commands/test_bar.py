"""The progress bar."""

import io

from player.commands.reels import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_how_far_it_is_and_how_long_it_takes():
    now, out = [0.0], Terminal()
    bar = Bar(200, out, lambda: now[0])
    bar.step(0)
    assert out.getvalue() == "", "not more than ten times a second"
    now[0] = 30.0
    bar.step(50)
    assert out.getvalue() == "\r[#######                       ] 50 of 200, 1 minute 30 seconds left\033[K"
    bar.step(51)
    bar.step(200)
    bar.clear()
    drawn = out.getvalue().split("\r")[2:]
    assert drawn == ["[" + "#" * 30 + "] 200 of 200, 0 seconds left\033[K", "\033[K"]


def test_a_file_or_nothing_to_do_sees_nothing():
    for out, total in ((io.StringIO(), 5), (Terminal(), 0)):
        bar = Bar(total, out, lambda: 100.0)
        bar.step(0)
        bar.step(5)
        bar.clear()
        assert out.getvalue() == ""
