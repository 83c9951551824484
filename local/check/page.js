// Evaluated in the top document at the end of a look; returns what `seen.Look` holds.
(() => {
  "use strict";
  // A form's or a document's own words may be hidden by fields and pictures that are called like them.
  const own = (type, name, one) => Object.getOwnPropertyDescriptor(type.prototype, name).get.call(one);
  const page = (name, ...given) => Document.prototype[name].apply(document, given);
  const at = (one, name, ...given) => Element.prototype[name].apply(one, given);
  const safely = (make, other) => { try { return make(); } catch { return other; } };
  const root = own(Document, "documentElement", document), body = own(Document, "body", document) || root;
  const text = (one) => String(one instanceof HTMLElement ? own(HTMLElement, "innerText", one)
    : one ? own(Node, "textContent", one) : "").trim();
  const box = (one) => at(one, "getBoundingClientRect");
  const shown = (one) => {
    const its = box(one);
    return its.width > 0 && its.height > 0 && getComputedStyle(one).visibility === "visible";
  };
  const some = (query, most = 500) => [...page("querySelectorAll", query)].slice(0, most);
  const whole = text(body), view = innerWidth * innerHeight || 1;

  const fields = some("input, select, textarea").filter((one) =>
    shown(one) && !["hidden", "submit", "button", "checkbox", "radio", "image", "range"].includes(one.type));
  const passwords = fields.filter((one) => one.type === "password");
  const around = passwords.length ? at(passwords[0], "closest", "form, [role=dialog], dialog") || body : null;
  const one = fields.length === 1 ? fields[0] : null;
  const names = one ? [one.type, one.name, one.id, one.autocomplete, one.placeholder].join(" ") : "";

  const buttons = some("button, [role=button], input[type=button], input[type=submit], a").filter(shown)
    .map((each) => text(each) || each.value || at(each, "getAttribute", "aria-label") || "").filter(Boolean);

  const below = some("h1, h2, h3, h4, p, li, td, th, span, div, a, label, figcaption, pre", 4000).some((each) =>
    box(each).top >= innerHeight && [...own(Node, "childNodes", each)].some((node) => node.nodeType === 3 && node.data.trim()));

  const share = (its) => Math.max(0, Math.min(its.right, innerWidth) - Math.max(its.left, 0)) *
    Math.max(0, Math.min(its.bottom, innerHeight) - Math.max(its.top, 0)) / view;
  const frames = some("iframe, frame, embed, object", 50)
    .map((each) => ({url: String(each.src || each.data || "").slice(0, 2000), share: share(box(each))}));

  const BANNER = /cookie|consent|privacy|accept|subscribe|newsletter|sign up|隐私|同意|接受|订阅/i;
  let covered = 0, cover = "";
  for (const x of [1 / 6, 1 / 2, 5 / 6]) for (const y of [1 / 6, 1 / 2, 5 / 6]) {
    let each = page("elementFromPoint", innerWidth * x, innerHeight * y), found = null;
    for (; each && each !== body && each !== root; each = own(Node, "parentElement", each)) {
      const fixed = getComputedStyle(each).position === "fixed";
      const dialog = at(each, "matches", "[role=dialog], [role=alertdialog], [aria-modal=true], dialog[open]");
      const wrapper = fixed && at(each, "querySelector", "[role=dialog], [role=alertdialog], [aria-modal=true], dialog[open]");
      const banner = fixed && at(each, "querySelector", "button, a, [role=button]") && BANNER.test(text(each));
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
  safely(() => own(Document, "fonts", document).forEach((face) => { faces += Number(face.status === "loaded"); }));

  let point = null;
  const busy = "a, button, input, select, textarea, label, summary, iframe, video, audio, [role], [onclick], [tabindex]";
  for (const [x, y] of [[0.5, 0.5], [0.02, 0.98], [0.98, 0.98], [0.02, 0.02], [0.98, 0.02], [0.5, 0.95]]) {
    const there = [innerWidth * x, innerHeight * y], each = page("elementFromPoint", ...there);
    if (each && !at(each, "closest", busy) && getComputedStyle(each).cursor !== "pointer") { point = there; break; }
  }

  return {
    title: safely(() => own(Document, "title", document).slice(0, 300), ""), text: whole.slice(0, 4000), letters: whole.length,
    over_x: safely(() => root.scrollWidth - innerWidth, 0), over_y: safely(() => root.scrollHeight - innerHeight, 0), below,
    passwords: passwords.length, login_share: around ? text(around).length / Math.max(whole.length, 1) : 0,
    fields: fields.length, identity: /mail|user|login|account|phone|tel|账号|用户|邮箱|手机/i.test(names),
    buttons: buttons.slice(0, 30).map((each) => each.slice(0, 80)), frames, cover: covered / 9, cover_text: cover,
    scripts, web_fonts: faces, point,
  };
})()
