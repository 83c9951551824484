"""What the local cloud is started with, and what it tells others about itself."""

from __future__ import annotations

import base64
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from local import regular
from local.faults import FaultFile
from local.kindness import Delays, Unknowns
from local.state import StateError, prepare

REGION = "ap-guangzhou"
REGIONS = {
    "ap-bangkok", "ap-beijing", "ap-chengdu", "ap-chongqing", "ap-guangzhou", "ap-hongkong", "ap-jakarta", "ap-mumbai",
    "ap-nanjing", "ap-seoul", "ap-shanghai", "ap-singapore", "ap-tokyo", "eu-frankfurt", "na-ashburn",
    "na-siliconvalley", "sa-saopaulo",
}  # fmt: skip
"""Where functions, logs and buckets can be; TRTC records in fewer."""
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
        """Return the keys in the state directory, made at the first call; readable by the owner alone.

        Raises:
            StateError: the folder can't be used, or the file is none of ours.
        """
        path = state_dir / "keys.json"
        known = _known(path)
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
        prepare(state_dir)
        _write_private(path, asdict(keys))
        return keys


@dataclass(frozen=True)
class Unkindness:
    """What the real service does to its users; times in seconds.

    Attributes:
        start_delay_s: between TRTC's answer and the recording's beginning.
        listing_late_s: between a change in COS and its being listed.
        role_rotates_s, role_valid_s: how often the role has a new key, and how long each is good; 0: for ever.
        wake_late_s, wake_twice_every: how late COS events of wakes are; of so many, one comes twice; 0: none.
        force_download: COS's default domains answer every object as a download.
    """

    start_delay_s: float = 5.0
    listing_late_s: float = 1.5
    role_rotates_s: float = 60.0
    role_valid_s: float = 600.0
    wake_late_s: float = 0.3
    wake_twice_every: int = 4
    force_download: bool = True

    @staticmethod
    def of(config: LocalConfig) -> Unkindness:
        """Return what a configuration asks for."""
        if config.gentle:
            return Unkindness(0.0, 0.0, 0.0, 0.0, 0.0, 0, force_download=False)
        usual = Unkindness()
        times = {each.name: getattr(usual, each.name) / config.speed for each in fields(usual) if each.type == "float"}
        return replace(usual, **times)


@dataclass
class LocalConfig:
    """How to run the local cloud.

    Attributes:
        state_dir: objects, keys, logs and work files.
        command: what was called, for those who find the state folder taken.
        gateway_port, trtc_port, cos_port: 0 for a free one.
        timer_recorder: replace the browser by a timer, for load tests.
        gentle: leave out what the real service does to its users: see `Unkindness`.
        speed: divides documented waits (callback and SCF retries, and those of `Unkindness`), for tests.
        tick_s: the timer's period, a minute in production; 0 switches it off.
        wakes: whether objects under `wake/` invoke reconcile.
        environment: more variables for the functions, over the local ones.
        from_packages: run the functions from what `make package` built, and CPython 3.10, instead of the sources.
        packages_dir: where that is.
        callback_url: who gets TRTC's callbacks; None for the callback function.
        faults: what goes wrong on purpose from the beginning.
        max_instances: invocations of one function at once; the platform has hundreds.
        instance_wait_s: how long one more waits before it is refused, on a machine that can't have hundreds.
        policies: enforce the policies of docs/deploy-by-hand.md on the role and the upload key.
        empty: an account with nothing in it but its own key: no functions, no bucket, no service activated.
        delays: of the services that one deploys with; None for the usual ones, which are divided by `speed`.
        region: where the bucket and the account's functions are.
        unknowns: what no public document says of the services that one deploys with.
    """

    state_dir: Path = STATE_DIR
    gateway_port: int = 0
    trtc_port: int = 0
    cos_port: int = 0
    timer_recorder: bool = False
    gentle: bool = False
    speed: float = 1.0
    tick_s: float = 5.0
    wakes: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    from_packages: bool = False
    packages_dir: Path = Path(__file__).parent.parent / "build"
    callback_url: str | None = None
    faults: FaultFile = field(default_factory=FaultFile)
    max_instances: int = 300
    instance_wait_s: float = 0.0
    policies: bool = True
    empty: bool = False
    unknowns: Unknowns = field(default_factory=Unknowns)
    delays: Delays | None = None
    region: str = REGION
    command: str = "a local cloud"


@dataclass(frozen=True)
class Address:
    """Where a running local cloud is; in `cloud.json` in its state directory while it runs."""

    pid: int
    gateway: str
    trtc: str
    cos: str

    def write(self, state_dir: Path) -> None:
        """Tell others; the file is replaced whole."""
        _write_private(state_dir / "cloud.json", asdict(self))

    @staticmethod
    def read(state_dir: Path) -> Address | None:
        """Return the address of the cloud that was last started here, if any; it may be gone."""
        try:
            return Address(**json.loads(regular.read(state_dir / "cloud.json")))
        except (OSError, ValueError, TypeError):
            return None


def _known(path: Path) -> dict[str, str]:
    try:
        known = json.loads(regular.read(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StateError(f"{path} can't be read: {error.strerror}") from None
    except ValueError:
        known = None
    names = {each.name for each in fields(Keys)}
    if not isinstance(known, dict) or not all(name in names and isinstance(key, str) for name, key in known.items()):
        raise StateError(f"{path} is not as it was written: remove it, and new keys are made")
    return known


def _write_private(path: Path, value: dict[str, object]) -> None:
    """Write a file whole or not at all, for its owner alone.

    Raises:
        StateError: the disk does not take it.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(value, file)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise StateError(f"{path} can't be written: {error.strerror}") from None
