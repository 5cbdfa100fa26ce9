"""The reel on disk: the file, its reader and its writer. `player.reel` is their face."""
