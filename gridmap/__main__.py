"""``python -m gridmap``: the same commands as ``gridmap``."""

from gridmap.cli import main

if __name__ == "__main__":
    main()
