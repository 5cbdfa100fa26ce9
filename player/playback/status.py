"""What the board is told: a snapshot of the running player."""

from player.config.settings import SETTABLE
from player.playback.board import Snapshot
from player.playback.running import Running


def publish(running: Running) -> None:
    """Put the state of this moment on the board, with the dithers on the panel."""
    screen = running.showing.screen
    running.around.board.publish(snapshot(running), screen.shown, screen.redrawn)


def snapshot(running: Running) -> Snapshot:
    """The state of this moment."""
    showing, timing, config = running.showing, running.timing, running.config
    reels, progress = showing.reels, showing.progress
    film = reels.is_open and not running.missing
    idle = timing.paused or running.over or bool(running.missing)
    return Snapshot(
        reel=str(reels.reel.path) if film else None,
        title=reels.title if film else "",
        frame=showing.at,
        frames=reels.reel.frames if film else 0,
        time_ms=showing.time_ms,
        duration_ms=reels.duration if film else None,
        shown_at=progress.shown_at,
        next_due=None if idle else timing.next_due(),
        interval=timing.interval,
        paused=timing.paused,
        quiet=timing.is_quiet(),
        redraws=progress.redraws,
        net=showing.screen.net,
        playlist=tuple(map(str, reels.paths)),
        message=running.missing or ("the film is over" if running.over else ""),
        settings={name: vars(config)[name] for name in SETTABLE},
    )
