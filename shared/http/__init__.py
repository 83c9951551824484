"""The HTTP API: routes, bodies, replies, its description and the console."""
