"""What runs in every document before the page's own scripts, and the bindings it calls."""

from __future__ import annotations

READY = "__recorderReady"
TOO_LARGE = "__recorderTooLarge"
LARGEST = (1920, 1080)  # of a video in the page: long side, short side

# A raw binding wants exactly one string; pages call notifyReady with anything or nothing, which nobody reads.
_NOTIFY_READY = f"{{ const tell = window.{READY}; window.notifyReady = () => tell(''); }}"

# Events of media do not bubble, but they are captured on their way down: in the document, and in each shadow tree.
_WATCH_VIDEOS = f"""(() => {{
  const attach = Element.prototype.attachShadow;
  const look = ({{target: video}}) => {{
    if (!(video instanceof HTMLVideoElement)) return;
    const size = [video.videoWidth, video.videoHeight];
    if (Math.max(...size) > {LARGEST[0]} || Math.min(...size) > {LARGEST[1]}) window.{TOO_LARGE}(size.join("x"));
  }};
  const watch = (root) => {{
    for (const kind of ["loadedmetadata", "resize"]) root.addEventListener(kind, look, true);
    return root;
  }};
  Element.prototype.attachShadow = function (...a) {{ return watch(attach.apply(this, a)); }};
  watch(document);
}})();"""

SCRIPTS = (_NOTIFY_READY, _WATCH_VIDEOS)
