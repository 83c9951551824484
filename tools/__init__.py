"""What developers run: the package, its checks. Never deployed."""
