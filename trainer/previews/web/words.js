// How figures are written, and small helpers for the elements of the page.

const byId = (id) => document.getElementById(id);

function percent(share) {
  const value = 100 * share;
  return `${value.toFixed(value >= 10 ? 1 : value >= .01 || value === 0 ? 2 : 3)} %`;
}

function filmTime(milliseconds) {
  const seconds = milliseconds / 1000;
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - 60 * minutes).toFixed(2).padStart(5, "0");
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const redrawsOf = (data) => `${plural(data.redraws, "redraw")} after the first`;

// An element with text in it. All text goes through textContent, since a film's name may hold anything.
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const ACTIONS = { redraw: "redraw", partial: "partial update", nothing: "nothing changes" };

// The figures of one dither at one frame, as [term, words].
function figuresOf(shown) {
  const list = [];
  if (shown.flips !== null) {
    list.push(["flips", `${percent(shown.flips)}  ↓ ${percent(shown.darkened)} ↑ ${percent(shown.lightened)}`]);
  }
  list.push(["net", percent(shown.net)]);
  for (const eye of Object.keys(shown.psnr).reverse()) {
    list.push([`HVS-PSNR S ${eye}`, `${shown.psnr[eye].toFixed(1)} dB`]);
  }
  return list;
}
