// The list: the newest recordings first, alive, a page at a time.

const PACE_LIST_MS = { moving: 4_000, still: 15_000 };

function showList(query) {
  const banner = h('div', { 'aria-live': 'polite' });
  const body = h('div', { class: 'rows' }, loading());
  frame('list', t('list.title'),
    h('div', { class: 'head' }, h('h1', {}, t('list.title')), idSearch(),
      h('a', { class: 'button primary', href: '#/new' }, t('nav.new'))),
    filterBar(query), banner, body);

  const asked = new URLSearchParams({ limit: '50' });
  // Not every gateway hands a repeated parameter on whole; the API takes several in one.
  for (const name of [...FILTERS, 'cursor']) if (query.has(name)) asked.set(name, query.getAll(name).join(','));
  const states = new Map();
  let etag, shown = '', moving = true;
  const look = async () => {
    const answer = await call('GET', `recordings?${asked}`, { etag });
    if (answer.status === 304) return 'same';
    etag = answer.etag;
    const page = answer.body, text = JSON.stringify(page);
    if (text === shown) return 'same';
    shown = text;
    moving = page.recordings.some((each) => !isFinal(each));
    sayChanges(states, page.recordings);
    swap(body, page.recordings.length ? table(page.recordings) : nothing(query, page), pager(query, page));
    return 'changed';
  };
  poll(look, () => (moving ? PACE_LIST_MS.moving : PACE_LIST_MS.still), (problem) => {
    swap(banner, problem && trouble(problem));
    if (problem && !shown) swap(body);
  });
}

const trouble = (problem) => h('p', { class: 'banner problem' }, problem.told,
  h('button', { type: 'button', 'data-key': 'again', onclick: () => polling.now() }, t('again')));

// Screen readers hear what became of recordings that were listed before.
function sayChanges(states, recordings) {
  const news = recordings.filter((each) => states.has(each.recording_id) && states.get(each.recording_id) !== each.state);
  for (const each of recordings) states.set(each.recording_id, each.state);
  if (news.length > 3) announce(t('list.changes', { count: news.length }));
  else if (news.length) announce(news.map((each) => stateWords(each)).join(' '));
}

const stateWords = (recording) =>
  t('live.state', { id: recording.recording_id, state: SHAPES[recording.state] ? t(`state.${recording.state}`) : recording.state });

// By its code; what a later release's code means, only the API's own words say. Those hold TRTC's, and are shown beside.
function reasonWords(recording) {
  const code = recording.reason_code;
  const before = recording.state === 'completed' && code !== 'ended_at_limit' ? t('reason.partial')
    : recording.state === 'queued' && /^(page|recorder)_/.test(code) ? t('reason.again') : '';
  const english = language === 'en';
  const words = (code !== 'other' || !english) && (said(`reason.${code}`) ?? (!english && t('reason.other')));
  return words ? before + words : recording.reason;
}

function table(recordings) {
  const columns = ['state', 'page', 'labels', 'created', 'length', 'files'];
  return h('table', { class: 'list' },
    h('caption', { class: 'unseen' }, t('list.title')),
    h('thead', {}, h('tr', {}, columns.map((each) => h('th', { scope: 'col', class: `c-${each}` }, t(`column.${each}`))))),
    h('tbody', {}, recordings.map(row)));
}

function row(recording) {
  const files = recording.files ?? [];
  const bytes = files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  const href = `#/recordings/${encodeURIComponent(recording.recording_id)}`;
  const filed = files.length && (bytes ? `${files.length} · ${size(bytes)}` : `${files.length}`), length = lengthOf(recording);
  return h('tr', {},
    h('td', { class: 'c-state' }, badge(recording.state), filmMark(recording)),
    h('td', { class: 'c-page' },
      h('a', { class: 'whole', href, 'data-key': recording.recording_id }, shortAddress(recording.page_url)),
      h('span', { class: 'id' }, recording.recording_id),
      recording.reason && h('span', { class: 'why', title: recording.reason }, reasonWords(recording))),
    h('td', { class: 'c-labels' }, labelTags(recording.labels)),
    h('td', { class: 'c-created' }, WAITING.has(recording.state) && recording.start_at_ms
      ? [h('span', { class: 'nothing' }, t('list.starts')), ' ', time(recording.start_at_ms)] : time(recording.created_ms)),
    h('td', { class: `c-length ${length === '–' ? 'none' : ''}` }, length),
    h('td', { class: `c-files ${filed ? '' : 'none'}` }, filed || '–'));
}

// The film check's verdict, where it is one to look at.
function filmMark({ film }) {
  const tone = film === 'bad' ? 's-failed' : film === 'suspect' && 's-paused';
  return tone && [' ', h('span', { class: `badge ${tone}`, 'data-film': film }, t(`film.${film}`))];
}

function lengthOf(recording) {
  const runs = recording.started_ms && ['recording', 'paused'].includes(recording.state);
  return runs ? h('span', { 'data-since': recording.started_ms }, duration(Date.now() - recording.started_ms))
    : duration(recording.duration_ms);
}

function labelTags(labels) {
  return Object.entries(labels ?? {}).map(([name, value]) =>
    h('a', {
      class: 'tag', href: listAddress(new URLSearchParams([['label', `${name}:${value}`]])), title: t('filter.by'),
    }, h('b', {}, name), ` ${value}`));
}

// Host and path; the scheme is noise in a list.
function shortAddress(address) {
  const href = webAddress(address);
  if (!href) return address;
  const url = new URL(href);
  return `${url.host}${url.pathname === '/' ? '' : url.pathname}${url.search}`;
}

function nothing(query, page) {
  if (page.next_cursor) return h('p', { class: 'card empty' }, t('list.none.here'));
  if (query.has('cursor')) return h('p', { class: 'card empty' }, t('list.none.more'));
  return isFiltered(query)
    ? h('div', { class: 'card empty' }, h('p', {}, t('list.none.filtered')),
      h('a', { class: 'button', href: '#/' }, t('filter.clear')))
    : h('div', { class: 'card empty' }, h('p', {}, t('list.none')), h('a', { class: 'button primary', href: '#/new' }, t('list.first')));
}

function pager(query, page) {
  const newest = changed(query, () => {});
  const older = changed(query, (next) => next.set('cursor', page.next_cursor));
  return h('nav', { class: 'pager', 'aria-label': t('pager') },
    query.has('cursor') && h('a', { class: 'button', href: listAddress(newest), 'data-key': 'newest' }, `← ${t('pager.newest')}`),
    page.next_cursor && h('a', { class: 'button', href: listAddress(older), 'data-key': 'older' }, `${t('pager.older')} →`));
}
