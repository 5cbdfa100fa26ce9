"use strict";
// Refreshes what is shown, and sends the forms without leaving the page. They work without this script too.
(() => {
  const OFTEN = 5000, SOON = 700; // milliseconds between two refreshes; after a form
  const find = (id) => document.getElementById(id);
  let look = find("look-glass").hasAttribute("aria-current") ? "glass" : "panel";
  let shown = null, timer = 0;

  function complain(text) {
    const problem = find("problem");
    if (problem.textContent !== text) problem.textContent = text;
    problem.hidden = !text;
  }

  const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

  /** Replace only what has changed: a screen reader then reads the state once. */
  function update(html) {
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

  /** Show the buttons for this state, Pause or Resume; the focus moves to the one that is left. */
  function swap(paused) {
    const absent = paused ? "running" : "paused", focused = document.activeElement.closest?.(`[data-when=${absent}]`);
    for (const form of document.querySelectorAll("[data-when]")) form.hidden = form.dataset.when === absent;
    if (focused) document.querySelector(`[data-when=${paused ? "paused" : "running"}] button`).focus();
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
      update(await answer.text());
      await picture();
      if (find("problem").dataset.lost) { delete find("problem").dataset.lost; complain(""); }
    } catch {
      find("problem").dataset.lost = "yes";
      complain("The player does not answer. Trying again.");
    }
    timer = setTimeout(refresh, OFTEN);
  }

  /** Send a form as the browser would, and stay on the page. */
  async function send(form) {
    try {
      const body = new URLSearchParams(new FormData(form)), headers = { Accept: "application/json" };
      const answer = await fetch(form.action, { method: "POST", body, headers });
      complain(answer.ok ? "" : sentence((await answer.json()).detail));
      if (answer.ok && form.dataset.stay === "reload") setTimeout(() => location.reload(), 2 * SOON);
    } catch {
      complain("The player does not answer. Try again.");
    }
    clearTimeout(timer);
    timer = setTimeout(refresh, SOON);
  }

  document.addEventListener("submit", (event) => {
    if (event.target.dataset.stay === undefined) return;
    event.preventDefault();
    send(event.target);
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
