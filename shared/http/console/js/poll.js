// Asking again and again: quickly while something moves, slowly when nothing does, hardly ever when nobody looks.

const HIDDEN = 12;
const SLOWEST_MS = 60_000;
let polling = null;

// `look()` returns 'same', or anything else when something changed, and throws Problem; `paceMs()` is the usual wait,
// `onProblem(problem or null)` hears of trouble and of its end. One poll at a time: a new view ends the old one.
function poll(look, paceMs, onProblem) {
  polling?.stop();
  let timer = 0, stopped = false, busy = false, quiet = 0, failed = 0;

  const later = (wait) => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(run, document.hidden ? wait * HIDDEN : wait);
  };
  async function run() {
    if (busy || stopped) return;
    busy = true;
    let wait = 0;
    try {
      quiet = (await look()) === 'same' ? quiet + 1 : 0;
      if (!stopped && failed) onProblem(null);
      failed = 0;
      wait = Math.min(SLOWEST_MS, paceMs() * (1 + Math.floor(quiet / 5)));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      failed += 1;
      wait = Math.max(problem.retryAfterS * 1000, Math.min(SLOWEST_MS, paceMs() * 2 ** failed));
      if (!stopped) onProblem(problem);
    } finally {
      busy = false;
    }
    later(wait);
  }
  const seen = () => { if (!document.hidden) { quiet = 0; later(0); } };
  document.addEventListener('visibilitychange', seen);
  polling = {
    now: () => { quiet = 0; later(0); },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    },
  };
  run();
  return polling;
}
