"""What the functions share: a pure domain, its ports and adapters, and the SCF edges."""

__version__ = "0.2.0"
