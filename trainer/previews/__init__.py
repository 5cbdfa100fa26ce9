"""What a preview can be: a contact sheet, an animation, a video, a page. Each takes a `Comparison` and returns a file."""
