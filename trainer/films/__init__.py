"""Any film in, frames out: `film`, `selection` (the frame stream) and `stretches`, in that order."""
