"""Look into a film: its boxes or its playlist, no decoder. Pure, total and bounded, whatever the bytes.

The file is read in ranges by a callable. What comes out is what can be told and what the figures were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from shared.domain.film import hls
from shared.domain.film.boxes import BEGINNINGS, Box, find, outer
from shared.domain.film.figures import TOO_FEW, Seconds, emptiness, picture_of, sound_of
from shared.domain.film.limits import LIMITS
from shared.domain.film.reader import Budget, FilmError, Read, Reader, ReadStopped
from shared.domain.film.rules import MOST_STRETCHES, clock, findings
from shared.domain.film.tables import MOST_INDEX, Track, tracks
from shared.domain.film.verdict import FilmCheck, FilmFinding, Flaw, Verdict, verdict
from shared.domain.film.walk import walk


def inspect(
    name: str, read: Read, size: int, budget: Budget, *, open_: hls.Open | None = None, off: Collection[Flaw] = ()
) -> FilmCheck:
    """Look into a file of this name (`.m3u8` is a playlist) and size; `read` reads a range of it.

    `budget` bounds and counts what it costs, `open_` opens files beside a playlist, findings that are `off` stay out.
    """
    try:
        seen = _Look(Reader(read, size, budget), budget)
        if size == 0:
            seen.found.append(FilmFinding(code=Flaw.EMPTY, words="The file has no bytes."))
        elif name.lower().endswith(".m3u8"):
            seen.playlist(open_)
        elif name.lower().endswith(NOT_FILMS):
            return FilmCheck(verdict=Verdict.UNCHECKED, why="only MP4 and HLS can be checked")
        else:
            seen.mp4()
    except FilmError as error:
        seen.found = [FilmFinding(code=Flaw.UNPLAYABLE, words=f"The film can't be played: it {error}.")]
    except ReadStopped as error:
        return FilmCheck(verdict=Verdict.UNCHECKED, why=str(error), again=error.again, figures=seen.cost())
    except Exception as error:  # noqa: BLE001 (a stranger's bytes: no shape of theirs may fail the invocation)
        words = f"The film can't be played: it could not be read ({type(error).__name__})."
        seen.found = [FilmFinding(code=Flaw.UNPLAYABLE, words=words)]
    found = [one for one in seen.found if one.code not in off][:MOST_STRETCHES]
    length = round(seen.seconds, 2) if seen.seconds is not None else None
    return FilmCheck(
        verdict=verdict(found), seconds=length, findings=found, untold=seen.untold, figures=seen.figures | seen.cost()
    )


NOT_FILMS = (".ts", ".aac", ".mp3", ".json", ".txt", ".jpg", ".png", ".webm", ".mkv", ".flv")


class _Look:
    def __init__(self, reader: Reader, budget: Budget) -> None:
        self._reader, self._budget = reader, budget
        self.seconds: float | None = None
        self.found: list[FilmFinding] = []
        self.untold: list[str] = []
        self.figures: dict[str, Any] = {}

    def cost(self) -> dict[str, Any]:
        """Return what it cost so far."""
        return {"reads": self._budget.used_reads, "read_bytes": self._budget.used_size}

    def mp4(self) -> None:
        reader, index, torn, boxes = self._reader, None, False, outer(self._reader)
        while (box := _next(boxes, behind=index is not None)) is not None:
            if box.at == 0 and box.kind not in BEGINNINGS:
                raise FilmError("is no MP4")
            if box.end > reader.size:
                torn = index is None or box.kind == b"mdat"
                break
            if box.kind == b"moov":
                index = index or box  # players take the first
            elif index is not None and box.kind in (b"mdat", b"moof", b"sidx"):
                break
        if index is None:
            raise FilmError("breaks off before its index (moov)" if torn else "has no index (moov)")
        self._indexed(index, torn=torn)

    def _indexed(self, index: Box, *, torn: bool) -> None:
        reader = self._reader
        if index.size > MOST_INDEX:
            raise ReadStopped(f"its index is larger than {MOST_INDEX >> 20} MiB")
        content = memoryview(reader.whole(index.at, index.size))[index.head :]
        found, places = tracks(content, reader), None
        ends = True
        if find(content, b"mvex") is not None:
            seen = walk(reader, index, content, found)
            self.figures["fragments"], self.figures["cut"] = seen.count, seen.cut
            places, ends = seen.count if seen.partial else None, seen.ends
            if not seen.count and not any(len(track.sizes) for track in found):
                self.seconds = 0.0
                self.found.append(FilmFinding(code=Flaw.EMPTY, words="The film ends before its first picture."))
                return
        elif torn:
            raise FilmError("breaks off in the middle")
        del content
        self._judge(found, None, places)
        self.seconds = self.seconds if ends else None

    def playlist(self, open_: hls.Open | None) -> None:
        reader = self._reader
        if reader.size > hls.MOST_PLAYLIST:
            raise ReadStopped(f"its playlist is larger than {hls.MOST_PLAYLIST >> 20} MiB")
        if open_ is None:
            raise ReadStopped("its segments are not at hand")
        text = reader.whole(0, reader.size).decode("utf-8", "replace")
        named = hls.parse(text)
        self.figures |= {"segments": len(named.segments), "closed": named.closed}
        self.seconds = named.seconds
        if not named.segments:
            self.found.append(FilmFinding(code=Flaw.EMPTY, words="The playlist names no segment."))
            return
        found, missing, partial = hls.look(named, open_, self._budget)
        self.figures["missing"] = len(missing)
        if len(missing) == len(named.segments):
            raise FilmError("has none of the segments that its playlist names")
        places = min(hls.LOOKED_AT, len(named.segments)) if partial else None
        self._judge(found, named.seconds, places)
        for begin_s, end_s in _joined(missing)[:MOST_STRETCHES]:
            words = f"Segments are missing or empty from {clock(begin_s)} to {clock(end_s)}."
            begin, end = int(begin_s * 1000), int(end_s * 1000)
            self.found.append(FilmFinding(code=Flaw.UNPLAYABLE, words=words, from_ms=begin, to_ms=end))

    def _judge(self, found: list[Track], seconds: float | None, places: int | None) -> None:
        by_size = sorted((track for track in found if len(track.sizes)), key=lambda track: -sum(track.sizes))
        pictures = [track for track in by_size if track.kind == "vide"]
        pictures.sort(key=lambda track: len(track.sizes) < TOO_FEW)  # a cover is no film
        sounds = [track for track in by_size if track.kind == "soun"]
        if not by_size:
            raise FilmError("has neither picture nor sound")
        self.seconds = seconds if seconds is not None else max(track.seconds for track in by_size)
        whole = -int(-self.seconds // 1) if places is None else 0
        picture: Seconds | None = None
        blankness = None
        if pictures:
            picture = picture_of(pictures[0], partial=places is not None).until(whole)
            if picture.nothing:
                blankness = emptiness(pictures[0])
                picture.figures.update({} if blankness is None else {"emptiness": blankness})
            self.figures["picture"] = picture.figures
        sound = None
        if sounds:
            sound = sound_of(sounds[0], partial=places is not None).until(whole)
            self.figures["sound"] = sound.figures
        elif places is not None and any(track.kind == "soun" for track in found):
            sound = Seconds([], {}, told=False)  # none of its samples lies where the film was looked at
        if places is not None:
            self.figures["places"] = places
        self.untold = [
            name for name, seen in (("motion", picture), ("sound", sound)) if seen is not None and not seen.told
        ]
        if self.seconds < LIMITS.still_least_s and picture is not None and "motion" not in self.untold:
            self.untold += ["motion"] if picture.nothing and blankness is None else []
        self.found += findings(picture, sound, blankness, self.seconds, places)


def _joined(missing: list[hls.Segment]) -> list[tuple[float, float]]:
    """Return the stretches that segments one behind the other make."""
    found = list[tuple[float, float]]()
    for one in missing:
        begin = found.pop()[0] if found and found[-1][1] == one.at_s else one.at_s
        found.append((begin, one.at_s + one.seconds))
    return found


def _next(boxes: Iterator[Box], *, behind: bool) -> Box | None:
    """Return the next box; None where what stands `behind` an index is none, such as a tag that an editor wrote."""
    try:
        return next(boxes, None)
    except FilmError:
        if behind:
            return None
        raise
    except ReadStopped as stopped:
        if behind and not stopped.again:
            return None
        raise
