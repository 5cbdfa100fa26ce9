"""The workstation side: turns a film into a reel of dithers that look right and change few pixels."""
