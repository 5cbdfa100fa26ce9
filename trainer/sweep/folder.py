"""The folder of a sweep: what was asked for, figures as it goes, and every member's weights.

settings.json          films, held-out frames, budget, and of each member all settings
metrics.jsonl          a line per report and member: member, update, seconds, rate, losses
members/NN/weights.npz the generator of member NN as last saved, as `--weights DIR/members/NN`; none of one
                       that is lost
scores.json            what the members are worth, once all updates are made
front.png              the same as a picture
"""

import json
import os
from pathlib import Path
from typing import Any

from trainer.dithers.generator.weights import (
    NAME,
    Weights,
    save,
)
from trainer.errors import OptionError, TrainerError
from trainer.files import check_unused, make_folder, write_whole


class SweepFolder:
    """A new folder. OptionError where it is there already or cannot be made; TrainerError for the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        check_unused(folder, ", and a sweep begins anew; name another")
        there = next(above for above in (folder, *folder.absolute().parents) if above.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise OptionError(f"--out {folder} cannot be made in {there}; name another folder")

    def begin(self, about: dict[str, Any]) -> None:
        """Make it, and say what it will hold."""
        make_folder(self.folder)
        self.write("settings.json", about)

    def member(self, number: int) -> Path:
        """Where the weights of a member lie."""
        return self.folder / "members" / f"{number:02d}"

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Add lines of figures, one for each member."""
        try:
            with (self.folder / "metrics.jsonl").open("a") as file:
                file.write("".join(json.dumps(row) + "\n" for row in rows))
        except OSError as error:
            raise _unwritten(self.folder, error) from None

    def save(self, number: int, weights: Weights) -> None:
        """Keep a member's weights in place of those before."""
        try:
            self.member(number).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritten(self.folder, error) from None
        save(self.member(number) / NAME, weights)

    def drop(self, number: int) -> None:
        """Leave no weights of a member that is lost."""
        (self.member(number) / NAME).unlink(missing_ok=True)

    def write(self, name: str, content: dict[str, Any] | bytes) -> None:
        """A whole file: bytes, or anything else as JSON."""
        data = content if isinstance(content, bytes) else (json.dumps(content, indent=1) + "\n").encode()
        write_whole(self.folder / name, data)


def _unwritten(folder: Path, error: OSError) -> TrainerError:
    reason = (error.strerror or str(error)).lower()
    return TrainerError(f"{folder} cannot be written to: {reason}; free space and sweep into another folder")
