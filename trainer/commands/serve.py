"""`trainer serve LIBRARY PLAYER`."""

import argparse
import os
import re
import socket
from pathlib import Path

from trainer.errors import OptionError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe `trainer serve` and add its options."""
    parser.description = (
        "Export films for a player of the house: those of this computer that its web page asks for, and "
        "those that were sent to it. Runs until Ctrl-C, and goes on where it was."
    )
    parser.epilog = "example: trainer serve /mnt/films http://longtake.local:8080 --token-file token"
    parser.add_argument("library", metavar="LIBRARY", help="a folder of films; nothing is written there")
    parser.add_argument(
        "player",
        metavar="PLAYER",
        help="the address of its web page, or the link that signs in",
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="a file with the token of the web page (default: $LONGTAKE_TOKEN)",
    )
    parser.add_argument("--all", action="store_true", help="export every film, also those that come later")
    parser.add_argument("--name", help="what the page calls this computer (default: its own name)")
    parser.add_argument(
        "--work",
        metavar="DIR",
        help="where films and reels lie until they are sent (default: ~/.cache/longtake)",
    )
    parser.add_argument("--workers", metavar="N", type=int, default=1, help="as for export; default 1")
    parser.add_argument("--memory", metavar="SIZE", help="as for export")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    from trainer.serve import Player, Server

    library = Path(args.library)
    if not library.is_dir():
        raise OptionError(f"{library} is no folder; name the one that holds the films")
    url, token = address(args.player)
    if args.token_file is not None:
        try:
            token = Path(args.token_file).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise OptionError(f"--token-file {args.token_file}: cannot be read") from None
    token = token or os.environ.get("LONGTAKE_TOKEN") or None
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", args.name or socket.gethostname())[:40] or "computer"
    work = Path(args.work) if args.work else Path.home() / ".cache" / "longtake"
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"--work {work}: cannot be made: {error.strerror}".lower()) from None
    more = [f"--workers={args.workers}", *([f"--memory={args.memory}"] if args.memory else [])]
    server = Server(
        Player(url, token), library, work, name, lambda line: print(line, flush=True), args.all, more
    )
    server.run()
    return 0


def address(text: str) -> tuple[str, str | None]:
    """The page's address and the token in it, if it is the link that signs in. OptionError."""
    found = re.fullmatch(r"(https?://[^/#?\s]+)/?(?:login)?(?:#([A-Za-z0-9_-]+))?", text)
    if not found:
        raise OptionError(f"{text} is no address of a player; write it like http://longtake.local:8080")
    return found[1], found[2]
