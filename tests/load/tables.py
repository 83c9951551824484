"""What was measured, as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from rich.table import Table

from testing.course import Course, TickRow
from tests.load.start import LoadResult

COS_A_SECOND = {"GET": 30_000, "PUT": 30_000, "DELETE": 30_000, "LIST": 1_000}
"""COS's rates of one bucket: reads, writes (PUT and DELETE together), listings."""
TRTC_CALLS = ("Start", "Describe", "Stop")


def load_table(result: LoadResult) -> Table:
    """Return what became of the requests of a load run."""
    plan, replies = result.plan, result.replies
    other = {status: count for status, count in replies.items() if status not in ("201", "202")}
    table = _table(f"{plan.requests} start requests at once", "", "")
    rows = {
        "recording lasts, connections": f"{plan.seconds:g} s, {plan.connections}",
        "timer": f"every {plan.tick_s:g} s (production: 60 s)",
        "TRTC waits for a callback": f"{plan.callback_timeout_s:g} s (documented: 5 s)",
        "replies 201 started": replies["201"],
        "replies 202 queued": replies["202"],
        "replies of any other kind": f"{sum(other.values())} {other or ''}",
        "all answered after": f"{result.accepted_s:.1f} s",
        "slowest reply": f"{result.slowest_reply_s:.1f} s",
        "completed": result.states["completed"],
        "in any other state": {state: n for state, n in result.states.items() if state != "completed"} or 0,
        "lost": len(result.lost),
        "started twice": len(result.twice),
        "recording at once, at most": result.most_at_once,
        "wait for the start": _quantiles(result.waits_s),
        "all over after": f"{result.duration_s:.1f} s",
        "TRTC's answers": _counts(result.api),
        "callback deliveries": _counts(result.callbacks),
        "stop requests sent again": _counts(result.stops_again) or 0,
        "invocations in the dead-letter list": result.dead_letters,
    }
    for what, value in rows.items():
        table.add_row(what, str(value))
    return table


def course_table(course: Course) -> Table:
    """Return what the ticks of a site cost, beside their limits."""
    site, ticks = course.site, course.ticks
    burst = f", {site.burst:,} more at the full hour" if site.burst else ""
    title = f"{site.per_day:,} recordings a day, {site.open_at_once:,} open{burst}; {len(ticks)} ticks"
    table = _table(title, "one tick", "median", "max", "limit")

    def row(what: str, of: Callable[[TickRow], float], limit: str = "") -> None:
        values = [of(tick) for tick in ticks]
        table.add_row(what, f"{median(values):,.6g}", f"{max(values):,.6g}", limit)

    row("duration, s", lambda tick: tick.ms / 1000, f"{site.budget_s:g}, then it begins nothing new")
    row("recordings open", lambda tick: tick.open_now)
    row("looks", lambda tick: tick.report.looked)
    row("starts", lambda tick: tick.report.started)
    row("silent recordings asked about", lambda tick: tick.report.asked)
    row("the last question was late by, s", lambda tick: tick.report.behind_s)
    row("left for the next tick: looks", lambda tick: tick.left, "0")
    row("left for the next tick: starts", lambda tick: tick.report.waiting)
    for name in ("GET", "PUT", "LIST", "DELETE"):
        row(f"COS {name}", lambda tick, name=name: tick.counts[name])  # type: ignore[misc]  # bound now
    for name in TRTC_CALLS:
        row(f"TRTC {name}", lambda tick, name=name: tick.counts[name])  # type: ignore[misc]  # bound now
    row("TRTC together", _trtc_calls, f"{site.pace * site.budget_s:g}: {site.pace:g} a second in {site.budget_s:g} s")
    row("errors", lambda tick: len(tick.report.errors), "0")
    return table


def rates_table(course: Course) -> Table:
    """Return the busiest second of all invocations together, beside the services' rates."""
    table = _table("the busiest second, ticks and all other invocations", "calls", "", "limit")
    for name, limit in COS_A_SECOND.items():
        table.add_row(f"COS {name}", f"{course.busiest.get(name, 0):,}", f"{limit:,}")
    for name in TRTC_CALLS:
        refused = f" (more were refused: {course.total()['refused']:,} in all)" if name == "Start" else ""
        calls = course.busiest.get(name, 0)
        shown = f"{calls:,}{refused if calls > course.site.per_second else ''}"
        table.add_row(f"TRTC {name}", shown, f"{course.site.per_second}")
    return table


def starts_table(course: Course) -> Table:
    """Return what became of the requests."""
    table = _table("requests", "", "")
    table.add_row("accepted", f"{course.accepted:,}")
    table.add_row("started", f"{len(course.waits_s):,}")
    table.add_row("started twice", f"{course.twice:,}")
    table.add_row("not started", _counts(course.states) or "0")
    table.add_row("wait for the start", _quantiles(course.waits_s))
    table.add_row("stop after its stop_at", _quantiles(course.stops_s))
    table.add_row("receiver told after the end", _quantiles(course.tellings_s))
    return table


def limit_table(courses: Sequence[Course]) -> Table:
    """Return up to where the ticks keep up."""
    measured = ("tick, s", "looks left", "asked every, min", "latest stop, s", "keeps up")
    table = _table("up to where", "open at once", "recordings a day", *measured)
    for course in courses:
        tick_s, left = median(tick.ms / 1000 for tick in course.ticks), course.ticks[-1].left
        asked = sum(tick.report.asked for tick in course.ticks) / len(course.ticks)
        every = course.ticks[-1].open_now / asked if asked else 0
        size, day = f"{course.site.open_at_once:,}", f"{course.site.per_day:,}"
        latest = f"{max(course.stops_s, default=0):.0f}"
        table.add_row(size, day, f"{tick_s:.1f}", f"{left:,}", f"{every:.0f}", latest, "no" if course.behind else "yes")
    return table


def flat_table(empty: Course, full: Course) -> Table:
    """Return the calls of the same load on an empty store and on one with history."""
    title = f"the same {len(empty.ticks)} ticks and requests with and without history (a tenth of the site)"
    table = _table(title, "finished recordings in the store", f"{empty.site.finished:,}", f"{full.site.finished:,}")
    for name in (*COS_A_SECOND, *TRTC_CALLS):
        table.add_row(f"calls {name}", f"{empty.total()[name]:,}", f"{full.total()[name]:,}")
    durations = [f"{sum(tick.ms for tick in course.ticks) / 1000:,.1f}" for course in (empty, full)]
    table.add_row("seconds of all ticks", *durations)
    return table


def _trtc_calls(tick: TickRow) -> int:
    return sum(tick.counts[name] for name in TRTC_CALLS)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=any(columns))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _counts(counted: dict[str, int]) -> str:
    return "\n".join(f"{name}: {count:,}" for name, count in sorted(counted.items()))


def _quantiles(seconds: list[float]) -> str:
    seconds = sorted(seconds)
    if not seconds:
        return "none"
    shown = {"median": seconds[len(seconds) // 2], "99 %": seconds[len(seconds) * 99 // 100], "longest": seconds[-1]}
    return ", ".join(f"{name} {value:,.1f} s" for name, value in shown.items())
