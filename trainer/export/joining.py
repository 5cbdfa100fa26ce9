"""Parts are joined into the reel in film order.

A part stays on disk until the next one is in the reel, so that a joining that was killed knows where it was.
"""

from collections.abc import Callable

from player.errors import BadFrame
from player.reel import FrameInfo, Reel, ReelWriter
from trainer.errors import TrainerError
from trainer.export.folder import (
    Folder,
    Part,
    first_after,
    frames_of,
)


class Joiner:
    """Joins the parts in a folder to the reel that is being written.

    `following` is the number of the part that the reel goes on with, None at the end of the film. `within`
    tells that the reel ends within a part that no file in the folder holds; what follows is then not known.
    """

    def __init__(
        self, writer: ReelWriter, folder: Folder, report: Callable[[FrameInfo], None] = lambda info: None
    ) -> None:
        self._writer, self._folder, self._report = writer, folder, report
        self._joined: Part | None = None  # the newest part in the reel, if its file is still there
        self.following: int | None = 0
        self.within = False
        if writer.last_info is not None:
            self._find_place(writer.last_info.film_frame)

    def _find_place(self, last: int) -> None:
        """Where a reel goes on that ends with the film's frame `last`; removes parts that lie before it."""
        self.within = True
        for part in self._folder.parts().values():
            frames = frames_of(part)
            if frames is None:
                continue
            if frames[0] > last:
                return
            if frames[1] > last:
                self.within, self.following = False, part.number
                return
            if frames[1] == last and part.is_whole:
                self.within, self.following, self._joined = False, part.following, part
                return
            self._folder.remove(part)

    def join(self, unfinished: bool = False, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Join all the parts that come next and are whole; if `unfinished`, also one that is not, as far as
        it is, whereupon the reel ends `within` it. `meanwhile` is called after every frame.
        """
        while not self.within and self.following is not None:
            part = self._folder.parts().get(self.following)
            if part is None or not (part.is_whole or unfinished):
                return
            if frames_of(part) is None:
                return
            self._take_over(part, meanwhile)
            if not part.is_whole:
                self._folder.remove(part)
                self.within = True
                return
            self.following = part.following

    def made(self, following: int | None) -> None:
        """Take note that the part which the reel was in is whole, made in the reel itself."""
        self.within, self.following = False, following

    def _take_over(self, part: Part, meanwhile: Callable[[], None]) -> None:
        try:
            with Reel(part.path) as reel:
                last = self._writer.last_info
                first = 0 if last is None else first_after(reel, last.film_frame)
                for info in self._writer.take_over(reel, first):
                    self._report(info)
                    meanwhile()
        except BadFrame as error:
            raise TrainerError(
                f"{part.path}: frame {error.number} is damaged ({error.reason}); remove this file, and the "
                "same command makes it again"
            ) from None
        self._writer.commit()
        if self._joined is not None:
            self._folder.remove(self._joined)
        self._joined = part
