// Calls of the API, with the token of this tab, beside the page: under any stage or base path, on this origin alone.

// Whole, of plain segments: as a path `//other.host/` would be the address of another host.
const BASE = location.pathname.match(/^((?:\/[\w.~%-]+)*\/)console\/?$/)?.[1] ?? '/';
const TOKEN = 'webrecord.token';
const session = {
  get token() { return sessionStorage.getItem(TOKEN) ?? ''; },
  set token(value) { if (value) sessionStorage.setItem(TOKEN, value); else sessionStorage.removeItem(TOKEN); },
  open: false, // the deployment asks for no token
};

// The address of what is beside the page. Nothing that a token goes to is made in another way.
function beside(path) {
  const address = new URL(location.origin + BASE + path);
  if (address.origin !== location.origin) throw new Problem(0);
  return address.href;
}

// What the API refused, or that it could not be reached (status 0).
class Problem extends Error {
  constructor(status, body = {}, retryAfterS = 0) {
    super(body.detail || body.title || '');
    Object.assign(this, { status, body, retryAfterS, errors: Array.isArray(body.errors) ? body.errors : [] });
  }

  // The API's own words.
  get own() { return [this.body.title, this.body.detail].filter(Boolean).join(': '); }

  // What went wrong and what to do. In another language than English by codes, with the API's own words folded behind it.
  get told() {
    if (!this.status) return [t('problem.network')];
    const named = said(`problem.${`${this.body.type}`.split(':').pop()}`);
    const known = this.status === 404 ? 'problem.404' : this.status >= 500 ? `problem.${this.status === 503 ? 503 : 500}` : '';
    const todo = known ? ` ${t(known, { id: this.body.request_id ?? '–' })}` : '';
    const ended = (text) => `${text.replace(/[.。]?$/, language === 'zh' ? '。' : '.')}${todo}`;
    if (language === 'en') return [ended(this.own || t('problem.status', { status: this.status }))];
    const fields = this.errors.flatMap((each) => ['；', `${each.path}${COLON}`, wrongWords(each)]);
    return [ended(named ?? t('problem.status', { status: this.status })), ...fields.slice(1), ' ', original(this.own)];
  }
}

// Returns {status, body, etag}; body is null for 204 and 304. Throws Problem.
async function call(method, path, { body, key, etag, token = session.token, trying = false } = {}) {
  const address = beside(path), headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (method === 'POST') headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  if (etag) headers['If-None-Match'] = etag;
  let reply, text;
  try {
    reply = await fetch(address, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', credentials: 'omit',
      mode: 'same-origin', redirect: 'error',
    });
    text = await reply.text();
  } catch {
    throw new Problem(0);
  }
  if (reply.status === 304) return { status: 304, body: null, etag };
  let answer = null;
  try { answer = text ? JSON.parse(text) : null; } catch { /* a gateway's own page: its status says enough */ }
  if (reply.status === 401 && !trying) signOut(t('signin.expired'));
  if (!reply.ok) throw new Problem(reply.status, answer ?? {}, Number(reply.headers.get('Retry-After')) || 0);
  return { status: reply.status, body: answer, etag: reply.headers.get('ETag') };
}

// Only an id becomes a part of an address: `..` would lead to another route.
function pathOf(id, rest = '') {
  if (!/^[\w-]{1,26}$/.test(id)) throw new Problem(404, { title: t('recording.none') });
  return `recordings/${id}${rest}`;
}

const FINAL = new Set(['completed', 'failed', 'lost', 'cancelled']);
const WAITING = new Set(['scheduled', 'queued']);
const isFinal = (recording) => FINAL.has(recording.state);
