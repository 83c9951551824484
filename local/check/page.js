// Evaluated in the top document at the end of a look; returns what `seen.Look` holds.
(() => {
  "use strict";
  const body = document.body || document.documentElement, root = document.documentElement;
  const text = (one) => (one && one.innerText || "").trim();
  const box = (one) => one.getBoundingClientRect();
  const shown = (one) => {
    const its = box(one);
    return its.width > 0 && its.height > 0 && getComputedStyle(one).visibility === "visible";
  };
  const some = (query, most = 500) => [...document.querySelectorAll(query)].slice(0, most);
  const whole = text(body), view = innerWidth * innerHeight || 1;

  const fields = some("input, select, textarea").filter((one) =>
    shown(one) && !["hidden", "submit", "button", "checkbox", "radio", "image", "range"].includes(one.type));
  const passwords = fields.filter((one) => one.type === "password");
  const around = passwords.length ? passwords[0].closest("form, [role=dialog], dialog") || body : null;
  const one = fields.length === 1 ? fields[0] : null;
  const names = one ? [one.type, one.name, one.id, one.autocomplete, one.placeholder].join(" ") : "";

  const buttons = some("button, [role=button], input[type=button], input[type=submit], a").filter(shown)
    .map((each) => text(each) || each.value || each.getAttribute("aria-label") || "").filter(Boolean);

  const below = some("h1, h2, h3, h4, p, li, td, th, span, div, a, label, figcaption, pre", 4000).some((each) =>
    box(each).top >= innerHeight && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));

  const share = (its) => Math.max(0, Math.min(its.right, innerWidth) - Math.max(its.left, 0)) *
    Math.max(0, Math.min(its.bottom, innerHeight) - Math.max(its.top, 0)) / view;
  const frames = some("iframe, frame, embed, object", 50)
    .map((each) => ({url: String(each.src || each.data || "").slice(0, 2000), share: share(box(each))}));

  const BANNER = /cookie|consent|privacy|accept|subscribe|newsletter|sign up|隐私|同意|接受|订阅/i;
  let covered = 0, cover = "";
  for (const x of [1 / 6, 1 / 2, 5 / 6]) for (const y of [1 / 6, 1 / 2, 5 / 6]) {
    let each = document.elementFromPoint(innerWidth * x, innerHeight * y), found = null;
    for (; each && each !== body && each !== root; each = each.parentElement) {
      const fixed = getComputedStyle(each).position === "fixed";
      const dialog = each.matches("[role=dialog], [role=alertdialog], [aria-modal=true], dialog[open]");
      const wrapper = fixed && each.querySelector("[role=dialog], [role=alertdialog], [aria-modal=true], dialog[open]");
      const banner = fixed && each.querySelector("button, a, [role=button]") && BANNER.test(text(each));
      if (dialog || wrapper || banner) found = each;
    }
    if (found) { covered += 1; cover = cover || text(found).slice(0, 200); }
  }

  const scripts = [];
  if (/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/.test(whole)) scripts.push("Chinese, Japanese or Korean");
  if (/[\u0600-\u06ff\u0750-\u077f]/.test(whole)) scripts.push("Arabic");
  if (/[\u0900-\u0dff\u0e00-\u0eff]/.test(whole)) scripts.push("Indic, Thai or Lao");
  if (/\p{Emoji_Presentation}/u.test(whole)) scripts.push("emoji");
  let faces = 0;
  document.fonts.forEach((face) => { faces += Number(face.status === "loaded"); });

  let point = null;
  const busy = "a, button, input, select, textarea, label, summary, iframe, video, audio, [role], [onclick], [tabindex]";
  for (const [x, y] of [[0.5, 0.5], [0.02, 0.98], [0.98, 0.98], [0.02, 0.02], [0.98, 0.02], [0.5, 0.95]]) {
    const at = [innerWidth * x, innerHeight * y], each = document.elementFromPoint(...at);
    if (each && !each.closest(busy) && getComputedStyle(each).cursor !== "pointer") { point = at; break; }
  }

  return {
    title: document.title.slice(0, 300), text: whole.slice(0, 4000), letters: whole.length,
    over_x: root.scrollWidth - innerWidth, over_y: root.scrollHeight - innerHeight, below,
    passwords: passwords.length, login_share: around ? text(around).length / Math.max(whole.length, 1) : 0,
    fields: fields.length, identity: /mail|user|login|account|phone|tel|账号|用户|邮箱|手机/i.test(names),
    buttons: buttons.slice(0, 30).map((each) => each.slice(0, 80)), frames, cover: covered / 9, cover_text: cover,
    scripts, web_fonts: faces, point,
  };
})()
