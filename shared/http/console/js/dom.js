// Building the page: elements made by name, texts as text nodes. Nothing is ever parsed as HTML.

const $ = (id) => document.getElementById(id);

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// h('a', {href, onclick}, 'text', child, …); null and false children are left out.
const h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
const svg = (tag, properties, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), properties, children);

// Shapes of the states, on a 16 × 16 grid: they differ without colour.
const SHAPES = {
  scheduled: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 2.5V8l2.5 1.5',
  queued: 'M3 4h10M3 8h10M3 12h6',
  starting: 'M5 3l8 5-8 5z',
  recording: 'M8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z',
  paused: 'M5.5 3.5v9M10.5 3.5v9',
  stopping: 'M4.5 4.5h7v7h-7z',
  uploading: 'M8 12V4M4.5 7.5 8 4l3.5 3.5M3.5 14h9',
  completed: 'M3 8.5l3.5 3.5L13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
  lost: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 13v.2',
  cancelled: 'M3.5 12.5l9-9M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z',
};
const FILLED = new Set(['recording', 'starting', 'stopping']);

const shape = (state) =>
  svg('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true', class: FILLED.has(state) ? 'shape filled' : 'shape' },
    svg('path', { d: SHAPES[state] ?? 'M8 7v2' }));

// A state, by colour, shape and word. Unknown ones (of a newer API) are shown as they are called.
const badge = (state) =>
  h('span', { class: `badge s-${SHAPES[state] ? state : 'unknown'}` }, shape(state),
    SHAPES[state] ? t(`state.${state}`) : String(state));

// Only http(s) becomes a link: an address from outside could be javascript: or data:.
function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

function outside(text, label = text) {
  const href = webAddress(text);
  return href ? h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, label) : h('span', {}, label);
}

// Replace what an element holds, and keep the focus where it was if the same thing (data-key) is there again.
function swap(element, ...children) {
  const active = document.activeElement;
  const key = active && element.contains(active) ? active.dataset.key : null;
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (key) [...element.querySelectorAll('[data-key]')].find((each) => each.dataset.key === key)?.focus();
}

// Tell screen readers; the same words twice are said twice.
function announce(text) {
  $('live').replaceChildren();
  setTimeout(() => $('live').append(text), 60);
}

const loading = () => h('p', { class: 'loading' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), t('loading'));
