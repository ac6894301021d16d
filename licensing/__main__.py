"""The command `licensing`, and `python -m licensing`."""

from __future__ import annotations

import sys

try:
    from licensing.cli import main
except ModuleNotFoundError as error:
    if (error.name or "").startswith("licensing"):
        raise
    sys.exit(
        f"The command line needs the server's packages ({error.name} is missing): pip install 'koor-licensing[server]'"
    )

if __name__ == "__main__":
    main()
