"""The ports that a local cloud listens on."""

from __future__ import annotations

import errno
import socket
import sys

from local.client import ClientError

__all__ = ["listen"]


def listen(port: int) -> socket.socket:
    """Take a port of 127.0.0.1; 0 for a free one.

    Raises:
        ClientError: it can't be had.
    """
    # With the protocol left open, asyncio leaves Nagle's algorithm on: 40 ms for every small answer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform == "win32":  # there SO_REUSEADDR would take the port from whoever has it
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        taken = error.errno == errno.EADDRINUSE
        why = "is in use: stop what uses it, or" if taken else f"can't be had ({error.strerror or error}):"
        raise ClientError(f"port {port} {why} choose another (0 for a free one)") from error
    return sock
