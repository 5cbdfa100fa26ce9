"""What `trainer bench` is made of: a made film, timings, and the two things it times."""
