// Signing in: a token is good when the API takes it. It stays in this tab and goes to this API only.

async function tryToken(token) {
  if (/[^\x21-\x7e]/.test(token)) throw new Problem(401); // no header can carry it
  await call('GET', 'recordings?limit=1', { token, trying: true });
  session.token = token;
}

// Without a token: a deployment that asks for none is entered at once.
async function isOpen() {
  try {
    await tryToken('');
    session.open = true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  }
  return session.open;
}

function showSignIn(reason = '') {
  polling?.stop();
  const problem = h('p', { class: 'problem', id: 'token-problem', role: 'alert', hidden: !reason }, reason);
  const input = h('input', {
    id: 'token', type: 'password', autocomplete: 'current-password', spellcheck: 'false', autocapitalize: 'off',
    required: true, 'aria-describedby': 'token-help token-problem',
  });
  const button = h('button', { type: 'submit', class: 'primary' }, t('signin'));
  const form = h('form', { class: 'card signin', onsubmit: submit },
    h('h1', {}, t('signin.title')),
    h('label', { for: 'token' }, t('signin.token')),
    input,
    h('p', { class: 'help', id: 'token-help' }, t('signin.help')),
    problem,
    button);
  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      await tryToken(input.value.trim());
      announce(t('signin.done'));
      route();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.replaceChildren(...error.status === 401 ? [t('signin.wrong')] : error.told);
      problem.hidden = false;
      input.setAttribute('aria-invalid', 'true');
      input.select();
      input.focus();
    } finally {
      button.disabled = false;
    }
  }
  frame('signin', t('signin.title'), form);
  input.focus();
}

function signOut(reason = '') {
  session.token = '';
  showSignIn(reason);
}
