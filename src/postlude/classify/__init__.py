"""Who caused an observation, and why: pure rules with a version."""
