"""The commands, a file for each kind of thing to do. `register(app)` adds a file's commands."""
