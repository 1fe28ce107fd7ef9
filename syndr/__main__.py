"""``python -m syndr`` is the command ``syndr``; ``accelerate launch -m syndr`` needs it so."""

from syndr.cli.main import main

main()
