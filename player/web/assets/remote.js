"use strict";
// Live refresh of what is shown, and the forms without leaving the page. Without this script they work too.
(() => {
  const OFTEN = 5000, SOON = 700; // milliseconds between two looks; after something was asked
  const find = (id) => document.getElementById(id);
  let look = find("look-glass").hasAttribute("aria-current") ? "glass" : "panel";
  let shown = null, timer = 0;

  function complain(text) {
    const problem = find("problem");
    if (problem.textContent !== text) problem.textContent = text;
    problem.hidden = !text;
  }

  /** Replace what has changed, and only that: a screen reader says the state once. */
  function renew(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("now");
    if (!fresh) return;
    const now = find("now");
    for (const id of ["title", "state", "share", "facts"]) {
      const old = now.querySelector("#" + id), next = fresh.querySelector("#" + id);
      if (!old !== !next) { now.replaceChildren(...fresh.childNodes); break; }
      if (!old) continue;
      if (id === "share") old.value = next.value;
      else if (old.textContent !== next.textContent) old.replaceChildren(...next.childNodes);
    }
    document.title = now.querySelector("#title").textContent + " · longtake";
    swap(fresh.dataset.paused === "true");
  }

  /** Pause or Resume; the focus stays on the one that is left. */
  function swap(paused) {
    const [gone, there] = paused ? [find("pause"), find("resume")] : [find("resume"), find("pause")];
    const focused = gone.contains(document.activeElement);
    gone.hidden = true;
    there.hidden = false;
    if (focused) there.querySelector("button").focus();
  }

  async function picture() {
    const image = find("picture");
    const answer = await fetch(`/api/${look}.png`, { method: "HEAD", cache: "no-store" });
    if (answer.status === 404) return;
    if (!image) { location.reload(); return; }
    const tag = look + answer.headers.get("ETag");
    if (tag === shown) return;
    shown = tag;
    const url = `/api/${look}.png?${(answer.headers.get("ETag") || "").replaceAll('"', "")}`;
    image.src = url;
    image.alt = `The ${look}, as it is now`;
    find("whole").href = `/api/${look}.png`;
  }

  async function refresh() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch("/now", { cache: "no-store", redirect: "manual" });
      if (answer.type === "opaqueredirect") { location.href = "/login"; return; }
      if (!answer.ok) throw new Error(answer.status);
      renew(await answer.text());
      await picture();
      if (find("problem").dataset.lost) { delete find("problem").dataset.lost; complain(""); }
    } catch {
      find("problem").dataset.lost = "yes";
      complain("The player does not answer. Trying again.");
    }
    timer = setTimeout(refresh, OFTEN);
  }

  function body(form) {
    const place = form.elements.place?.value.trim(), reel = form.elements.reel?.value;
    if (reel !== undefined) return { reel };
    if (place === undefined) return null;
    return /^\d{1,12}$/.test(place) ? { frame: Number(place) } : { time: place };
  }

  async function ask(form) {
    const sent = body(form), options = { method: "POST" };
    if (sent) Object.assign(options, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent) });
    try {
      const answer = await fetch(form.dataset.api, options);
      const found = await answer.json();
      complain(answer.ok ? "" : found.detail);
      if (answer.ok && sent?.reel) setTimeout(() => location.reload(), 2 * SOON);
    } catch {
      complain("The player does not answer. Try again.");
    }
    timer = setTimeout(refresh, SOON);
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.dataset.api) return;
    event.preventDefault();
    ask(event.target);
  });
  for (const name of ["panel", "glass"]) {
    find(`look-${name}`).addEventListener("click", (event) => {
      event.preventDefault();
      look = name;
      for (const other of ["panel", "glass"]) find(`look-${other}`).toggleAttribute("aria-current", other === name);
      picture();
    });
  }
  document.addEventListener("visibilitychange", refresh);
  timer = setTimeout(refresh, OFTEN);
})();
