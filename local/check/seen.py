"""What was seen of a page, as plain values: gathered by `visit`, judged by `judge`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Load(NamedTuple):
    """A document in the top frame; `asked` when the check itself opened or reloaded it."""

    url: str
    asked: bool


class Failure(NamedTuple):
    """A request that failed or was answered 4xx or 5xx; `kind` is the browser's: Script, Font, Document …"""

    kind: str
    url: str
    why: str
    blocked: str = ""


class Mixed(NamedTuple):
    """An http part of an https page."""

    url: str
    blocked: bool


class Media(NamedTuple):
    """A video or audio element at the end of the look."""

    paused: bool = True
    time_s: float = 0.0
    muted: bool = False
    error: int = 0
    played: bool = False
    """The page called play(), or the element began by itself."""
    refused: str = ""
    """How play() was rejected: `NotAllowedError`."""
    autoplay: bool = False


class Gl(NamedTuple):
    """A WebGL or WebGPU context and the area of its picture on the page, in CSS pixels."""

    kind: str
    area: float


class Frame(NamedTuple):
    """A frame of the page and its share of the visible area."""

    url: str
    share: float


class Look(NamedTuple):
    """The top document at the end."""

    title: str = ""
    text: str = ""
    letters: int = 0
    over_x: int = 0
    over_y: int = 0
    """CSS pixels that the page is wider and taller than what is recorded."""
    below: bool = False
    """There is text below what is recorded."""
    passwords: int = 0
    login_share: float = 0.0
    """Share of the page's text that is in the form with the password."""
    fields: int = 0
    identity: bool = False
    """The one field is for an e-mail address or a user name."""
    buttons: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    cover: float = 0.0
    """Share of nine points of the page that a dialog or banner covers."""
    cover_text: str = ""
    scripts: tuple[str, ...] = ()
    """Scripts in the text that many machines have no font for."""
    web_fonts: int = 0
    point: tuple[float, float] | None = None
    """Where a click meets nothing that answers to it."""


class Picture(NamedTuple):
    """A picture of the page, made small."""

    spread: float
    """Standard deviation of its brightness, 0 to 255."""
    values: int
    """How many values of brightness there are."""


@dataclass
class Visit:
    """One visit to a page."""

    error: str = ""
    """Why there is no page, in the recorder's words; empty when it came."""
    status: int | None = None
    mime: str = ""
    login: str = ""
    """Scheme of the HTTP login that the page asks for."""
    hops: list[str] = field(default_factory=list)
    """Addresses the server redirected to."""
    loads: list[Load] = field(default_factory=list)
    ready_s: float | None = None
    """Seconds from the page's load to its first notifyReady()."""
    ready_again: bool = False
    """notifyReady() came, but only after a reload."""
    crashed: bool = False
    stuck: bool = False
    """The page did not answer the check in time."""
    slow: bool = False
    """Nor could it: it got too little of a processor."""
    starved: bool = False
    """The page had work nearly all the time, and a processor for less than half of it."""
    dialogs: list[str] = field(default_factory=list)
    popups: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    mixed: list[Mixed] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    """Live connections that failed."""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    protected: list[str] = field(default_factory=list)
    speech: bool = False
    fullscreen: bool = False
    gl_worker: bool = False
    audio_refused: bool = False
    media: list[Media] = field(default_factory=list)
    audio: list[str] = field(default_factory=list)
    """States of audio contexts."""
    gl: list[Gl] = field(default_factory=list)
    broken: str = ""
    """Why the page came in part only."""
    lost: Failure | None = None
    """The address that the page led to at last, and that can't be opened."""
    awaited: str = ""
    """The address that the page led to, and that does not answer."""
    look: Look | None = None
    pictures: list[Picture] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    """Pixels that differ from one small picture to the next."""
    picture_s: float = 0.0
    """The longest that the browser took for a picture, or had a processor for it."""
    cores: float = 0.0
    """Processors that the page's process used."""
    frame_texts: list[str] = field(default_factory=list)
    """Of frames with a player."""
    peak: int = 0
    """The loudest sample, 0 to 32768."""
    deaf: str = ""
    """Why the page can't be heard on this machine."""
    refused: bool = False
    """Without permission something in the page waits for a visitor's gesture."""
    woken: bool = False
    """A click then started all of it."""


class Asked(NamedTuple):
    """What the check was asked for."""

    url: str
    seconds: float = 4.0
    ready_timeout_s: int = 0
    size: tuple[int, int] = (1280, 720)
    """The page's viewport, CSS pixels."""
    local: bool = False
    """Private addresses are fine: it is recorded by the local cloud."""
    addresses: tuple[str, ...] = ()
    """What the host resolves to; empty where that is not known."""
    now_s: float = 0.0
    """Epoch seconds."""
