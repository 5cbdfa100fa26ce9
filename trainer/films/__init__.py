"""From the file of a film to the frames that are shown: places, cuts, parts, one pass over them."""
