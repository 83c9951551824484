"""What is told of PublishCdnParams: event 401, one story per address, whatever happens to the recorder meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from local.trtc.events import Emitter

__all__ = ["RelayStory"]

ENDED, CONNECTING, RUNNING, RECOVERING, FAILED, DISCONNECTING = range(6)
_OVER = {ENDED, FAILED}


class RelayStory:
    """The addresses of one task, numbered in the order of the request."""

    def __init__(self, urls: Sequence[str], emitter: Emitter) -> None:
        self._urls = urls
        self._emitter = emitter
        self._status: dict[int, int] = {}  # the last one told
        self._ran: set[int] = set()

    @property
    def wanted(self) -> dict[int, str]:
        """What a recorder is to push to: all but those given up."""
        return {number: url for number, url in enumerate(self._urls) if self._status.get(number) not in _OVER}

    def report(self, number: int, status: int, message: str) -> None:
        """Tell what a recorder says of an address; nothing after its end."""
        if not 0 <= number < len(self._urls) or self._status.get(number) in _OVER:
            return
        if status == RUNNING:
            self._ran.add(number)
        elif status == CONNECTING and number in self._ran:
            status = RECOVERING  # another recorder's first try
        self._status[number] = status
        self._emitter.cdn(self._urls[number], status, message)

    def interrupt(self, message: str) -> None:
        """Tell that a recorder broke off, and that another one is about to go on."""
        for number, status in list(self._status.items()):
            if status in {RUNNING, RECOVERING}:
                self.report(number, RECOVERING, message)

    def end(self) -> None:
        """Tell the end of every address whose end nobody told."""
        for number, status in list(self._status.items()):
            if status != DISCONNECTING:
                self.report(number, DISCONNECTING, "")
            self.report(number, ENDED, "")
