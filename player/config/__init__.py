"""Where settings come from, what is allowed, and how they are explained."""
