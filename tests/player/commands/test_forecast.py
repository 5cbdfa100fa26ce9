"""The redraw forecast, against the rule counted out in full pictures and against a showing."""

import json
import sqlite3

import numpy as np
import pytest

from player.__main__ import main
from player.commands.reels import forecast
from player.redraw import RedrawRule
from player.reel import Reel


def counted_out(dithers, threshold, cooldown):
    """The numbers of the redrawn frames by DESIGN's words, on whole pictures."""
    redrawn, last = [0], 0
    for number, dither in enumerate(dithers):
        share = np.mean(dither != dithers[last])
        if share > threshold and number - last >= cooldown:
            redrawn.append(number)
            last = number
    return redrawn


@pytest.mark.parametrize(("threshold", "cooldown"), [(0.064, 20), (0.2, 2), (0.3, 0), (0.9, 1)])
def test_it_is_the_rule_counted_out(make_film, make_reel, threshold, cooldown):
    dithers = make_film(90)
    with Reel(make_reel(dithers)) as reel:
        found = forecast(reel, RedrawRule(threshold, cooldown), 200)
    assert found.redraws == counted_out(dithers, threshold, cooldown)
    assert found.counted == 90
    assert found.per_1000 == pytest.approx(1000 * (len(found.redraws) - 1) / 90)


def test_it_is_what_a_showing_does(make_film, make_reel, tmp_path, capsys):
    path = make_reel(make_film(70))
    assert main(["run", str(path), "--simulated", str(tmp_path / "glass")]) == 0
    log = capsys.readouterr().out.splitlines()
    redrawn = [int(line.split()[1]) - 1 for line in log if ": redraw (" in line]
    with Reel(path) as reel:
        assert forecast(reel, RedrawRule(), 0).redraws == redrawn
    assert len(redrawn) > 2


def test_a_slow_film_is_redrawn_once_a_day(make_film, make_reel):
    still = make_film(1) * 50
    with Reel(make_reel(still)) as reel:
        assert forecast(reel, RedrawRule(), interval=3600).redraws == [0, 24, 48]


def test_it_stops_at_the_limit_and_skips_what_is_damaged(make_film, make_reel):
    path = make_reel(make_film(90), cuts=(60,))
    with Reel(path) as reel:
        assert forecast(reel, RedrawRule(), 200, limit=30).counted == 30
    with sqlite3.connect(path) as database:
        database.execute("UPDATE frames SET crc = crc + 1 WHERE number = 40")
    database.close()
    with Reel(path) as reel:
        assert forecast(reel, RedrawRule(), 200).counted == 70


def test_info_says_how_often_and_when(make_film, make_reel, capsys):
    dithers = make_film(90)
    path = make_reel(dithers)
    expected = counted_out(dithers, 0.2, 20)
    words = ["info", str(path), "--threshold", "0.2", "--interval", "120"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["redraw_frames"] == expected
    assert told["redraws_per_day"] == pytest.approx((len(expected) - 1) / 90 * 86400 / 120)
    assert main(words) == 0
    out = capsys.readouterr().out
    assert f"at frames {', '.join(str(number + 1) for number in expected[1:])}" in out
    assert f"{told['redraws_per_day']:.3g} a day" in out


def test_info_of_a_long_reel_says_that_it_looked_at_a_part(make_film, make_reel, capsys):
    path = make_reel(make_film(1) * 2100)
    assert main(["info", str(path)]) == 0
    assert "judged by the first 2,000 frames" in capsys.readouterr().out
    assert main(["info", str(path), "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["redraws_counted_in_frames"] == 2100


def test_a_plan_is_the_forecast(make_film, make_reel, capsys):
    path = make_reel(make_film(90, flips=0.01), cuts=(30, 70), redraws=(0, 30, 50))
    with Reel(path) as reel:
        found = forecast(reel, RedrawRule(), 200, limit=10)
        assert (found.counted, found.redraws) == (90, [0, 30, 50])
        assert found.per_1000 == pytest.approx(1000 * 2 / 90)
        daily = forecast(reel, RedrawRule(), interval=3600).redraws
        assert daily == [0, 24, 30, 50, 74], "and a day after the last one"
        assert forecast(reel, RedrawRule(longest=25), 200).redraws == [0, 25, 30, 50, 75]
        assert forecast(reel, RedrawRule(partial=False), 200, limit=9).redraws == list(range(9))
    words = ["info", str(path), "--interval", "120"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["redraws"], told["redraws_at_cuts"]) == ([0, 30, 50], 1)
    assert told["redraws_per_day"] == pytest.approx(2 / 90 * 86400 / 120)
    assert main(words) == 0
    assert "  plan:     3 redraws, 1 of them at cuts, 16 flashes a day\n" in capsys.readouterr().out
    assert main(["info", str(path), "--interval", "0"]) == 0
    assert "  plan:     3 redraws, 1 of them at cuts\n" in capsys.readouterr().out


def test_a_reel_without_a_plan_has_none(make_film, make_reel, capsys):
    path = make_reel(make_film(5))
    assert main(["info", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["redraws"], told["redraws_at_cuts"]) == (None, None)
    assert main(["info", str(path)]) == 0
    assert "plan:" not in capsys.readouterr().out
