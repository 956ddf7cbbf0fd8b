"""gridmap: who is responsible for this point, what happens where, and what is nobody looking at."""

__version__ = "0.1.0"
__all__ = ["__version__"]
