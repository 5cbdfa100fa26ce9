"""The workstation side: turns a film into a reel of dithers that look right and change few pixels."""

import os

# OpenCV and the FFmpeg inside it print to stderr, unless a level is set before they are first used.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
