// Watching: MP4 by the browser itself, HLS by hls.js through the signed playlist.

// hls.js is loaded when it is first needed. Trusted Types ask that script addresses are made in one place: here.
const scripts = { createScriptURL: (address) => {
  if (address !== beside('console/hls.js')) throw new TypeError(address);
  return address;
} };
const trusted = globalThis.trustedTypes?.createPolicy('console', scripts) ?? scripts;
let hlsLoading = null;

function loadHls() {
  hlsLoading ??= new Promise((done, failed) => {
    const script = h('script', {});
    script.src = trusted.createScriptURL(beside('console/hls.js'));
    script.onload = () => done(globalThis.Hls);
    script.onerror = () => { hlsLoading = null; failed(new Problem(0)); };
    document.head.append(script);
  });
  return hlsLoading;
}

// The playlist's address is relative to ours, under whatever base path we are.
function playlistOf(item) {
  const known = /^recordings\/[\w-]{1,26}\/playlist\?file=[^#]*$/.test(item?.playlist_url ?? '');
  return known ? beside(item.playlist_url) : null;
}

// The page may read files of the bucket alone (its policy says so); those of other places can be downloaded.
const FILES = document.querySelector('meta[name=files]').content;
function readable(text) {
  const address = webAddress(text);
  return address !== null && [FILES, location.origin].includes(new URL(address).origin);
}

// What can be watched of a recording: a playlist is the whole of it, a segment nothing by itself.
const watchable = (recording) => (recording.files ?? [])
  .filter((file) => playlistOf(file) || (readable(file.url) && !/\.(ts|m3u8)$/.test(file.name)))
  .map((file) => ({
    name: file.name, playlist: playlistOf(file), url: file.url, from: file.start_ms,
    to: file.end_ms ?? file.start_ms + file.duration_ms,
  }));

// `renew()` gives the recording anew: signed addresses end.
function player(renew) {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const video = h('video', { controls: true, playsinline: true, preload: 'metadata', 'aria-label': t('player') });
  const name = h('figcaption', { class: 'id' });
  // All parts on one line, with gaps and findings; a slider over it is where the film is.
  const bars = h('span', { class: 'track' });
  const slider = h('input', { type: 'range', step: 'any', 'aria-label': t('player.line') });
  const line = h('div', { class: 'whole-line', hidden: true }, bars, slider);
  const element = h('figure', { class: 'player', hidden: true }, video, line, problem, name);
  let hls = null, playing = null, renewed = 0, items = [], drawn = '', held = false;

  const say = (text) => { problem.replaceChildren(...[text].flat()); problem.hidden = !text; };
  async function open(item, from = 0, start = false) {
    hls?.destroy();
    hls = null;
    playing = item;
    name.textContent = item.name;
    element.hidden = false;
    say('');
    if (item.playlist) await openHls(item.playlist, from);
    else video.src = item.url;
    if (from) video.currentTime = from;
    if (start) video.play().catch(() => { /* the reader presses play */ });
  }
  async function openHls(playlist, from) {
    const Hls = await loadHls();
    if (!Hls.isSupported()) return say(t('player.unsupported'));
    hls = new Hls({
      enableWorker: false,
      startPosition: from || -1,
      // A playlist may name any address. The token is for its own and for the segments of its recording alone.
      xhrSetup: (request, address) => {
        const [to, own] = [new URL(address, playlist), new URL(playlist)];
        const beside = [own.pathname, own.pathname.replace(/playlist$/, 'segment')].includes(to.pathname);
        if (to.origin === own.origin && beside && session.token) {
          request.setRequestHeader('Authorization', `Bearer ${session.token}`);
        }
      },
    });
    hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) failed(); });
    hls.loadSource(playlist);
    hls.attachMedia(video);
  }
  // An address that ended is asked for anew, and the film goes on where it was; twice in a minute is another trouble.
  async function failed() {
    if (!playing || Date.now() - renewed < 60_000) return say(t('player.failed'));
    renewed = Date.now();
    try {
      const same = watchable(await renew()).find((item) => item.name === playing.name);
      if (same) await open(same, video.currentTime, !video.paused);
      else say(t('player.failed'));
    } catch (error) {
      say(error instanceof Problem ? error.told : t('player.failed'));
    }
  }
  const begin = (...what) => open(...what).catch((error) => say(error.told ?? t('player.failed')));

  function draw(recording) {
    items = watchable(recording);
    const timed = items.length > 0 && items.every((each) => each.from && each.to > each.from);
    const words = JSON.stringify([items.map((each) => [each.from, each.to]), recording.gaps, recording.film_findings]);
    line.hidden = !timed;
    if (!timed || words === drawn) return;
    drawn = words;
    const from = Math.min(...items.map((each) => each.from)), to = Math.max(...items.map((each) => each.to));
    const { bar } = onTime(from, to);
    swap(bars, items.map((each) => bar('file', each.from, each.to, each.name)), gapBars(recording, bar), foundBars(recording, bar));
    Object.assign(slider, { min: from, max: to });
    follow();
  }
  function follow() {
    if (held || line.hidden || !playing) return;
    slider.value = playing.from + video.currentTime * 1000;
    slider.setAttribute('aria-valuetext', `${duration(slider.value - slider.min)} / ${duration(slider.max - slider.min)}`);
  }
  // In a gap nothing is to be seen: what comes after it is.
  function jump() {
    const ms = Number(slider.value), item = items.find((each) => ms < each.to) ?? items.at(-1);
    const offset = Math.max(0, ms - item.from) / 1000;
    held = false;
    if (item.name === playing?.name) video.currentTime = offset;
    else begin(item, offset, !video.paused || video.ended);
  }
  slider.addEventListener('input', () => { held = true; });
  slider.addEventListener('change', jump);
  video.addEventListener('timeupdate', follow);
  video.addEventListener('ended', () => {
    const next = items[items.findIndex((each) => each.name === playing.name) + 1];
    if (next) begin(next, 0, true);
  });
  video.addEventListener('error', () => { if (!hls) failed(); });
  return {
    element,
    show(recording) {
      draw(recording);
      if (items[0] && !playing) begin(items[0]);
    },
    play(recording, wanted) {
      draw(recording);
      const item = items.find((each) => each.name === wanted) ?? items[0];
      if (!item) return;
      begin(item, 0, true);
      element.scrollIntoView({ block: 'nearest' });
      video.focus();
    },
    close() { hls?.destroy(); video.removeAttribute('src'); },
  };
}
