"use strict";
// Sends a reel in pieces, so that the player never holds more than one, and continues after a lost connection.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const LEAST = 64 * 1024, PATIENCE = 20; // bytes of the smallest piece; failures in a row
  const bar = document.getElementById("sent"), said = document.getElementById("sending");
  const cancel = document.getElementById("cancel"), send = form.querySelector("button:not([type])");
  let id = null, stopped = false;

  const say = (text) => { said.textContent = text; };
  const wait = (milliseconds) => new Promise((later) => setTimeout(later, milliseconds));

  class Refused extends Error {}

  /** Post to the API. A refusal throws Refused with its sentence; a lost connection throws something else. */
  async function post(path, body, type = "application/json") {
    const headers = body === undefined ? {} : { "Content-Type": type };
    const answer = await fetch(path, { method: "POST", headers, body });
    const found = await answer.json();
    if (answer.ok) return found;
    throw Object.assign(new Refused(found.detail), { status: answer.status });
  }

  const nameFor = (name) =>
    (name.replace(/\.reel$/, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[._-]+|[._-]+$/g, "").slice(0, 90) || "film") + ".reel";

  const begin = (file) => post("/api/upload", JSON.stringify({
    name: nameFor(file.name), bytes: file.size, stamp: `${file.name} ${file.lastModified}`.slice(-100) }));

  function progress(received, whole) {
    bar.value = 100 * received / whole;
    bar.textContent = `${Math.floor(bar.value)} %`;
    // Only every tenth: a screen reader reads it out.
    const tenth = Math.floor(10 * received / whole) * 10;
    say(`${tenth} % of ${(whole / 1e6).toFixed(1)} MB sent`);
  }

  async function pieces(file, largest) {
    let upload = await begin(file), piece = largest, failures = 0;
    id = upload.id;
    while (upload.received < file.size && !stopped) {
      progress(upload.received, file.size);
      const data = file.slice(upload.received, upload.received + piece);
      try {
        upload = await post(`/api/upload/${id}?offset=${upload.received}`, data, "application/octet-stream");
        failures = 0;
      } catch (error) {
        if (error instanceof Refused && error.status !== 409) throw error;
        if (++failures > PATIENCE) throw error;
        piece = Math.max(LEAST, piece / 2); // a slow network: smaller pieces arrive in time
        say("The connection was lost. Trying again.");
        await wait(500 * failures);
        if (!stopped) upload = await begin(file).catch((lost) => { if (lost instanceof Refused) throw lost; return upload; });
        id = upload.id;
      }
    }
  }

  async function whole(file) {
    const limits = await (await fetch("/api/upload")).json();
    if (file.size > limits.limit) throw new Refused(`the file is larger than ${Math.round(limits.limit / 1e6)} MB, the limit.`);
    await pieces(file, limits.piece);
    if (stopped) return;
    bar.removeAttribute("value");
    say("Sent. The player is checking it.");
    await post(`/api/upload/${id}/finish`);
    location.href = "/?asked=upload";
  }

  function busy(on) {
    send.disabled = on;
    cancel.hidden = bar.hidden = !on;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    stopped = false;
    busy(true);
    try {
      await whole(form.elements.file.files[0]);
    } catch (error) {
      say(error instanceof Refused ? `Not sent: ${error.message}` : "Not sent: the player does not answer. Send it again to continue.");
    }
    busy(false);
  });

  cancel.addEventListener("click", async () => {
    stopped = true;
    busy(false);
    send.focus();
    say("Cancelled.");
    if (id) await post(`/api/upload/${id}/cancel`).catch(() => say("Cancelled here; the player drops it within an hour."));
  });
})();
