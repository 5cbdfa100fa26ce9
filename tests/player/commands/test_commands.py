"""`player info | check | frames | status | config`, in this process: what they print, one line a mistake."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from player.__main__ import main
from player.progress import Progress, ProgressStore


@pytest.fixture
def player(capsys):
    """player("info", path) -> (exit code, stdout, stderr)."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def damage(path, number):
    database = sqlite3.connect(path)
    database.execute("UPDATE frames SET crc = crc + 1 WHERE number = ?", (number,))
    database.commit()
    database.close()


def test_info_tells_what_is_in_the_reel_and_how_long_it_takes(player, make_film, make_reel):
    path = make_reel(make_film(90))
    code, out, err = player("info", path, "--interval", "120")
    assert (code, err) == (0, "")
    assert f"{path}: 44x24, 90 frames, complete" in out
    assert "0:00 to 0:07.1" in out
    assert "3 hours, one frame in 2 minutes" in out
    assert "film:     a film" in out
    code, out, _ = player("info", path, "--json")
    told = json.loads(out)
    assert (told["width"], told["height"], told["frames"], told["complete"]) == (44, 24, 90, True)
    assert told["showing_seconds"] == 90 * 200
    assert 0.02 < told["mean_flips"] < 0.06
    assert told["bytes"] == path.stat().st_size
    assert told["meta"]["film"] == "a film"


def test_info_of_an_unfinished_and_of_a_damaged_reel(player, make_film, make_reel):
    unfinished = make_reel(make_film(2), finish=False)
    assert "not complete: run the export again to continue it" in player("info", unfinished)[1]
    assert json.loads(player("info", unfinished, "--json")[1])["complete"] is False
    empty = make_reel(make_film(1), "empty.reel", finish=False)
    database = sqlite3.connect(empty)
    database.execute("DELETE FROM frames")
    database.commit()
    database.close()
    assert player("info", empty)[0] == 0
    assert json.loads(player("info", empty, "--json")[1])["mean_flips"] is None


def test_check_is_silent_of_problems_when_there_are_none(player, make_film, make_reel):
    path = make_reel(make_film(5))
    assert player("check", path) == (0, f"{path}: all 5 frames are good\n", "")
    assert json.loads(player("check", path, "--json")[1]) == {
        "reel": str(path), "frames": 5, "complete": True, "ok": True, "problems": []
    }  # fmt: skip
    code, out, _ = player("check", make_reel(make_film(5), "u.reel", finish=False))
    assert code == 0
    assert "its export was not finished" in out


def test_check_tells_every_problem_in_a_line(player, make_film, make_reel):
    path = make_reel(make_film(20, flips=0.01), cuts=(10,))
    damage(path, 3)
    damage(path, 12)
    code, out, _ = player("check", path)
    assert code == 1
    assert [line.removeprefix(f"{path}: ") for line in out.splitlines()] == [
        "frame 4: the checksum of the dither does not match; frames 4 to 10 cannot be shown",
        "frame 13: the checksum of the dither does not match; frames 13 to 20 cannot be shown",
    ]
    code, out, _ = player("check", path, "--json")
    told = json.loads(out)
    assert (code, told["ok"], len(told["problems"])) == (1, False, 2)


def test_frames_are_one_bit_pictures_of_the_dithers(player, tmp_path, make_film, make_reel):
    dithers = make_film(12)
    directory = tmp_path / "deep" / "pictures"
    assert player("frames", make_reel(dithers), directory) == (0, f"{directory}: 12 frames\n", "")
    names = sorted(entry.name for entry in directory.iterdir())
    assert names == [f"frame-{number:06}.png" for number in range(1, 13)]
    for number, dither in enumerate(dithers):
        with Image.open(directory / names[number]) as image:
            assert (image.mode, image.format, image.size) == ("1", "PNG", (44, 24))
            assert (np.asarray(image) == dither).all()


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--start", "3", "--end", "6"], [3, 4, 5]),
        (["--start", "10"], [10, 11, 12]),
        (["--end", "0.17s"], [1, 2, 3]),  # at 0, 80 and 160 ms
        (["--start", "0:00.8", "--end", "99"], [11, 12]),
        (["--start", "5", "--end", "5"], []),
    ],
)
def test_a_part_of_the_frames(player, tmp_path, make_film, make_reel, options, numbers):
    assert player("frames", make_reel(make_film(12)), tmp_path / "out", *options)[0] == 0
    assert sorted(int(entry.name[6:12]) for entry in (tmp_path / "out").iterdir()) == numbers


def test_damaged_frames_are_left_out_and_reported(player, tmp_path, make_film, make_reel):
    path = make_reel(make_film(12, flips=0.01), cuts=(8,))
    damage(path, 5)
    code, out, err = player("frames", path, tmp_path / "out")
    assert code == 1
    assert out == f"{tmp_path / 'out'}: 9 frames\n"
    assert err.count("\n") == 1
    assert "frame 6 is damaged" in err
    assert not (tmp_path / "out" / "frame-000007.png").exists()
    assert (tmp_path / "out" / "frame-000009.png").exists()


def test_status_before_anything_was_shown(player, tmp_path):
    code, out, err = player("status", "--state", tmp_path / "none.json")
    assert (code, err) == (0, "")
    assert out.startswith("nothing has been shown yet")
    told = json.loads(player("status", "--state", tmp_path / "none.json", "--json")[1])
    assert told == {
        "reel": None, "frame": None, "frames": 0, "shown_at": None, "next_due": None, "redraws": 0,
        "paused": False, "ends_at": None, "films": [],
    }  # fmt: skip


def test_status_of_a_showing(player, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    path = tmp_path / "progress.json"
    progress = Progress("/films/a.reel", "", 100, 41, None, 1.7e9, 1.7e9 + 200, 200.0, 7)
    ProgressStore(path, print).save(progress)
    told = json.loads(player("status", "--state", path, "--json")[1])
    assert (told["reel"], told["frame"], told["frames"], told["redraws"]) == ("/films/a.reel", 41, 100, 7)
    assert told["shown_at"] == "2023-11-14T22:13:20.000+00:00"
    assert told["next_due"] == "2023-11-14T22:16:40.000+00:00"
    assert told["ends_at"] == "2023-11-15T01:30:00.000+00:00", "58 frames after the next one"
    out = player("status", "--state", path)[1]
    assert "42 of 100, since 2023-11-14 22:13:20" in out
    assert "is the player running?" in out
    path.write_bytes(b"garbage")
    code, _, err = player("status", "--state", path)
    assert code == 2
    assert "holds no progress of a player" in err
    assert path.read_bytes() == b"garbage", "status touches nothing"


def test_status_of_a_film_that_ends_beyond_the_calendar(player, tmp_path):
    path, config = tmp_path / "progress.json", tmp_path / "player.toml"
    config.write_text('quiet = "22:00-07:00"\n')
    ProgressStore(path, print).save(
        Progress("/films/a.reel", "", 4_000_000, 3, None, 1.7e9, 1.7e9, 604800.0, 1, False)
    )
    code, out, err = player("status", "--state", path, "--config", config, "--json")
    assert (code, err, json.loads(out)["ends_at"]) == (0, "", None)
    code, out, err = player("status", "--state", path, "--config", config)
    assert (code, err) == (0, "")
    assert "reel ends: 1" in out


def test_status_of_a_pause_and_with_steps_and_quiet_hours(player, tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    path = tmp_path / "progress.json"
    progress = Progress("/films/a.reel", "", 100, 41, None, 1.7e9, 1.7e9 + 200, 200.0, 7)
    ProgressStore(path, print).save(progress)
    options = ("--state", path, "--json")
    (tmp_path / "player.toml").write_text("step = 10")
    told = json.loads(player("status", *options, "--config", tmp_path / "player.toml")[1])
    assert told["ends_at"] == "2023-11-14T22:33:20.000+00:00", "5 frames: 51 to 91"
    (tmp_path / "player.toml").write_text('quiet = "23:00-07:00"')
    told = json.loads(player("status", *options, "--config", tmp_path / "player.toml")[1])
    assert told["ends_at"] == "2023-11-15T09:30:00.000+00:00"
    (tmp_path / "player.toml").write_text("step = 59")
    out = player("status", "--state", path, "--config", tmp_path / "player.toml")[1]
    assert "this is the last frame of the reel" in out
    ProgressStore(path, print).save(replace(progress, paused=True))
    told = json.loads(player("status", *options)[1])
    assert (told["paused"], told["ends_at"]) == (True, None)
    assert "it is paused; resume it" in player("status", "--state", path)[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: COMMAND"),
        (["frob"], "invalid choice: 'frob'"),
        (["run"], "no reel to show: give one"),
        (["run", "missing.reel", "--simulated", "sim"], "missing.reel: no such file"),
        (["run", "."], "holds no *.reel file"),
        (["run", "FILM"], "--vcom is missing: give the voltage printed on the panel's flex cable"),
        (["run", "FILM", "--vcom", "1.5"], "--vcom is 1.5; it must be a number -3 to -0.5 volts"),
        (["run", "FILM", "--vcm", "-1.5"], "--vcm is no option here; did you mean --vcom?"),
        (["add", "FILM", "--count", "5"], "--count is no option here; see `player add --help`"),
        (["run", "FILM", "--interval"], "--interval: expected one argument"),
        (["run", "FILM", "--interval", "often"], "--interval is 'often'; it must be a number"),
        (["run", "FILM", "--simulated", "sim", "--start", "12"], "has no frame 12; it holds frames 1 to 3"),
        (["run", "FILM", "--simulated", "sim", "--start", "1:00"], "has no 1:00; it holds frames 1 to 3"),
        (["run", "FILM", "--simulated", "sim", "--start", "x"], "--start: 'x' is no place in a film"),
        (["run", "FILM", "--simulated", "FILM"], "cannot be made a directory"),
        (
            ["run", "FILM", "--simulated", "sim", "--state", "/dev/null/x"],
            "/dev/null: cannot be made a directory",
        ),
        (["run", "FILM", "--config", "missing.toml"], "missing.toml: cannot be read: no such file"),
        (["run", "TEXT", "--simulated", "sim"], "is not a reel"),
        (["info", "missing.reel"], "missing.reel: no such file"),
        (["info"], "required: REEL"),
        (["info", "."], "is a directory"),
        (["check", "TEXT"], "is not a reel; give the path of a file made by `trainer export`"),
        (["check", "FILM", "more"], "more is no option here"),
        (["frames", "FILM", "FILM"], "cannot be made a directory"),
        (["frames", "FILM", "out", "--start", "4"], "has no frame 4"),
        (["frames", "FILM", "out", "--start", "2", "--end", "1"], "--end 1 lies before --start 2"),
        (["frames", "FILM", "out", "--end", "soon"], "--end: 'soon' is no place in a film"),
        (["frames", "FILM", "/proc/nowhere"], "/proc/nowhere: cannot be made a directory"),
        (["status", "--state", "."], "cannot be read: is a directory"),
        (["config", "--end", "never"], "--end is 'never'; it must be stop or next or loop"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_every_mistake_is_one_line(player, tmp_path, monkeypatch, make_film, make_reel, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "TEXT").write_text("a text\n" * 50)
    make_reel(make_film(3), "FILM")
    code, out, err = player(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("player: ")
    assert err.count("\n") == 1
    assert said in err


def test_the_name_of_a_reel_need_not_be_text(tmp_path, make_film, make_reel):
    reel = make_reel(make_film(3))
    reel = reel.rename(tmp_path / os.fsdecode(b"b\xfcb.reel"))
    done = subprocess.run(
        [sys.executable, "-m", "player", "check", str(reel)],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},  # as with LANG=en_GB.UTF-8
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "b\\udcfcb.reel: all 3 frames are good" in done.stdout


def test_help_names_every_command(player, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for command in ("run", "info", "check", "frames", "status", "config"):
        assert f"    {command} " in text


def test_the_chart_is_drawn_and_the_film_goes_on_with_a_redraw(player, tmp_path):
    store = ProgressStore(tmp_path / "progress.json", print)
    store.save(Progress(reel="/films/a.reel", frames=90, frame=7))
    code, out, err = player("chart", "--simulated", tmp_path / "glass", "--state", store.path)
    assert (code, err) == (0, "")
    assert "trainer calibrate PHOTO" in out
    with Image.open(tmp_path / "glass" / "chart.png") as image:
        assert np.isin([32, 48, 224], np.asarray(image)).all()
    assert store.load().showing == 7
