// One recording: what it is, what happened, what can be watched, what can be done.

const FIRST_FILES = 12;
const PACE_MS = { moving: 2_500, final: 30_000 };

function showRecording(id) {
  const banner = h('div', { 'aria-live': 'polite' });
  const body = h('div', { class: 'recording' }, loading());
  const back = h('p', { class: 'back' }, h('a', { href: '#/' }, `← ${t('nav.list')}`));
  frame('recording', id, back, banner, body);

  const sections = new Map();
  let recording = null, etag, shown = '';
  const renew = async () => {
    const answer = await call('GET', pathOf(id), { etag });
    if (answer.status === 304) return recording;
    etag = answer.etag;
    recording = answer.body;
    return recording;
  };
  const film = player(async () => { etag = undefined; return renew(); });
  frame.leave = () => film.close();
  const play = (name) => film.play(recording, name);

  // A part of the page is built anew only when what it shows has changed: a film goes on, a focus stays.
  const part = (name, shows, build, parent) => {
    const words = JSON.stringify(shows ?? null);
    const old = sections.get(name);
    if (old?.words === words) return;
    const element = old?.element ?? h('div', { class: `part part-${name}` });
    if (!old) parent.append(element);
    sections.set(name, { words, element });
    swap(element, build());
  };
  const look = async () => {
    const before = recording?.state;
    await renew();
    // A table that stays as it is has links that would end.
    const now = new Map((recording.files ?? []).map((file) => [file.name, webAddress(file.url)]));
    for (const link of body.querySelectorAll('a[data-file]')) link.href = now.get(link.dataset.file) ?? link.href;
    const text = JSON.stringify(recording, (key, value) => (key === 'url' || key === 'url_expires_ms' ? undefined : value));
    // What runs is drawn up to now.
    if (text === shown && (isFinal(recording) || WAITING.has(recording.state))) return 'same';
    const same = text === shown;
    shown = text;
    if (before && before !== recording.state) announce(stateWords(recording));
    if (!sections.size) swap(body);
    part('title', [recording.state, recording.page_url, recording.reason, recording.advice], () => titleOf(recording), body);
    part('findings', [recording.film, recording.film_reason, recording.film_findings], () => findingsOf(recording), body);
    if (!sections.has('film')) { sections.set('film', {}); body.append(film.element); }
    part('facts', text, () => facts(recording), body);
    part('drawing', [text, same && Date.now()], () => drawing(recording, play), body);
    part('story', recording.timeline, () => story(recording), body);
    part('files', [recording.files, recording.state].map(unsigned), () => fileTable(recording, play), body);
    if (!sections.has('events')) { sections.set('events', {}); body.append(rawEvents(id)); }
    film.show(recording);
    return same ? 'same' : 'changed';
  };
  poll(look, () => (isFinal(recording ?? {}) ? PACE_MS.final : PACE_MS.moving), (problem) => {
    if (problem?.status === 404 && !recording) {
      polling.stop();
      return swap(body, h('div', { class: 'card empty' }, h('h1', {}, t('recording.none')), h('p', {}, t('problem.404'))));
    }
    swap(banner, problem && trouble(problem));
    if (problem && !recording) swap(body);
    return undefined;
  });
}

const unsigned = (value) => JSON.parse(JSON.stringify(value ?? null, (key, each) =>
  (key === 'url' || key === 'url_expires_ms' ? Boolean(each) : each)));

function titleOf(recording) {
  const tone = recording.state === 'completed' ? 'note' : ['failed', 'lost'].includes(recording.state) ? 'bad' : 'warn';
  return [
    h('div', { class: 'head' },
      h('div', { class: 'names' },
        h('h1', {}, badge(recording.state), ' ', h('span', { class: 'id' }, recording.recording_id)),
        h('p', { class: 'address' }, outside(recording.page_url))),
      h('div', { class: 'buttons' }, actions(recording))),
    (recording.reason || recording.advice) && h('div', { class: `callout ${tone}` },
      recording.reason && h('p', {}, h('b', {}, `${t('recording.reason')} `), reasonWords(recording)),
      recording.reason && reasonWords(recording) !== recording.reason && original(recording.reason),
      recording.advice && h('p', {}, h('b', {}, `${t('recording.advice')} `),
        said(`advice.${recording.advice_code}`) ?? sentence('', recording.advice))),
  ];
}

// What the film check found. A later release's code has the API's words alone; a stretch counts from the file's beginning.
function findingsOf(recording) {
  const { film, film_reason: why, film_findings: found = [] } = recording;
  if (!film) return null;
  const times = ({ code, from_ms: from, to_ms: to }) => (from == null || to == null ? ''
    : code === 'gap' ? ` ${fullTime(from)} – ${fullTime(to)}` : ` ${duration(from)} – ${duration(to)}`);
  const tone = { good: 'note', bad: 'bad' }[film] ?? 'warn';
  return h('section', { class: `callout ${tone}`, 'aria-labelledby': 'h-findings' },
    h('h2', { id: 'h-findings' }, t('film.title'), ' ', said(`film.${film}`) ?? film),
    original(why),
    found.length > 0 && h('ul', {}, found.map((each) => h('li', {},
      h('p', {}, h('b', {}, said(`film.${each.code}`) ?? sentence('', each.words), times(each)), ' ', each.file && h('span', { class: 'id' }, each.file)),
      said(`film.${each.code}.do`) && h('p', {}, t('recording.advice'), ' ', said(`film.${each.code}.do`))))));
}

function actions(recording) {
  const id = recording.recording_id;
  const ask = (name, act, more = {}) => h('button', {
    type: 'button', 'data-key': name, class: name === 'stop' ? 'primary' : more.danger ? 'quiet-danger' : '',
    onclick: () => confirmed({ title: t(`${name}.title`), text: t(`${name}.text`, { id }), yes: t(`${name}.yes`), ...more }, act),
  }, t(name));
  const again = h('a', { class: 'button', href: `#/new?again=${encodeURIComponent(id)}` }, t('again.record'));
  if (isFinal(recording)) {
    return [again, ask('delete', async (files) => {
      await call('DELETE', pathOf(id, files ? '?files=true' : ''));
      announce(t('delete.done', { id }));
      location.hash = '#/';
    }, { danger: true, tick: (recording.files ?? []).length > 0 && t('delete.files') })];
  }
  if (WAITING.has(recording.state)) {
    return ask('cancel.start', async () => { await call('DELETE', pathOf(id)); polling.now(); }, { danger: true });
  }
  const stopping = ['stopping', 'uploading'].includes(recording.state);
  return !stopping && ask('stop', async () => { await call('POST', pathOf(id, '/stop')); polling.now(); });
}

const drawing = (recording, play) => h('section', { class: 'card', 'aria-labelledby': 'h-timeline' },
  h('h2', { id: 'h-timeline' }, t('timeline.title')),
  timeline(recording, play));

const story = (recording) => (recording.timeline ?? []).length > 0 && h('section', { class: 'card', 'aria-labelledby': 'h-story' },
  h('h2', { id: 'h-story' }, t('timeline.events')), happenings(recording.timeline));

function fileTable(recording, play) {
  const files = recording.files ?? [];
  const playable = new Set(watchable(recording).map((each) => each.name));
  const fileRow = (file) => h('tr', {},
    h('td', { class: 'c-name' }, h('span', { class: 'id' }, file.name)),
    h('td', {}, time(file.start_ms, { hint: false })),
    h('td', { class: 'number' }, duration(file.duration_ms)),
    h('td', { class: 'number' }, size(file.size)),
    h('td', { class: 'c-do' },
      playable.has(file.name) && h('button', {
        type: 'button', 'data-key': `play ${file.name}`, 'aria-label': t('file.play', { name: file.name }), onclick: () => play(file.name),
      }, t('play')),
      webAddress(file.url) && h('a', {
        class: 'button', 'data-file': file.name, href: file.url, download: file.name, target: '_blank', rel: 'noopener noreferrer',
        'aria-label': t('file.download', { name: file.name }),
      }, t('download'))));
  // An hour of HLS has hundreds of segments: the first ones say enough until somebody wants all.
  const body = h('tbody', {}, files.slice(0, FIRST_FILES).map(fileRow));
  const all = files.length > FIRST_FILES && h('button', {
    type: 'button', class: 'quiet', onclick: () => { all.remove(); body.append(...files.slice(FIRST_FILES).map(fileRow)); },
  }, t('files.all', { count: files.length }));
  const empty = t(isFinal(recording) ? 'files.none' : 'files.later');
  return h('section', { class: 'card', 'aria-labelledby': 'h-files' },
    h('h2', { id: 'h-files' }, t('files.title'), files.length > 0 && h('span', { class: 'number' }, files.length)),
    files.length === 0 ? h('p', { class: 'help' }, empty) : h('table', { class: 'files' },
      h('thead', {}, h('tr', {}, ['name', 'began', 'length', 'size', 'do'].map((each) =>
        h('th', { scope: 'col' }, each === 'do' ? h('span', { class: 'unseen' }, t('column.do')) : t(`column.${each}`))))),
      body), all);
}

function facts(recording) {
  const told = (recording.notifications ?? []).map((each) => h('li', {}, badge(each.state), ' ',
    each.delivered_ms ? [t('told'), ' ', time(each.delivered_ms)]
      : each.ended_ms ? [t('told.ended'), ' ', time(each.ended_ms), each.error && ': ', original(each.error)]
      : [each.undelivered ? t('told.never', { count: each.attempts }) : t('told.not', { count: each.attempts ?? 0 }), each.error && ': ', original(each.error)]));
  const rows = [
    ['created', time(recording.created_ms)],
    ['start_at', recording.start_at_ms && time(recording.start_at_ms)],
    ['stop_at', recording.stop_at_ms && time(recording.stop_at_ms)],
    ['started', recording.started_ms && time(recording.started_ms)],
    ['ended', recording.ended_ms && time(recording.ended_ms)],
    ['length', lengthOf(recording)],
    ['billed', recording.billed_minutes],
    ['kind', [recording.format?.toUpperCase(), recording.storage?.toUpperCase()].filter(Boolean).join(' · ')],
    ['labels', Object.keys(recording.labels ?? {}).length > 0 && labelTags(recording.labels)],
    ['attempts', recording.attempts],
    ['task', recording.task_id && h('span', { class: 'id' }, recording.task_id)],
    ['source', recording.source],
    ['trace', recording.trace_id && h('span', { class: 'id' }, recording.trace_id)],
    ['notifications', told.length > 0 && h('ul', { class: 'plain' }, told)],
  ].filter(([, value]) => value !== null && value !== undefined && value !== false && value !== '');
  return h('section', { class: 'card', 'aria-labelledby': 'h-facts' },
    h('h2', { id: 'h-facts' }, t('facts.title')),
    h('dl', {}, rows.map(([name, value]) => h('div', { class: `d-${name}` }, h('dt', {}, t(`fact.${name}`)), h('dd', {}, value)))));
}
