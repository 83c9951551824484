// The frame around every view, and the way from an address to its view.

// Shows a view's elements. `frame.leave`, if a view sets it, runs when the next one comes.
function frame(view, title, ...elements) {
  frame.leave?.();
  frame.leave = null;
  document.querySelector('dialog')?.close();
  const main = $('main');
  main.className = `view-${view}`;
  main.replaceChildren(...elements.filter(Boolean));
  document.title = `${title} · webrecord`;
  const inside = view !== 'signin';
  $('nav').hidden = !inside;
  $('signout').hidden = !inside || session.open;
  for (const link of $('nav').querySelectorAll('a')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function route() {
  if (!session.token && !session.open) return showSignIn();
  const [path, search = ''] = location.hash.replace(/^#/, '').split('?');
  const query = new URLSearchParams(search);
  const recording = path.match(/^\/recordings\/([^/]+)\/?$/);
  polling?.stop();
  if (recording) return showRecording(decoded(recording[1]));
  return path === '/new' ? showForm(query) : showList(query);
}

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

// After a step to another view the reader, and the screen reader, is at its beginning; a filter keeps its focus.
function moved() {
  const key = document.activeElement?.dataset?.key;
  const before = $('main').className;
  route();
  const same = before === $('main').className && key && [...$('main').querySelectorAll('[data-key]')].find((each) => each.dataset.key === key);
  if (same) return same.focus();
  scrollTo(0, 0);
  if (!$('main').contains(document.activeElement)) $('main').focus({ preventScroll: true });
  return undefined;
}

function words() {
  for (const each of document.querySelectorAll('[data-text]')) each.textContent = t(each.dataset.text);
  for (const each of document.querySelectorAll('[data-label]')) each.setAttribute('aria-label', t(each.dataset.label));
  for (const each of document.querySelectorAll('[data-language]')) each.setAttribute('aria-pressed', String(each.dataset.language === language));
}

for (const each of document.querySelectorAll('[data-language]')) {
  each.addEventListener('click', () => { if (each.dataset.language !== language) useLanguage(each.dataset.language); });
}
$('signout').addEventListener('click', () => signOut());
$('skip').addEventListener('click', (event) => { event.preventDefault(); $('main').focus(); });
addEventListener('hashchange', moved);
setInterval(renewTimes, 1000);
words();
if (session.token || await isOpen()) route();
else showSignIn();
