// Runs in every document before the page's own scripts, and tells the check what the page asks of its browser.
(() => {
  "use strict";
  let last = "";
  const send = window.__checkSaw, write = JSON.stringify, every = setInterval.bind(window);
  const said = new Map();  // of each kind: what was said of it, once
  const say = (kind, what = {}) => {
    try {
      const line = write({kind, ...what}), before = said.get(kind) || new Set();
      if (before.has(line) || before.size >= 50) return;
      said.set(kind, before.add(line));
      send(line);
    } catch { /* the check is gone */ }
  };
  const wrap = (owner, name, after) => {
    const was = owner && owner[name];
    if (typeof was !== "function") return;
    owner[name] = new Proxy(was, {apply(target, self, given) {
      const result = Reflect.apply(target, self, given);
      try { after(self, given, result); } catch { /* never the page's business */ }
      return result;
    }});
  };
  const made = (name, keep) => {
    const was = window[name];
    if (typeof was !== "function") return;
    window[name] = new Proxy(was, {construct(target, given, as) {
      const one = Reflect.construct(target, given, as);
      if (keep.size < 50) keep.add(one);
      return one;
    }});
  };
  const caught = (promise, then) => promise && promise.catch && promise.catch(then);

  const media = new Map();
  const known = (one) => {
    if (!media.has(one) && media.size < 100) media.set(one, {played: false, refused: ""});
    return media.get(one) || {};
  };
  wrap(HTMLMediaElement.prototype, "play", (one, _, result) => {
    known(one).played = true;
    caught(result, (error) => { known(one).refused = String(error && error.name); });
  });
  const look = ({type, target: one}) => {
    if (!(one instanceof HTMLMediaElement)) return;
    const its = known(one);
    if (type === "playing") its.played = true;
    if (one.videoWidth) say("size", {w: one.videoWidth, h: one.videoHeight});
  };
  const watch = (root) => {
    for (const type of ["loadedmetadata", "resize", "playing", "error"]) root.addEventListener(type, look, true);
  };
  watch(document);
  wrap(Element.prototype, "attachShadow", (_, __, root) => watch(root));

  const audio = new Set(), peers = new Set();
  for (const name of ["AudioContext", "webkitAudioContext"]) made(name, audio);
  made("RTCPeerConnection", peers);

  const drawn = new Map();  // a canvas, or a size without one → the kind of its context
  const sources = new WeakMap();
  const gl = (one, [type], result) => {
    if (!result || !/^(experimental-)?webgl|^webgpu/.test(String(type)) || drawn.size >= 50) return;
    drawn.set(sources.get(one) || one, String(type).replace("experimental-", ""));
  };
  wrap(HTMLCanvasElement.prototype, "getContext", gl);
  if (window.OffscreenCanvas) wrap(OffscreenCanvas.prototype, "getContext", gl);
  wrap(HTMLCanvasElement.prototype, "transferControlToOffscreen", (one, _, off) => sources.set(off, one));
  const area = (one) => {
    if (!(one instanceof Element)) return one.width * one.height;
    const box = one.getBoundingClientRect();
    const wide = Math.min(box.right, innerWidth) - Math.max(box.left, 0);
    const high = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
    return one.isConnected && wide > 0 && high > 0 && getComputedStyle(one).visibility === "visible" ? wide * high : 0;
  };

  for (const name of ["getUserMedia", "getDisplayMedia"])
    wrap(window.MediaDevices && MediaDevices.prototype, name, () => say("device", {name}));
  for (const name of ["getUserMedia", "webkitGetUserMedia"])
    wrap(Navigator.prototype, name, () => say("device", {name: "getUserMedia"}));
  wrap(Navigator.prototype, "requestMediaKeySystemAccess", (_, [key], result) =>
    caught(result, () => say("protected", {key: String(key).slice(0, 80)})));
  for (const name of ["getVoices", "speak"])
    wrap(window.SpeechSynthesis && SpeechSynthesis.prototype, name, () => say("speech"));

  const sum = () => {
    for (const one of document.querySelectorAll("video, audio")) known(one);
    const state = {
      media: [...media].map(([one, its]) => ({paused: one.paused, time: one.currentTime, played: its.played,
        muted: one.muted || one.volume === 0, error: one.error ? one.error.code : 0, refused: its.refused,
        autoplay: one.autoplay, there: Boolean(one.isConnected || its.played)})),
      audio: [...audio].map((one) => one.state),
      peers: [...peers].map((one) => one.iceConnectionState),
      gl: [...drawn].map(([one, kind]) => ({kind, area: area(one)})),
      text: window !== top && media.size && document.body ? document.body.innerText.slice(0, 500) : "",
    };
    const text = write({kind: "state", ...state});
    if (text === last) return;
    last = text;
    send(text);
  };
  const tell = () => { try { sum(); } catch { /* the page has changed its browser's words */ } };
  Object.defineProperty(window, "__checkTell", {value: tell});
  every(tell, 400);
})();
