"""Questions to the simulated site: what a tick costs, up to where that goes, and whether history costs anything."""

from __future__ import annotations

import gc
from dataclasses import replace

from testing.course import Course, Site
from testing.site import Simulation

PROBE_MINUTES = 25
STEP = 1.1
MAX_PROBES = 5


def course(site: Site) -> Course:
    """Play a site."""
    gc.disable()  # a million small objects that live to the end: the collector would look at them again and again
    try:
        return Simulation(site).play()
    finally:
        gc.enable()


def resized(site: Site, open_at_once: int, minutes: int) -> Site:
    """Return a site with more or fewer recordings of the same mean length, without bursts."""
    per_day = round(site.per_day * open_at_once / site.open_at_once)
    return replace(site, per_day=per_day, open_at_once=open_at_once, minutes=minutes, burst=0)


def limit(site: Site) -> list[Course]:
    """Play sites of several sizes until one keeps up and one, a step larger, does not; smallest first."""
    seen = {site.open_at_once: course(resized(site, site.open_at_once, PROBE_MINUTES))}
    first = seen[site.open_at_once]
    busy_ms = sorted(row.ms for row in first.ticks)[len(first.ticks) // 2]
    size = site.open_at_once
    if not first.behind and busy_ms:
        size = max(size, round(size * site.budget_s * 1000 / busy_ms / 250) * 250)
    while len(seen) < MAX_PROBES:
        if size not in seen:
            seen[size] = course(resized(site, size, PROBE_MINUTES))
        behind = {tried: played.behind for tried, played in seen.items()}
        if not all(behind.values()) and any(behind.values()):
            break
        size = round(min(seen) / STEP) if all(behind.values()) else round(max(seen) * STEP)
    return [seen[tried] for tried in sorted(seen)]


def flat(site: Site, finished: int) -> tuple[Course, Course]:
    """Play the same load on an empty store and on one that holds so many finished recordings."""
    return course(site), course(replace(site, finished=finished))
