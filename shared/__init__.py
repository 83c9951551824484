"""What the functions share: a pure domain, its ports and adapters, and the SCF edges."""
