// A recording drawn along time: when it waited, recorded and uploaded, its files, gaps, attempts and events.

const NICE_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

// The span drawn, epoch ms. A long wait before the start would press everything else into a corner: it is cut.
function spanOf(recording) {
  const times = [
    recording.started_ms, recording.ended_ms, ...(recording.timeline ?? []).map((each) => each.at_ms),
    ...(recording.files ?? []).flatMap((file) => [file.start_ms, file.end_ms]),
    isFinal(recording) ? null : Date.now(), recording.created_ms,
    recording.started_ms || WAITING.has(recording.state) ? null : recording.start_at_ms,
  ].filter(Boolean);
  let from = Math.min(...times), to = Math.max(...times);
  const began = recording.started_ms ?? recording.files?.[0]?.start_ms;
  if (began && recording.ended_ms) {
    const core = Math.max(1000, recording.ended_ms - began);
    from = Math.max(from, began - Math.max(20_000, core * 0.25));
    to = Math.min(to, recording.ended_ms + Math.max(20_000, core * 0.5));
  }
  return { from, to: Math.max(to, from + 1000) };
}

// Puts elements onto a span of time, epoch ms.
function onTime(from, to) {
  const at = (ms) => Math.min(100, Math.max(0, ((ms - from) / (to - from)) * 100));
  const place = (element, start, end = null) => {
    element.style.left = `${at(start)}%`; // the policy forbids style attributes, not this
    if (end !== null) element.style.width = `${Math.max(0, at(end) - at(start))}%`;
    return element;
  };
  return { at, place, bar: (kind, start, end, title) => place(h('span', { class: `bar ${kind}`, title }), start, end) };
}

const gapBars = (recording, bar) => (recording.gaps ?? []).map((gap) =>
  bar('gap', gap.start_ms, gap.end_ms, `${t('timeline.gap')} ${duration(gap.end_ms - gap.start_ms)}`));

// Stretches that the film check found; they count from the beginning of their file.
function foundBars(recording, bar) {
  const begins = new Map((recording.files ?? []).map((file) => [file.name, file.start_ms]));
  return (recording.film_findings ?? []).map(({ code, words, file, from_ms: from, to_ms: to }) => {
    const begin = begins.get(file);
    return begin && from != null && to > from && bar('found', begin + from, begin + to,
      `${said(`film.${code}`) ?? words} ${duration(from)} – ${duration(to)}`);
  }).filter(Boolean);
}

function timeline(recording, play) {
  const { from, to } = spanOf(recording);
  const { at, place, bar } = onTime(from, to);
  const now = isFinal(recording) ? to : Math.min(Date.now(), to);
  const events = recording.timeline ?? [];
  const files = (recording.files ?? []).filter((file) => file.start_ms && file.end_ms);

  const mark = (each, kind = each.kind) =>
    place(h('span', { class: `mark k-${kind}`, title: `${fullTime(each.at_ms)} · ${[happened(each)].flat().filter((one) => typeof one === 'string').join('')}` }), each.at_ms);
  const fileBar = (file) => place(h('button', {
    type: 'button', class: 'bar file', 'data-key': `bar ${file.name}`, onclick: () => play(file.name), title: file.name,
    'aria-label': t('timeline.file', { name: file.name, length: duration(file.duration_ms) }),
  }), file.start_ms, file.end_ms);

  const begun = recording.started_ms ?? null;
  const over = recording.ended_ms ?? now;
  const last = files.reduce((end, file) => Math.max(end, file.end_ms), over);
  const phases = [
    bar('waiting', recording.created_ms, begun ?? over, t('timeline.waiting')),
    begun && bar(`running ${recording.state}`, begun, over, `${t('timeline.recording')} ${duration(over - begun)}`),
    recording.ended_ms && recording.state === 'uploading' && bar('uploading', over, now, t('state.uploading')),
  ];
  const lanes = [
    ['attempts', events.filter(isAttempt).map((each) => mark(each))],
    ['recording', phases],
    ['files', [...files.map(fileBar), ...gapBars(recording, bar)]],
    ['findings', foundBars(recording, bar)],
    ['events', events.filter((each) => !isAttempt(each)).map((each) => mark(each, 'event'))],
  ].filter(([, content]) => content.filter(Boolean).length);
  return h('div', { class: 'timeline', role: 'group', 'aria-label': t('timeline.words', { from: fullTime(from), to: fullTime(Math.max(last, over)) }) },
    lanes.map(([name, content]) => h('div', { class: 'lane' },
      h('span', { class: 'name' }, t(`timeline.${name}`)), h('span', { class: 'track' }, content))),
    h('div', { class: 'lane axis', 'aria-hidden': 'true' }, h('span', { class: 'name' }),
      h('span', { class: 'track' }, ticks(from, to).map((ms) => place(h('span', { class: at(ms) > 75 ? 'tick late' : 'tick' }, tickText(ms, to - from)), ms)))));
}

const isAttempt = ({ kind }) => ['attempt', 'refused', 'unanswered'].includes(kind);

function ticks(from, to) {
  const step = (NICE_S.find((each) => (to - from) / (each * 1000) <= 6) ?? 86400 * Math.ceil((to - from) / 86400_000 / 6)) * 1000;
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const found = [];
  for (let ms = Math.ceil((from - offset) / step) * step + offset; ms <= to; ms += step) found.push(ms);
  return found.filter((ms) => (ms - from) / (to - from) < 0.9); // there must be room for the text
}

const tickText = (ms, span) => clock(ms, span > 2 * 86400_000 ? { month: 'short', day: 'numeric' }
  : { hour: '2-digit', minute: '2-digit', second: span < 300_000 ? '2-digit' : undefined, hourCycle: 'h23' });

// What happened: by its code, with what it is about. A state is named; a number is in the sentence; others' words follow.
function happened({ code, said: own, reason_code: why, text, kind }) {
  const words = said(`event.${code}`);
  if (!words) return sentence('', text || kind);
  const state = code === 'changed' && SHAPES[own] ? t(`state.${own}`) : own;
  const about = why && why !== 'other' && said(`reason.${why}`);
  return [words.replace('{said}', () => state ?? ''), about && `：${about}`, !words.includes('{said}') && own && [' ', original(own)]];
}

// The same in words, for everybody. A day is named where it begins.
function happenings(events) {
  const day = (each) => new Date(each.at_ms).toDateString();
  return h('ol', { class: 'happenings', tabindex: '0', 'aria-labelledby': 'h-story' }, events.map((each, index) => [
    (index === 0 || day(each) !== day(events[index - 1])) && h('li', { class: 'day' }, clock(each.at_ms, { dateStyle: 'medium' })),
    h('li', {},
      h('time', { datetime: machineTime(each.at_ms), title: fullTime(each.at_ms) }, clock(each.at_ms, { timeStyle: 'medium' })),
      h('span', {}, happened(each)))]));
}
