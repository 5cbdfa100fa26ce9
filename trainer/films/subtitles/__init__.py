"""Subtitles: read, set in type, and burnt into frames."""
