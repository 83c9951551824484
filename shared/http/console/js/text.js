// Words, times and sizes in the reader's language.

const MESSAGES = Object.fromEntries(Object.entries(GROUPS).flatMap(([first, texts]) =>
  Object.entries(texts).map(([rest, text]) => [rest ? `${first}.${rest}` : first, text])));
const language = document.documentElement.lang;
const REMEMBERED = 'webrecord.language';

// The page holds one language; another is another page, at the same place.
const inLanguage = (wanted) => `?lang=${wanted}${location.hash}`;

function useLanguage(wanted) {
  try { localStorage.setItem(REMEMBERED, wanted); } catch { /* then it lasts as long as the address */ }
  location.assign(inLanguage(wanted));
}

// The language that the reader chose once, unless the address names one.
const chosen = (() => {
  try { return localStorage.getItem(REMEMBERED); } catch { return null; }
})();
const spoken = [...document.querySelectorAll('[data-language]')].map((each) => each.dataset.language);
if (chosen !== language && spoken.includes(chosen) && !new URLSearchParams(location.search).has('lang')) {
  location.replace(inLanguage(chosen));
  await new Promise(() => {}); // this page ends here
}

// t('list.changes', {count: 3}); a message that differs for one has `key.one`.
function t(key, values = {}) {
  return filled((values.count === 1 ? MESSAGES[`${key}.one`] : undefined) ?? MESSAGES[key] ?? key, values);
}

const filled = (message, values) => message.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// The message in the reader's language, if there is one.
const said = (key) => (Object.hasOwn(MESSAGES, key) ? MESSAGES[key] : undefined);

// Words of the API's or of others, which are English: as they are for who reads English, folded for everybody else.
const original = (text) => text && (language === 'en' ? h('p', { class: 'why', lang: 'en' }, text)
  : h('details', { class: 'original' }, h('summary', {}, t('original')), h('span', { class: 'why', lang: 'en' }, text)));

// A sentence by its key, with the original message behind it; the original alone where English is read, or none is known.
function sentence(key, text) {
  const words = said(key);
  if (words === text || (!words && language === 'en')) return text;
  return [words ?? t('reason.other'), ' ', original(text)];
}

// What is wrong with a field of a request, by its code; the API's own words where English is read, or none is known.
function wrongWords({ message, code, values }) {
  const words = code !== 'other' && said(`field.${code}`);
  return words ? filled(words, values ?? {}) : language === 'en' ? message : [t('reason.other'), ' ', original(message)];
}

const COLON = language === 'zh' ? '：' : ': ';

const locale = () => (language === 'zh' ? 'zh-CN' : navigator.languages.find((each) => each.startsWith('en')) ?? 'en');
// A callback may bring any number as its time; what no calendar has is shown as the number.
const onCalendar = (ms) => !Number.isNaN(new Date(ms).getTime());
const machineTime = (ms) => (onCalendar(ms) ? new Date(ms).toISOString() : undefined);
const clock = (ms, options) => (onCalendar(ms) ? new Intl.DateTimeFormat(locale(), options).format(new Date(ms)) : String(ms));
const fullTime = (ms) => clock(ms, { dateStyle: 'medium', timeStyle: 'medium' });
const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

function shortTime(ms) {
  const [then, now] = [new Date(ms), new Date()];
  if (then.toDateString() === now.toDateString()) return clock(ms, { timeStyle: 'medium' });
  const year = then.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return clock(ms, { year, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

const STEPS = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
function relative(ms) {
  const seconds = (ms - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS[3];
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' }).format(Math.round(seconds / size), unit);
}

// A time in the local zone, with how far away it is; kept fresh by `renewTimes`.
function time(ms, { hint = true } = {}) {
  if (!ms) return h('span', { class: 'nothing' }, '–');
  return h('time', { datetime: machineTime(ms), title: `${fullTime(ms)} (${zone()})` }, shortTime(ms),
    hint && h('span', { class: 'hint', 'data-ms': ms }, relative(ms)));
}

function renewTimes() {
  for (const each of document.querySelectorAll('[data-ms]')) each.textContent = relative(Number(each.dataset.ms));
  for (const each of document.querySelectorAll('[data-since]')) {
    each.textContent = duration(Date.now() - Number(each.dataset.since));
  }
}

function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number) => String(number).padStart(2, '0');
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function size(bytes) {
  if (bytes === null || bytes === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0);
  const value = bytes / 1000 ** power;
  const digits = power && value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)} ${units[power]}`;
}
