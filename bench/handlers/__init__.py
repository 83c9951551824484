"""Handlers that the functions' cold starts are compared with. Each is imported by its name, from this folder."""
