// SPDX-License-Identifier: MIT
// The token that a daemon may want: asked for once, however many requests wait for it, and kept as long as the tab.
import { h } from "./dom.js";

const KEY = "token";
let asking = null, declined = false;

export const token = () => sessionStorage.getItem(KEY);

function keep(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
  dispatchEvent(new Event("token"));
}

/* Resolves to what was given, "" where nothing was. */
function dialog(why) {
  return new Promise((resolve) => {
    const input = h("input", { id: "token-given", type: "password", autocomplete: "off", spellcheck: false, required: true, placeholder: "spk_…", "aria-describedby": "token-why" });
    const node = h("dialog", { "aria-labelledby": "token-title", onclose: () => { resolve(node.returnValue); node.remove(); } },
      h("form", { autocomplete: "off", onsubmit: (e) => { e.preventDefault(); node.close(input.value.trim()); } },
        h("h2", { id: "token-title" }, "This daemon wants a token"),
        h("p", { id: "token-why", class: why ? "problem" : null, role: why ? "alert" : null }, why ?? "Who runs it makes one with spikectl token add. It is kept as long as this tab is open."),
        h("label", { htmlFor: "token-given" }, "Token"), input,
        h("div", { class: "row end" }, h("button", { type: "button", onclick: () => node.close("") }, "Not now"),
          h("button", { type: "submit", class: "main" }, "Use it"))));
    document.body.append(node);
    node.showModal();
    input.focus();
  });
}

async function ask(why) {
  keep(null); // what there was is worth nothing
  const given = await dialog(why);
  declined = !given;
  if (given) keep(given);
  return Boolean(given);
}

/** After a 401 that came for a request with `used`: whether it is worth another try. `why` is what the daemon said of
 * the token it was shown. */
export function another(used, why) {
  if (token() !== used) return Promise.resolve(true); // one was given meanwhile
  if (declined) return Promise.resolve(false);
  asking ??= ask(used ? why : null).finally(() => { asking = null; });
  return asking;
}

/** The page anew, without it, or asked for it again. */
export function forget() {
  keep(null);
  location.reload();
}
