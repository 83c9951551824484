// The raw callbacks, as TRTC sent them; fetched when somebody wants to see them.

const EVENT_NAMES = {
  303: 'UPLOAD_START', 304: 'FILE_INFO', 305: 'UPLOAD_STOP', 307: 'FILE_SLICE', 310: 'MP4_STOP', 311: 'VOD_COMMIT',
  312: 'VOD_STOP', 401: 'CDN_STATUS', 801: 'RECORDER_START', 802: 'RECORDER_STOP', 803: 'RECORDER_STATUS_UPDATE',
  804: 'RECORDER_RESOURCE_LIMIT',
};

function rawEvents(id) {
  const body = h('div', {}), list = h('ol', { class: 'raw' });
  async function show(after) {
    const more = h('button', { type: 'button', class: 'more' }, t('events.more'));
    try {
      const { body: answer } = await call('GET', pathOf(id, after ? `/events?after=${encodeURIComponent(after)}` : '/events'));
      if (!after) list.replaceChildren();
      list.append(...answer.events.map(rawEvent));
      more.addEventListener('click', () => { more.disabled = true; show(answer.next_after); });
      const shown = list.childElementCount ? list : h('p', { class: 'help' }, t('events.none'));
      body.replaceChildren(...[shown, answer.next_after && more].filter(Boolean));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      swap(body, h('p', { class: 'problem', role: 'alert' }, error.told));
    }
  }
  function toggled(event) {
    if (!event.target.open) return;
    swap(body, loading());
    show('');
  }
  return h('details', { class: 'card', ontoggle: toggled }, h('summary', {}, h('h2', {}, t('events.title'))), body);
}

function rawEvent({ body, received_ms: received }) {
  const type = body?.EventType;
  const at = Number(body?.EventInfo?.EventMsTs) || received;
  return h('li', {}, h('details', {},
    h('summary', {}, h('time', { datetime: machineTime(at) }, clock(at, { dateStyle: 'short', timeStyle: 'medium' })),
      ' ', h('b', {}, [type, EVENT_NAMES[type]].filter(Boolean).join(' ') || t('events.other'))),
    h('pre', { tabindex: '0', role: 'region', 'aria-label': t('events.json') }, JSON.stringify(body, null, 2))));
}
