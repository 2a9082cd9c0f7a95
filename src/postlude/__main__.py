"""`python -m postlude`."""

from postlude.cli.main import main

main()
