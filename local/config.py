"""What the local cloud is started with, and what it tells others about itself."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from local.faults import FaultFile

REGION = "ap-guangzhou"
BUCKET = "webrecord-1250000000"
SDK_APP_ID = 1400000001
STATE_DIR = Path(".local")


@dataclass(frozen=True)
class Keys:
    """Keys of this machine's local cloud: random, made once, kept in its state directory.

    `role_…` is the functions' temporary key, `upload_…` the one that they have TRTC upload with, `owner_…` the
    account's: it may do everything, and is for whoever tries an integration of their own.
    """

    role_id: str
    role_key: str = field(repr=False)
    role_token: str = field(repr=False)
    upload_id: str
    upload_key: str = field(repr=False)
    callback_key: str = field(repr=False)
    api_token: str = field(repr=False)
    notify_secret: str = field(repr=False)
    owner_id: str
    owner_key: str = field(repr=False)

    @staticmethod
    def of(state_dir: Path) -> Keys:
        """Return the keys in the state directory, made at the first call; readable by the owner alone."""
        path = state_dir / "keys.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        if known.keys() >= {each.name for each in fields(Keys)}:
            return Keys(**known)
        new, secret = secrets.token_hex, base64.b64encode(secrets.token_bytes(24)).decode()
        keys = Keys(
            role_id=f"AKIDrole{new(8)}",
            role_key=new(16),
            role_token=new(32),
            upload_id=f"AKIDup{new(8)}",
            upload_key=new(16),
            callback_key=new(16),
            api_token=new(16),
            notify_secret=f"whsec_{secret}",
            owner_id=f"AKIDowner{new(8)}",
            owner_key=new(16),
        )
        if known:  # by an earlier version, which knew fewer
            keys = replace(keys, **known)
            path.unlink()
        state_dir.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(keys), file)
        return keys


@dataclass
class LocalConfig:
    """How to run the local cloud.

    Attributes:
        state_dir: objects, keys, logs and work files.
        gateway_port, trtc_port, cos_port: 0 for a free one.
        timer_recorder: replace the browser by a timer, for load tests.
        speed: divides documented waits (callback and SCF retries), for tests.
        tick_s: the timer's period, a minute in production; 0 switches it off.
        environment: more variables for the functions, over the local ones.
        from_packages: run the functions from what `make package` built, and CPython 3.10, instead of the sources.
        packages_dir: where that is.
        callback_url: who gets TRTC's callbacks; None for the callback function.
        faults: what goes wrong on purpose from the beginning.
        max_instances: invocations of one function at once; the platform has hundreds.
        instance_wait_s: how long one more waits before it is refused, on a machine that can't have hundreds.
        policies: enforce the policies of docs/deploy.md on the role and the upload key.
    """

    state_dir: Path = STATE_DIR
    gateway_port: int = 0
    trtc_port: int = 0
    cos_port: int = 0
    timer_recorder: bool = False
    speed: float = 1.0
    tick_s: float = 5.0
    environment: dict[str, str] = field(default_factory=dict)
    from_packages: bool = False
    packages_dir: Path = Path(__file__).parent.parent / "build"
    callback_url: str | None = None
    faults: FaultFile = field(default_factory=FaultFile)
    max_instances: int = 300
    instance_wait_s: float = 0.0
    policies: bool = True


@dataclass(frozen=True)
class Address:
    """Where a running local cloud is; in `cloud.json` in its state directory while it runs."""

    pid: int
    gateway: str
    trtc: str
    cos: str

    def write(self, state_dir: Path) -> None:
        """Tell others; the file is replaced whole."""
        draft = state_dir / f"cloud.json.{os.getpid()}"
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(state_dir / "cloud.json")

    @staticmethod
    def read(state_dir: Path) -> Address | None:
        """Return the address of the cloud that was last started here, if any; it may be gone."""
        try:
            return Address(**json.loads((state_dir / "cloud.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
