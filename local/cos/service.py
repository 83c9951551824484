"""What every handler gets: the store, the settings, and a way to announce a new object."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from local.cos.call import Call
from local.cos.model import CosSettings, Entry, ObjectCreated
from local.cos.store import BucketStore

OnCreated = Callable[[ObjectCreated], "Awaitable[None] | None"]

_log = logging.getLogger(__name__)


@dataclass
class Service:
    """Shared by all requests of one app."""

    store: BucketStore
    on_created: OnCreated | None
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def settings(self) -> CosSettings:
        return self.store.settings

    def announce(self, call: Call, entry: Entry, event: str) -> None:
        """Tell the listener about a durable object, without keeping the writer waiting."""
        if self.on_created is None:
            return
        created = ObjectCreated(
            bucket=call.name,
            key=entry.key,
            size=entry.size,
            etag=entry.etag,
            content_type=entry.attributes.content_type,
            meta=dict(entry.attributes.meta),
            request_id=call.request_id,
            event_name=f"cos:ObjectCreated:{event}",
            event_time=int(entry.modified),
        )
        task = asyncio.get_running_loop().create_task(self._deliver(self.on_created, created))
        self._running.add(task)  # the loop itself keeps only weak references
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for the announcements that are under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def _deliver(self, listener: OnCreated, created: ObjectCreated) -> None:
        try:
            if inspect.iscoroutinefunction(listener):
                await listener(created)
            else:
                # In a thread: the listener may call this very server and wait for its answer.
                pending = await run_in_threadpool(listener, created)
                if pending is not None:
                    await pending
        except Exception:  # noqa: BLE001 - the trigger's side: the object is stored whatever becomes of it
            _log.exception("on_created failed for %s/%s", created.bucket, created.key)
