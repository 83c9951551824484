// Asking before something is done that can't be undone.

// Shows a dialog; `act(ticked)` runs on confirmation, and while it fails the dialog stays with the problem's line.
// The focus goes back to where it was by itself: that is what <dialog> does.
function confirmed({ title, text, yes, tick, danger = false }, act) {
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const box = tick && h('input', { type: 'checkbox', id: 'dialog-tick' });
  const go = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, yes);
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
    h('form', { onsubmit: submit },
      h('h2', { id: 'dialog-title' }, title),
      h('p', { id: 'dialog-text' }, text),
      box && h('label', { class: 'tick', for: 'dialog-tick' }, box, tick),
      problem,
      h('div', { class: 'buttons' },
        h('button', { type: 'button', onclick: () => dialog.close() }, t('back')),
        go)));
  dialog.addEventListener('close', () => dialog.remove());
  async function submit(event) {
    event.preventDefault();
    go.disabled = true;
    try {
      await act(box?.checked ?? false);
      dialog.close();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.replaceChildren(...error.told);
      problem.hidden = false;
      go.disabled = false;
    }
  }
  document.body.append(dialog);
  dialog.showModal();
}
