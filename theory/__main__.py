"""``python -m theory`` is ``landscapes``."""

import sys

from theory.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
