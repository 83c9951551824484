"""The local cloud: TRTC, COS, callback sender and gateway in one process, each on a port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, replace
from types import TracebackType

import uvicorn
from starlette.applications import Starlette

from local import api3, at_start, cam, cls, cos, guide, scf, sts, trtc
from local.account import Accounts
from local.api3.caller import ROOT
from local.callbacks import CallbackEndpoint, CallbackSender, CallbackSettings
from local.callbacks.log import FILE_NAME
from local.config import BUCKET, REGION, REGIONS, SDK_APP_ID, Address, Keys, LocalConfig, Unkindness
from local.connections import IdleLimit, quieten
from local.control import Control
from local.faults import Faults
from local.gateway import Gateway
from local.kindness import Clock, Delays
from local.leases import Leases
from local.leftovers import FOLDER, left_in, rescue
from local.recorder.job import FINISH_S
from local.scf_function import Function
from local.sockets import listen
from local.state import StateLock
from local.stored import Stored

_log = logging.getLogger(__name__)
_HOME_S = 1.0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # several servers share the process: it handles signals itself


class Cloud:
    """All of it. `async with Cloud(config) as cloud:` runs it; leaving stops recordings and keeps what they have."""

    def __init__(self, config: LocalConfig) -> None:
        self.config = config
        self.state_dir = config.state_dir.resolve()
        self._lock = StateLock(self.state_dir, config.command)
        self._sockets: dict[str, socket.socket] = {}
        try:
            self.keys = Keys.of(self.state_dir)
            ports = {"gateway": config.gateway_port, "trtc": config.trtc_port, "cos": config.cos_port}
            for name, port in ports.items():
                self._sockets[name] = listen(port)
        except BaseException:
            self._release()
            raise
        urls = {name: f"http://127.0.0.1:{sock.getsockname()[1]}" for name, sock in self._sockets.items()}
        self.address = Address(pid=os.getpid(), **urls)
        self.faults = Faults(config.faults)
        self.leases = Leases()
        self.homeless = asyncio.Event()
        """The state folder was removed or moved: nothing can be kept any more, another cloud may have the place."""
        self._hurried = False
        self._servers: list[tuple[_Server, asyncio.Task[None]]] = []

    async def __aenter__(self) -> Cloud:
        try:
            await self._start()
        except BaseException:
            self._release()
            raise
        return self

    async def _start(self) -> None:
        self._build()
        if not self.config.empty:
            await self._deploy()
        apps = {"gateway": self.gateway.app(), "trtc": self._trtc_app, "cos": self._cos_app}
        for name, app in apps.items():
            await self._serve(app, self._sockets[name])
        self.address.write(self.state_dir)
        loop = asyncio.get_running_loop()
        quieten(loop)
        self._background = [
            loop.create_task(self._tick()),
            loop.create_task(self._rescue()),
            loop.create_task(self._watch_home()),
            loop.create_task(self.scf.running.tick(lambda: self.scf.table)),
        ]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._background:
            task.cancel()
        await self.tasks.aclose()
        self.leases.close()
        await self.sender.aclose(0.0 if self._hurried else 10.0)
        await self.scf.running.aclose()
        for server, _ in self._servers:
            server.should_exit = True
        await asyncio.gather(*(serving for _, serving in self._servers))
        self.store.close()
        with contextlib.suppress(OSError):
            if self._lock.stands:  # or it is another cloud's
                (self.state_dir / "cloud.json").unlink(missing_ok=True)
        self._release()

    def hurry(self) -> None:
        """Stop waiting during the shutdown; the next cloud rescues unfinished recordings."""
        self._hurried = True
        self.tasks.hurry()

    async def _watch_home(self) -> None:
        while not self.homeless.is_set():
            await asyncio.sleep(_HOME_S)
            if not self._lock.stands:
                self.homeless.set()

    def _release(self) -> None:
        for sock in self._sockets.values():
            sock.close()
        self._lock.release()

    async def _rescue(self) -> None:
        """Move the files of an earlier cloud to `rescued/`."""
        for line in await asyncio.to_thread(rescue, self._leftovers, self.state_dir / FOLDER, FINISH_S):
            _log.warning(line)

    def _build(self) -> None:
        keys, state = self.keys, self.state_dir
        unkind = Unkindness.of(self.config)
        delays = self.config.delays or (Delays.none() if self.config.gentle else Delays().faster(self.config.speed))
        self._clock = Clock(0.0 if self.config.empty else at_start.BEGAN_S)
        self.accounts = Accounts(
            (keys.owner_id, keys.owner_key), delays, rotate_s=unkind.role_rotates_s, valid_s=unkind.role_valid_s,
            now=self._clock.now, clock=self._clock,
        )  # fmt: skip
        self.cos_settings = cos.CosSettings(
            region=self.config.region,
            default_bucket=None if self.config.empty else BUCKET,
            create_buckets=not self.config.empty,
            first_is_default=True,  # or no link that a deployed function signs would open: it names no bucket
            faults=self.faults,
            late_s=unkind.listing_late_s,
            force_download=unkind.force_download,
        )
        self.store = cos.BucketStore(state / "cos", self.cos_settings)
        if not self.config.empty:
            self._let_pages_read()
        elif known := self.store.buckets():
            self.cos_settings.default_bucket = known[0].name
        nobody = self.config.empty and not self.config.callback_url  # until somebody says where
        callback_url = self.config.callback_url or f"{self.address.gateway}/callback"
        self.callback_settings = CallbackSettings(
            endpoints={} if nobody else {SDK_APP_ID: CallbackEndpoint(callback_url, keys.callback_key)},
            speed=self.config.speed,
            faults=self.faults,
        )
        self.sender = CallbackSender(self.callback_settings, state / FILE_NAME)
        self.trtc_settings = trtc.TrtcSettings(
            sdk_app_ids={SDK_APP_ID},
            default_sdk_app_id=SDK_APP_ID,
            vod_base_url=f"{self.address.gateway}/vod",
            regions=trtc.TrtcSettings().regions | {self.config.region},
            start_delay_s=unkind.start_delay_s,
            faults=self.faults,
        )
        self._leftovers = left_in(state)
        self.timers = trtc.TimerRecorders()
        recorders: trtc.RecorderFactory = self.timers if self.config.timer_recorder else trtc.ProcessRecorder
        self.tasks = trtc.TaskTable(
            self.trtc_settings, self.sender, recorders, trtc.CosUploader(self.address.cos), state
        )
        self.logs = cls.Logs(delays)
        self.scf = scf.Site(
            state / "scf",
            self.address.gateway,
            self.accounts,
            self.logs,
            Stored(self.store),
            self.config.unknowns,
            speed=self.config.speed,
            max_instances=self.config.max_instances,
            wait_s=self.config.instance_wait_s,
            late=(unkind.wake_late_s, unkind.wake_twice_every),
        )
        self.services = self._services()
        self._trtc_app = api3.create_app(self.services, self.accounts.key, lambda: self.faults)
        self.gateway = Gateway(
            {} if self.config.empty else dict(guide.ROLES),  # a function has its role's name
            lambda: [asdict(task) for task in self.tasks.shown()],
            self.tasks.vod_dir,
            Control(self.faults, self.sender, self.callback_settings.endpoints),
            self.leases,
            keys.api_token,
            self.scf,
        )
        self._cos_app = cos.create_app(
            self.store, credentials=self._cos_key, on_created=self.gateway.on_created, settings=self.cos_settings,
            permits=self._permits,
        )  # fmt: skip

    def _let_pages_read(self) -> None:
        """Give the bucket the CORS rule that a deployment's has: for the console, by either name of this machine."""
        near = self.address.gateway.replace("127.0.0.1", "localhost")
        pages = self.config.environment.get("WEBRECORD_CORS_ORIGINS", "").split(",")
        origins = [self.address.gateway, near, *(each.strip() for each in pages if each.strip())]
        self.store.create_bucket(BUCKET)
        cos.let_read(self.store.configuration(BUCKET, "cors"), "scf-webrecord/scf-webrecord", origins)

    def _services(self) -> list[api3.ApiService]:
        accounts, regions = self.accounts, REGIONS | {self.config.region}

        def allow(call: api3.ApiCall) -> None:
            accounts.allow(call.caller, f"trtc:{call.action}", "*", "UnauthorizedOperation")

        return [
            replace(trtc.service(self.tasks, self.trtc_settings), allow=allow),
            self.scf.service(regions),
            cam.service(accounts, self.config.unknowns),
            cls.service(accounts, self.logs, regions),
            sts.service(accounts, regions),
        ]

    def _cos_key(self, secret_id: str) -> cos.Credential | None:
        key = self.accounts.key(secret_id)
        return cos.Credential(key.secret_key, key.token) if key is not None else None

    def _permits(self, secret_id: str, action: str, resource: str) -> bool:
        key, accounts = self.accounts.key(secret_id), self.accounts
        whole = resource if resource == "*" else f"qcs::cos:{self.config.region}:uid/{accounts.app_id}:{resource}"
        return key is not None and accounts.permits(key.principal, f"cos:{action}", whole)

    async def _deploy(self) -> None:
        """Put our functions, what calls them and who they are into the account, by its own calls."""
        call = api3.Inside(self.services, ROOT, REGION)
        at_start.activate(self.accounts, self.logs)
        await at_start.identities(call, self._clock, enforced=self.config.policies)
        await at_start.functions(call, self._clock, self.scf.packages, self.config, self.settings())
        at_start.keep_keys(self.accounts, self.keys)

    @property
    def functions(self) -> dict[str, Function]:
        """Our functions by their short names, as they are deployed now."""
        found = {name: self.scf.named(whole) for name, whole in guide.ROLES.items()}
        return {name: function for name, function in found.items() if function is not None}

    def environment(self) -> dict[str, str]:
        """Return what a function finds: our settings, and the role's credentials as SCF hands them over."""
        return {**self.accounts.roles[guide.ROLE].keys.current().environment, **self.settings()}

    def settings(self) -> dict[str, str]:
        """Return our settings."""
        keys = self.keys
        return {
            "WEBRECORD_SDK_APP_ID": str(SDK_APP_ID),
            "WEBRECORD_TRTC_REGION": REGION,
            "WEBRECORD_TRTC_ENDPOINT": self.address.trtc,
            "WEBRECORD_BUCKET": BUCKET,
            "WEBRECORD_BUCKET_REGION": REGION,
            "WEBRECORD_COS_ENDPOINT": self.address.cos,
            "WEBRECORD_STORAGE_SECRET_ID": keys.upload_id,
            "WEBRECORD_STORAGE_SECRET_KEY": keys.upload_key,
            "WEBRECORD_CALLBACK_KEYS": keys.callback_key,
            "WEBRECORD_API_TOKENS": f"local:{keys.api_token}",
            "WEBRECORD_NOTIFY_SECRET": keys.notify_secret,
            "WEBRECORD_NOTIFY_HOSTS": "127.0.0.1,localhost",
            "WEBRECORD_ALLOWED_HOSTS": "*,private",  # on a laptop one records one's own pages
            "WEBRECORD_RELAY_HOSTS": "*,private",
            **self.config.environment,
        }

    async def _tick(self) -> None:
        while self.config.tick_s and not self.config.empty and at_start.is_ticked_here(self.config):
            await asyncio.sleep(self.config.tick_s)
            self.gateway.tick("reconcile")

    async def _serve(self, app: Starlette, sock: socket.socket) -> None:
        # Nobody stands in front of it: who calls is who connects, whatever X-Forwarded-For says.
        config = uvicorn.Config(
            app, http=IdleLimit, log_level="warning", lifespan="off", timeout_graceful_shutdown=5, proxy_headers=False
        )
        server = _Server(config)
        serving = asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
        self._servers.append((server, serving))
        while not server.started:
            if serving.done():
                serving.result()
            await asyncio.sleep(0.01)
