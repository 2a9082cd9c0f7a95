"""The documentation as something that runs: its pages, the world they speak of, and a runner per language."""
