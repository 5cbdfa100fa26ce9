"""The face of each command: options in, work done elsewhere, progress and results for a person out."""
