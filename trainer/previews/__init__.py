"""What a preview can be: a sheet, an animation, a video, a page. Each makes a file of a `Comparison`."""
