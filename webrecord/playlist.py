"""HLS playlists: which segments they name, and the same playlist for files that lie side by side. Pure."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from webrecord.download import safe_name
from webrecord.errors import RecordingFailed
from webrecord.words import t


def segments(text: str) -> dict[str, str]:
    """Return file name → address of each segment, in order.

    Raises:
        RecordingFailed: it is no playlist, or a segment has no address of its own or no name.
    """
    if not text.lstrip("\ufeff").startswith("#EXTM3U"):
        raise RecordingFailed(t("the playlist is invalid: it does not begin with #EXTM3U"))
    found: dict[str, str] = {}
    for address in (line.strip() for line in text.splitlines() if _is_address(line)):
        if _split(address).scheme not in ("http", "https") and not is_ours(address):
            raise RecordingFailed(t("the playlist names {address!r}, which can't be fetched", address=address[:80]))
        found[_name(address)] = address
    return found


def side_by_side(text: str) -> str:
    """Return the playlist with each segment's address replaced by its file name."""
    return "".join(f"{_name(line) if _is_address(line) else line}\n" for line in text.splitlines())


def _is_address(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip("\ufeff").startswith("#")


def is_ours(address: str) -> bool:
    """Tell whether the API gives the segment's address by a call of its own."""
    return address.startswith("segment?")


def _name(address: str) -> str:
    if is_ours(address.strip()):
        return safe_name(dict(parse_qsl(_split(address.strip()).query)).get("name"))
    return safe_name(unquote(_split(address.strip()).path.rpartition("/")[2]))


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        raise RecordingFailed(
            t("the playlist names {address!r}, which is not an address", address=address[:80])
        ) from None
