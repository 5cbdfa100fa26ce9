"use strict";
// Refreshes what is shown, sends the forms without leaving the page, and sends files in pieces. All of it works without
// this script too, but for continuing a lost upload.
(() => {
  const OFTEN = 5000, SOON = 300, PATIENCE = 30000, STAYS = 5000; // milliseconds
  const find = (id) => document.getElementById(id);
  const text = document.body.dataset;
  let timer = 0;

  /* What has happened. */

  let toast = null, fades = 0;
  /** Say something where the finger is; the next thing said replaces it. */
  function say(words, kind = "", stays = STAYS) {
    if (!words) return;
    const fresh = document.createElement("p");
    fresh.textContent = words;
    fresh.className = kind;
    find("toasts").replaceChildren(fresh);
    toast = fresh;
    clearTimeout(fades);
    fades = setTimeout(() => { if (toast === fresh) fresh.remove(); }, stays);
  }
  /** Open this page anew, with what it is to say, and stay at the same place of it. */
  const again = (address) => location.assign(`${address}#at-${Math.round(scrollY)}`);
  const place = /^#at-(\d+)$/.exec(location.hash);
  if (place) scrollTo(0, Number(place[1]));
  if (location.search.includes("asked=")) history.replaceState(null, "", location.pathname); // said once
  if (find("toasts").children.length) fades = setTimeout(() => find("toasts").replaceChildren(), STAYS);

  function complain(words) {
    const problem = find("problem");
    if (problem.textContent !== words) problem.textContent = words;
    problem.hidden = !words;
  }

  /** With a capital, unless it begins with the name of a file, and a full stop. */
  const sentence = (words) => `${words.split(" ")[0].includes(".") ? words : words[0].toUpperCase() + words.slice(1)}${/[.…]$/.test(words) ? "" : "."}`;
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");
  const wait = (milliseconds) => new Promise((later) => setTimeout(later, milliseconds));

  /** A part of a page, ready-made by the server; null when signed out (the page then changes to /login). */
  async function part(path) {
    const answer = await fetch(path, { cache: "no-store", redirect: "manual" });
    if (answer.type === "opaqueredirect") { location.href = "/login"; return null; }
    if (!answer.ok) throw new Error(answer.status);
    return answer.text();
  }

  /* What is on now. */

  /** Replace only what has changed: a screen reader then reads the state once, and the focus stays. */
  function update(html) {
    const fresh = parsed(html).getElementById("now"), now = find("now");
    if (!fresh) return null;
    if (now) {
      if (now.dataset.reel !== fresh.dataset.reel) { location.reload(); return fresh; }
      for (const id of ["title", "state", "share", "facts", "undo"]) {
        const old = now.querySelector("#" + id), next = fresh.querySelector("#" + id);
        if (!old !== !next) { now.replaceChildren(...fresh.childNodes); break; }
        if (!old) continue;
        if (id === "share") old.value = next.value;
        else if (old.textContent !== next.textContent) old.replaceChildren(...next.childNodes);
      }
      Object.assign(now.dataset, fresh.dataset);
      document.title = now.querySelector("#title").textContent + " · longtake";
      swap(now.dataset.paused === "true");
      const range = find("at");
      if (range && !find("found").childElementCount && document.activeElement !== range) range.value = now.dataset.frame;
    }
    return fresh;
  }

  /** Show the buttons for this state, Pause or Play; the focus moves to the one that is left. */
  function swap(paused) {
    const absent = paused ? "running" : "paused", focused = document.activeElement.closest?.(`[data-when=${absent}]`);
    for (const form of document.querySelectorAll("[data-when]")) form.hidden = form.dataset.when === absent;
    if (focused) document.querySelector(`[data-when=${paused ? "paused" : "running"}] button`).focus();
  }

  let look = find("look-glass")?.hasAttribute("aria-current") ? "glass" : "panel";
  async function picture() {
    const image = find("picture");
    if (!find("look-panel")) return;
    const answer = await fetch(`/picture/now/${look}.png`, { method: "HEAD", cache: "no-store" });
    if (answer.status === 404) return;
    if (!image) { location.reload(); return; }
    const tag = (answer.headers.get("ETag") || "").replaceAll('"', "");
    if (tag === image.dataset.tag) return;
    image.dataset.tag = tag;
    image.src = `/picture/now/${look}.png?${tag}`;
    image.alt = image.dataset[look === "glass" ? "altGlass" : "altPanel"];
    find("whole").href = `/api/${look}.png`;
  }
  for (const name of ["panel", "glass"]) {
    find(`look-${name}`)?.addEventListener("click", (event) => {
      event.preventDefault();
      look = name;
      for (const other of ["panel", "glass"]) find(`look-${other}`).toggleAttribute("aria-current", other === name);
      picture();
    });
  }

  async function refresh() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      if (find("now")) {
        const html = await part("/now");
        if (html) update(html);
        await picture();
      }
      if (find("log-part")?.open) {
        const log = find("log"), fresh = parsed(await part("/log")).getElementById("log");
        const below = log.scrollTop + log.clientHeight >= log.scrollHeight - 30;
        if (log.textContent !== fresh.textContent) log.textContent = fresh.textContent;
        if (below) log.scrollTop = log.scrollHeight;
      }
      if (find("jobs")) await jobs();
      if (find("calibration")) await calibration();
      complain("");
    } catch {
      complain(text.lost);
    }
    timer = setTimeout(refresh, find("log-part")?.open ? 1500 : OFTEN);
  }
  find("log-part")?.addEventListener("toggle", () => { refresh().then(() => { find("log").scrollTop = find("log").scrollHeight; }); });

  /** The films that are being exported. */
  async function jobs() {
    const old = find("jobs"), fresh = parsed(await part("/jobs")).getElementById("jobs");
    if (!fresh || old.contains(document.activeElement) || old.querySelector("details[open]")) return;
    const chosen = upload && (upload.elements.file.value || find("cancel").hidden === false); // would be lost
    if (old.dataset.done !== fresh.dataset.done && !chosen) { location.reload(); return; }
    if (old.innerHTML !== fresh.innerHTML) old.replaceChildren(...fresh.childNodes);
  }

  /** What becomes of the photographs of the chart. */
  async function calibration() {
    const old = find("calibration"), fresh = parsed(await part("/calibration")).getElementById("calibration");
    if (fresh && old.innerHTML !== fresh.innerHTML && !old.contains(document.activeElement)) old.replaceChildren(...fresh.childNodes);
  }

  /* Forms. */

  /** Say what is wrong with each field beside it; true when there is something. */
  function mark(form, fields) {
    let first = null;
    for (const said of form.querySelectorAll(".wrong")) { said.hidden = true; said.textContent = ""; }
    for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
    for (const [name, words] of Object.entries(fields)) {
      const input = form.elements[name], field = input?.length && !input.tagName ? input[0] : input;
      const said = field && document.getElementById((field.getAttribute("aria-describedby") || "").split(" ").find((id) => id.startsWith("wrong-")) || `wrong-${name}`);
      if (!said) continue;
      said.textContent = sentence(words);
      said.hidden = false;
      field.setAttribute("aria-invalid", "true");
      first ??= field;
    }
    for (let around = first?.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    first?.focus();
    return Boolean(first);
  }

  /** Say what was refused: beside its field, else where everything is said. */
  function refused(form, told, fields) {
    if (mark(form, fields)) find("toasts").replaceChildren();
    else say(sentence(told.detail), "wrong", 2 * STAYS);
  }

  /** Wait until the player has done what was asked; says how that went. True when it was done. */
  async function follow(number, done) {
    for (const end = performance.now() + PATIENCE; performance.now() < end; await wait(SOON)) {
      const now = update(await part("/now"))?.dataset;
      if (!now) return false;
      if (Number(now.handled) < number || now.busy === "true") continue;
      if (Number(now.handled) === number && now.refused) { say(now.refused, "wrong", 2 * STAYS); return false; }
      say(done, "good");
      await picture();
      return true;
    }
    say(text.busy);
    return false;
  }

  /** Send a form as the browser would, and stay on the page. */
  async function send(form, button) {
    say(form.dataset.doing, "", PATIENCE);
    button?.setAttribute("aria-busy", "true");
    clearTimeout(timer);
    try {
      const body = new URLSearchParams(new FormData(form)), headers = { Accept: "application/json" };
      const answer = await fetch(form.action, { method: "POST", body, headers });
      const told = await answer.json();
      if (!answer.ok) {
        if (answer.status === 401) { location.href = "/login"; return; }
        refused(form, told, told.fields || {});
      } else {
        mark(form, {});
        if (told.request === 0) say(form.dataset.same);
        else if (await follow(told.request, form.dataset.done)) {
          if (form.dataset.stay === "seek") close();
          if (form.dataset.stay === "film") again(`/films?asked=${form.getAttribute("action").slice(4)}&number=${told.request}`);
        }
      }
    } catch {
      say(text.lost, "wrong");
    }
    button?.removeAttribute("aria-busy");
    timer = setTimeout(refresh, OFTEN);
  }

  const ofOptions = (fields) => Object.fromEntries(Object.entries(fields || {}).map(([name, why]) => [`option_${name}`, why]));

  /** Send a form that leads to another page; what is refused is said here, and nothing typed is lost. */
  async function leave(form, button) {
    say(form.dataset.doing, "", PATIENCE);
    button?.setAttribute("aria-busy", "true");
    try {
      const body = new URLSearchParams(new FormData(form)), headers = { Accept: "application/json" };
      const answer = await fetch(button?.getAttribute("formaction") || form.action, { method: "POST", body, headers, redirect: "manual" });
      if (answer.type === "opaqueredirect") { again(form.dataset.leads); return; }
      if (answer.status === 401) { location.href = "/login"; return; }
      const told = await answer.json();
      refused(form, told, ofOptions(told.fields));
    } catch {
      say(text.lost, "wrong");
    }
    button?.removeAttribute("aria-busy");
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.leads !== undefined) {
      event.preventDefault();
      if (!event.submitter?.hasAttribute("aria-busy")) leave(form, event.submitter);
    } else if (form.dataset.stay !== undefined) {
      event.preventDefault();
      if (!event.submitter?.hasAttribute("aria-busy")) send(form, event.submitter);
    } else if (form.method === "get" && form.closest("#seek")) {
      event.preventDefault();
      show(new FormData(form).values().next().value);
    } else if (form.dataset.doing) say(form.dataset.doing, "", PATIENCE);
  });

  /* Another place of the film. */

  let shows = 0;
  /** Show what is there, before anything jumps. */
  async function show(place) {
    const mine = ++shows;
    try {
      const html = await part(`/seek?at=${encodeURIComponent(place)}`);
      if (!html || mine !== shows) return;
      const fresh = parsed(html).getElementById("found"), image = fresh.querySelector("#preview");
      if (image) await new Promise((loaded) => { const early = new Image(); early.onload = early.onerror = loaded; early.src = image.src; });
      if (mine !== shows) return;
      const number = fresh.querySelector("[name=place]")?.value, range = find("at");
      if (number && document.activeElement !== range) range.value = number; // the slider follows, unless it is held
      find("found").replaceChildren(...fresh.childNodes);
    } catch {
      complain(text.lost);
    }
  }
  function close() {
    shows++;
    find("found")?.replaceChildren();
    if (find("at")) find("at").value = find("now").dataset.frame;
  }
  let slides = 0;
  find("at")?.addEventListener("input", (event) => {
    clearTimeout(slides);
    slides = setTimeout(() => show(event.target.value), 120);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-at], [data-close]");
    if (!link) return;
    event.preventDefault();
    if (link.dataset.at) show(link.dataset.at).then(() => find("found").scrollIntoView({ block: "nearest" }));
    else { close(); find("at").focus(); }
  });

  /* When the film ends at another pace. */

  const pieces = ["interval_h", "interval_m", "interval_s"].map(find).filter(Boolean);
  let asks = 0;
  for (const piece of pieces) {
    piece.addEventListener("input", () => {
      document.querySelector("[name=pace][value=interval]").checked = true;
      const mine = ++asks;
      setTimeout(async () => {
        if (mine !== asks) return;
        const query = new URLSearchParams(pieces.map((one) => [one.name, one.value]));
        const words = await part(`/ends?${query}`).catch(() => null);
        if (mine === asks && words !== null) find("ends").textContent = words;
      }, 250);
    });
  }
  find("finish_by")?.addEventListener("input", () => { document.querySelector("[name=pace][value=date]").checked = true; });

  /* Sending a file, in pieces: the player never holds more than one, and a lost connection costs one. */

  class Refused extends Error {}
  const LEAST = 64 * 1024, FAILURES = 20; // bytes of the smallest piece; failures in a row
  const upload = find("upload");

  /** Post to the API. A refusal throws Refused with its sentence; a lost connection throws something else. */
  async function post(path, body, type = "application/json") {
    const headers = { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": type }) };
    const answer = await fetch(path, { method: "POST", headers, body });
    const found = await answer.json();
    if (answer.ok) return found;
    throw Object.assign(new Refused(found.detail), { status: answer.status, fields: found.fields });
  }

  function sender(form) {
    const words = form.dataset, bar = find("sent"), said = find("sending"), cancel = find("cancel");
    const button = form.querySelector("button:not([type])");
    const fill = (template, ...gaps) => gaps.reduce((filled, gap) => filled.replace("{}", gap), template);
    const tell = (told, kind = "") => { said.textContent = told; said.className = kind; };
    /** A name that the player takes: its letters are those of every file system. */
    const nameFor = (name) => name.replaceAll("ß", "ss").normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[._-]+/, "").replace(/[^.]+$/, (suffix) => suffix.toLowerCase()).slice(-95) || "film";
    const usual = (field) => field.tagName === "SELECT" && field.selectedIndex === 0;
    const options = () => Object.fromEntries([...form.querySelectorAll("[name^=option_]")]
      .filter((field) => (field.type === "checkbox" ? field.checked : field.value.trim() && !usual(field)))
      .map((field) => [field.name.slice(7), field.value.trim()]));
    const begin = (file) => post("/api/upload", JSON.stringify({
      name: nameFor(file.name), bytes: file.size, stamp: `${file.name} ${file.lastModified}`.slice(-100), options: options() }));
    let id = null, stopped = false, told = -1;

    function progress(received, whole) {
      bar.value = 100 * received / whole;
      const tenth = Math.floor(10 * received / whole) * 10; // a screen reader reads it out
      if (tenth !== told) tell(fill(words.sent, `${tenth} %`, `${(whole / 1e6).toFixed(1)} MB`));
      told = tenth;
    }

    async function pieces(file, largest) {
      let sent = await begin(file), piece = LEAST, failures = 0; // a small one first: the first bytes may be refused
      id = sent.id;
      while (sent.received < file.size && !stopped) {
        progress(sent.received, file.size);
        const data = file.slice(sent.received, sent.received + piece);
        try {
          sent = await post(`/api/upload/${id}?offset=${sent.received}`, data, "application/octet-stream");
          failures = 0;
          piece = Math.min(largest, piece * 4);
        } catch (error) {
          if (error instanceof Refused && error.status !== 409) throw error;
          if (++failures > FAILURES) throw error;
          piece = Math.max(LEAST, piece / 4); // a slow network: smaller pieces arrive in time
          tell(words.lost);
          told = -1;
          await wait(500 * failures);
          if (!stopped) sent = await begin(file).catch((lost) => { if (lost instanceof Refused) throw lost; return sent; });
          id = sent.id;
        }
      }
    }

    async function whole(file) {
      const limits = await (await fetch("/api/upload")).json();
      if (file.size > limits.limit) throw new Refused(words.large);
      await pieces(file, limits.piece);
      if (stopped) return;
      bar.removeAttribute("value");
      tell(words.checking);
      await post(`/api/upload/${id}/finish`);
      location.href = "/films?asked=upload";
    }

    function busy(on) {
      button.disabled = on;
      cancel.hidden = bar.hidden = !on;
    }

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      stopped = false;
      told = -1;
      busy(true);
      try {
        await whole(form.elements.file.files[0]);
      } catch (error) {
        if (error.fields) mark(form, ofOptions(error.fields));
        tell(fill(words.stopped, error instanceof Refused ? sentence(error.message) : sentence(words.again)), "warn");
      }
      busy(false);
    });
    cancel.addEventListener("click", async () => {
      stopped = true;
      busy(false);
      button.focus();
      tell(words.cancelled);
      if (id) await post(`/api/upload/${id}/cancel`).catch(() => {});
    });
  }
  if (upload) sender(upload);

  document.addEventListener("visibilitychange", refresh);
  timer = setTimeout(refresh, OFTEN);
})();
