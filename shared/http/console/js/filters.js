// What the list shows, kept in the page's address: states, days, labels.

const STATES = Object.keys(SHAPES);
const FILTERS = ['state', 'film', 'from', 'to', 'label'];
const VERDICTS = { bad: 's-failed', suspect: 's-paused', good: 's-completed', unchecked: 's-unknown' };

const isFiltered = (query) => FILTERS.some((name) => query.has(name));

function listAddress(query) {
  const text = query.toString();
  return `#/${text && `?${text}`}`;
}

// A copy without the cursor: another filter begins at the newest again.
function changed(query, change) {
  const next = new URLSearchParams([...query].filter(([name]) => name !== 'cursor'));
  change(next);
  return next;
}

const toggled = (query, name, value) => changed(query, (next) => {
  const had = next.getAll(name);
  next.delete(name);
  for (const each of had.includes(value) ? had.filter((one) => one !== value) : [...had, value]) next.append(name, each);
});

function filterBar(query) {
  const go = (next) => { location.hash = listAddress(next); };
  const set = (name, value) => go(changed(query, (next) => (value ? next.set(name, value) : next.delete(name))));
  const count = FILTERS.reduce((sum, name) => sum + query.getAll(name).length, 0);
  const chip = (name, value, tone, ...mark) => h('label', { class: `chip ${tone}` },
    h('input', {
      type: 'checkbox', 'data-key': `${name}-${value}`, checked: query.getAll(name).includes(value),
      onchange: () => go(toggled(query, name, value)),
    }),
    mark, t(`${name}.${value}`));
  const day = (name) => h('div', { class: 'field' },
    h('label', { for: `filter-${name}` }, t(`filter.${name}`)),
    h('input', {
      type: 'date', id: `filter-${name}`, 'data-key': name, value: query.get(name) ?? '', 'aria-describedby': 'filter-help',
      onchange: (event) => set(name, event.target.value),
    }));
  const label = h('input', {
    id: 'filter-label', 'data-key': 'label', placeholder: 'room:4711', spellcheck: 'false', autocapitalize: 'off',
  });
  const addLabel = (event) => {
    event.preventDefault();
    const wanted = label.value.trim();
    if (wanted && !query.getAll('label').includes(wanted)) go(toggled(query, 'label', wanted));
  };
  const labels = query.getAll('label').map((each) => h('button', {
    type: 'button', class: 'tag', 'aria-label': t('filter.label.remove', { label: each }),
    onclick: () => go(toggled(query, 'label', each)),
  }, each, h('span', { 'aria-hidden': 'true' }, ' ×')));

  const open = matchMedia('(min-width: 48rem)').matches || filterBar.open;
  return h('details', { class: 'card filters', open, ontoggle: (event) => { filterBar.open = event.target.open; } },
    h('summary', {}, t('filter.title'), count > 0 && h('span', { class: 'number' }, count)),
    h('fieldset', { class: 'chips' }, h('legend', { class: 'unseen' }, t('filter.state')), 
      STATES.map((state) => chip('state', state, `s-${state}`, shape(state)))),
    h('fieldset', { class: 'chips' }, h('legend', {}, t('film.title')),
      Object.entries(VERDICTS).map(([verdict, tone]) => chip('film', verdict, tone))),
    h('form', { class: 'row', onsubmit: addLabel },
      day('from'), day('to'),
      h('div', { class: 'field grow' }, h('label', { for: 'filter-label' }, t('filter.label')), label),
      h('button', { type: 'submit' }, t('filter.label.add')),
      count > 0 && h('button', { type: 'button', class: 'quiet', 'data-key': 'clear', onclick: () => go(new URLSearchParams()) },
        t('filter.clear'))),
    labels.length > 0 && h('div', { class: 'tags' }, labels),
    h('p', { class: 'help', id: 'filter-help' }, t('filter.help')));
}

// One recording by its id.
function idSearch() {
  const input = h('input', {
    id: 'search', type: 'search', 'data-key': 'search', placeholder: t('search.placeholder'), spellcheck: 'false',
    autocapitalize: 'off',
  });
  return h('form', {
    class: 'search', role: 'search',
    onsubmit: (event) => {
      event.preventDefault();
      const id = input.value.trim();
      if (id) location.hash = `#/recordings/${encodeURIComponent(id)}`;
    },
  }, h('label', { for: 'search', class: 'unseen' }, t('search')), input, h('button', { type: 'submit' }, t('search.go')));
}
