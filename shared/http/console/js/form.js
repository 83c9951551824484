// Starting or scheduling a recording. Nothing is checked here: what the API says of a field is shown at the field.

const SIZES = ['1280x720', '1920x1080', '854x480', '720x1280', '1080x1080'];

// A field with its label, help, and room for the API's words about `paths` of the request.
function field(name, paths, input, { help = '', group = false } = {}) {
  const problem = h('p', { class: 'problem', id: `${name}-problem`, hidden: true });
  const described = [help && `${name}-help`, `${name}-problem`].filter(Boolean).join(' ');
  const control = group ? input.querySelector('input, select') : input;
  if (!group) input.id = name;
  control.setAttribute('aria-describedby', described);
  const say = (...messages) => {
    problem.replaceChildren(...messages.flat(2));
    problem.hidden = !messages.length;
    if (messages.length) control.setAttribute('aria-invalid', 'true');
    else control.removeAttribute('aria-invalid');
  };
  const title = group ? h('span', { class: 'label', id: `${name}-label` }, t(`form.${name}`)) : h('label', { for: name }, t(`form.${name}`));
  if (group) fill(input, { role: 'group', 'aria-labelledby': `${name}-label` }, []);
  const element = h('div', { class: `field f-${name}` }, title, input, help && h('p', { class: 'help', id: `${name}-help` }, help), problem);
  return { name, paths, control, say, element };
}

const select = (options, chosen) =>
  h('select', {}, options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)));
const entry = (more = {}) => h('input', { type: 'text', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', ...more });

// What a datetime-local input says is in the reader's zone; the API wants the offset with it.
function instant(value) {
  if (!value) return undefined;
  const minutes = -new Date(value).getTimezoneOffset();
  const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, '0');
  return `${value.length === 16 ? `${value}:00` : value}${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function showForm(query) {
  const like = query.get('again');
  if (like) {
    frame('new', t('form.title'), h('h1', {}, t('form.title')), loading());
    call('GET', pathOf(like)).then(({ body }) => formOf(body), (problem) => formOf({}, problem.told));
  } else formOf({});
}

function formOf(like, trouble = '') {
  const url = entry({ type: 'text', inputmode: 'url', placeholder: 'https://example.com/class?room=4711', value: like.page_url });
  const key = entry({ placeholder: t('form.key.placeholder') });
  const format = select([['mp4', 'MP4'], ['hls', 'HLS']], like.format);
  const measure = select([...SIZES.map((each) => [each, each.replace('x', ' × ')]), ['', t('form.size.other')]]);
  const [width, height] = [1280, 720].map((value) => entry({ type: 'number', value, class: 'short' }));
  width.setAttribute('aria-label', t('form.width'));
  height.setAttribute('aria-label', t('form.height'));
  const own = h('span', { class: 'pair', hidden: true }, width, ' × ', height);
  measure.setAttribute('aria-label', t('form.size'));
  measure.addEventListener('change', () => { own.hidden = measure.value !== ''; });
  const storage = select([['cos', t('form.storage.cos')], ['vod', t('form.storage.vod')]], like.storage);
  const prefix = entry({ placeholder: 'classes/4711' });
  const labels = labelRows(like.labels ?? {});
  const [start, stop] = [0, 1].map(() => h('input', { type: 'datetime-local' }));
  const notify = entry({ inputmode: 'url', placeholder: 'https://example.com/recorded' });
  const notifyOn = select([['final', t('form.notify_on.final')], ['changes', t('form.notify_on.changes')]]);
  const limit = entry({ type: 'number', placeholder: '36000' });

  const basic = [
    field('url', ['RecordUrl'], url, { help: t('form.url.help') }),
    field('format', ['Format', 'WebRecordVideoParams.Format'], format),
    field('size', ['WebRecordVideoParams'], h('div', { class: 'pair' }, measure, own), { group: true }),
    field('labels', ['Labels'], labels.element, { help: t('form.labels.help'), group: true }),
  ];
  const later = [
    field('start', ['StartAt'], start, { help: t('form.start.help', { zone: zone() }) }),
    field('stop', ['StopAt'], stop),
  ];
  const rest = [
    field('key', ['RecordingId', 'RecordId'], key, { help: t('form.key.help') }),
    field('storage', ['Storage', 'StorageParams'], storage),
    field('prefix', ['Prefix'], prefix, { help: t('form.prefix.help') }),
    field('limit', ['MaxDurationLimit'], limit, { help: t('form.limit.help') }),
    field('notify', ['NotifyUrl'], notify, { help: t('form.notify.help') }),
    field('notify_on', ['NotifyOn'], notifyOn),
  ];
  const fields = [...basic, ...later, ...rest];
  const summary = h('p', { class: 'banner problem', role: 'alert', tabindex: '-1', hidden: !trouble }, trouble);
  const go = h('button', { type: 'submit', class: 'primary' }, t('form.go'));
  const more = h('details', { class: 'card' }, h('summary', {}, h('h2', {}, t('form.more'))),
    h('div', { class: 'grid' }, rest.map((each) => each.element)));

  const request = () => {
    const [w, tall] = measure.value ? measure.value.split('x').map(Number) : [width, height].map((each) => number(each.value));
    const video = { Width: w, Height: tall };
    return given({
      RecordUrl: url.value, Format: format.value, WebRecordVideoParams: given(video), Labels: labels.value(),
      StartAt: instant(start.value), StopAt: instant(stop.value), Storage: storage.value, Prefix: prefix.value,
      MaxDurationLimit: number(limit.value), NotifyUrl: notify.value, NotifyOn: notify.value ? notifyOn.value : undefined,
    });
  };
  let sent = { text: '', key: '' };
  async function submit(event) {
    event.preventDefault();
    for (const each of fields) each.say();
    summary.hidden = true;
    go.disabled = true;
    const body = request();
    // The same request sent again, after a lost answer, starts nothing twice.
    if (JSON.stringify(body) !== sent.text) sent = { text: JSON.stringify(body), key: newKey() };
    try {
      const answer = await call('POST', 'recordings', { body, key: key.value.trim() || sent.key });
      announce(stateWords(answer.body));
      location.hash = `#/recordings/${encodeURIComponent(answer.body.recording_id)}`;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refuse(error);
    } finally {
      go.disabled = false;
    }
  }
  // Each message goes to its field; what belongs to none, and any other problem, is said above the form.
  function refuse(error) {
    const left = [], told = new Map();
    const same = (text) => text.toLowerCase().replaceAll('_', '');
    for (const each of error.errors) {
      const { path = '' } = each, words = wrongWords(each), named = path ? [path, COLON, words, ' '] : [words, ' '];
      const place = fields.find((field) => field.paths.some((one) => `${same(path)}.`.startsWith(`${same(one)}.`)));
      if (place) told.set(place, [...(told.get(place) ?? []), place.paths.some((one) => same(one) === same(path)) ? [words, ' '] : named]);
      else left.push(named);
    }
    for (const [place, messages] of told) place.say(...messages);
    if ([...told.keys()].some((each) => rest.includes(each))) more.open = true;
    const counted = told.size ? [t('form.wrong', { count: error.errors.length }), ' '] : [];
    summary.replaceChildren(...(error.errors.length ? [...counted, ...left.flat(2)] : error.told));
    summary.hidden = false;
    (fields.find((each) => told.has(each))?.control ?? summary).focus();
  }
  frame('new', t('form.title'), h('h1', {}, t('form.title')), summary,
    h('form', { novalidate: true, onsubmit: submit },
      h('section', { class: 'card' }, h('div', { class: 'grid' }, basic.map((each) => each.element))),
      h('section', { class: 'card', 'aria-labelledby': 'h-later' }, h('h2', { id: 'h-later' }, t('form.later')),
        h('p', { class: 'help' }, t('form.later.help')), h('div', { class: 'grid' }, later.map((each) => each.element))),
      more,
      h('div', { class: 'buttons end' }, h('a', { class: 'button', href: '#/' }, t('cancel')), go)));
  url.focus();
}

const number = (text) => (text === '' ? undefined : Number(text));
const given = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && value !== ''));

function newKey() {
  const letters = 'ABCDEFGHJKMNPQRSTVWXYZ0123456789';
  return [...crypto.getRandomValues(new Uint8Array(26))].map((each) => letters[each % 32]).join('');
}

function labelRows(labels) {
  const rows = h('div', { class: 'label-rows' });
  const add = (name = '', value = '') => {
    const fields = [entry({ placeholder: t('form.label.name'), 'aria-label': t('form.label.name'), value: name }),
      entry({ placeholder: t('form.label.value'), 'aria-label': t('form.label.value'), value })];
    const line = h('div', { class: 'pair' }, fields, h('button', {
      type: 'button', class: 'quiet', 'aria-label': t('form.label.remove'), onclick: () => { line.remove(); more.focus(); },
    }, '×'));
    rows.append(line);
    return fields[0];
  };
  const more = h('button', { type: 'button', class: 'quiet', onclick: () => add().focus() }, t('form.label.add'));
  const had = Object.entries(labels);
  for (const [name, value] of had.length ? had : [['', '']]) add(name, value);
  const value = () => {
    const pairs = [...rows.children].map((line) => [...line.querySelectorAll('input')].map((each) => each.value));
    const wanted = pairs.filter(([name, text]) => name || text);
    return wanted.length ? Object.fromEntries(wanted) : undefined;
  };
  return { element: h('div', {}, rows, more), value };
}
