// The page: what is chosen, where in the film it is, and the controls. The names of its parts are in page.html.

const data = JSON.parse(byId("data").textContent);
const COUNT = data.frames.length;
const SPEEDS = [1, 2, 4, 8, 12, 24];
const still = matchMedia("(prefers-reduced-motion: reduce)");

// What the panels look at. x and y: the middle of the part that is shown, in pixels of the panel.
const view = {
  size: { width: data.width, height: data.height },
  tones: { white: grey(data.glass.white), black: grey(data.glass.black), ghost: grey(data.glass.ghost) },
  x: data.middle.x, y: data.middle.y, whole: false, glass: data.show_glass, changes: false, pixel: null,
  // Screen pixels to a pixel of the panel; at first what comes near to its true size, 300 to the inch.
  zoom() { return this.pixel ?? Math.max(1, Math.round(devicePixelRatio / 2)); },
  resized: () => draw(),
};
const tracks = data.dithers.map((dither) => new Track(dither, data.width, data.height));
const film = new Panel("The film's frame", null, null, view);
const panels = data.dithers.map((dither, i) => new Panel(dither.name, i, tracks[i], view));
let choice = innerWidth >= 640 && data.dithers.length > 1 ? "all" : 0;  // "all", "film" or the index of a dither
let wanted = 0;
let shown = null;
let bitmap = null;
let timer = null;

const visible = () => (choice === "all" ? panels : choice === "film" ? [film] : [panels[choice]]);
const chart = new Chart(byId("chart"), data, (frame) => go(frame));

// Show the wanted frame. Calls while this is under way are folded into one more round.
let busy = null;
function show() {
  busy ??= settle().catch(report).finally(() => { busy = null; });
  return busy;
}

async function settle() {
  for (;;) {
    const frame = wanted;
    const seen = visible();
    await Promise.all(seen.map((panel) => panel.track?.seek(frame)));
    if (frame !== shown) {
      bitmap = await createImageBitmap(new Blob([bytesOf(data.frames[frame].jpeg)], { type: "image/jpeg" }));
    }
    if (shown !== null && frame === shown + 1 && view.glass && !still.matches) {
      for (const panel of seen) if (panel.track && data.frames[frame].redraw) panel.flash(draw);
    }
    shown = frame;
    tell();
    draw();
    if (wanted === shown && visible().every((panel) => !panel.track || panel.track.at === shown)) return;
  }
}

// Inflate what there is room for while the page is idle, so that long jumps are quick.
async function workAhead() {
  for (let frame = 0; frame < COUNT && roomForFlips > 0; frame += 1) {
    for (const track of tracks) await track.flips(frame);
    await new Promise((later) => { setTimeout(later, 5); });
  }
}

function draw() {
  if (shown === null) return;
  for (const panel of visible()) if (!panel.track || panel.track.at === shown) panel.draw(bitmap);
  drawMap();
  tellScale();
}

// A small picture of the whole frame, with the part that is shown. It is the frame, not a dither: resampling is harmless.
function drawMap() {
  const panel = visible()[0];
  const map = byId("map");
  byId("mapbox").hidden = view.whole;
  byId("mapbox").parentElement.classList.toggle("alone", view.whole);
  if (view.whole || !bitmap) return;
  const width = Math.max(1, Math.round(map.clientWidth * devicePixelRatio));
  const scale = width / data.width;
  if (map.width !== width) map.width = width;
  const height = Math.max(1, Math.round(data.height * scale));
  if (map.height !== height) map.height = height;
  const context = map.getContext("2d");
  context.drawImage(bitmap, 0, 0, width, height);
  const { x, y, width: wide, height: high } = panel.area();
  const line = Math.max(1, Math.round(devicePixelRatio));
  for (const [ink, out] of [["#000", line], ["#fff", 0]]) {
    context.strokeStyle = ink;
    context.lineWidth = line;
    context.strokeRect(x * scale - out, y * scale - out, wide * scale + 2 * out, high * scale + 2 * out);
  }
}

function tellScale() {
  const panel = visible()[0];
  const scale = panel.scale();
  const text = byId("scale");
  if (view.whole && !Number.isInteger(scale)) {
    text.replaceChildren(element("strong", "", `Resampled to ${Math.round(100 * scale)} %: moiré lies.`),
      " Judge the dots in a part of the panel, 1:1.");
    return;
  }
  const { x, y, width, height } = panel.area();
  const pixels = scale === 1 ? "one screen pixel" : `${scale} × ${scale} screen pixels`;
  const part = view.whole ? "the whole panel" : `${width} × ${height} from ${x}, ${y} of ${data.width} × ${data.height}`;
  text.textContent = `1:1, a pixel is ${pixels}; ${part}`;
}

function tell() {
  for (const panel of panels) panel.tell(panel.track.frames[shown], shown === 0);
  film.tell();
  const { number, time_ms: time, cut } = data.frames[shown];
  byId("frame").value = shown;
  byId("frame").setAttribute("aria-valuetext", `${shown + 1} of ${COUNT}`);
  byId("place").textContent = `${shown + 1} of ${COUNT} · film frame ${number} · ${filmTime(time)}${cut ? " · cut" : ""}`;
  byId("back").disabled = shown === 0;
  byId("forth").disabled = shown === COUNT - 1;
  chart.move(shown);
  if (timer === null) say();
}

// One sentence for a screen reader, when nothing moves.
function say() {
  const parts = visible().filter((panel) => panel.track).map((panel) => {
    const now = panel.track.frames[shown];
    const flips = now.flips === null ? "" : `${percent(now.flips)} flips, `;
    return `${panel.name}: ${flips}${ACTIONS[now.action]}`;
  });
  byId("said").textContent = `Frame ${shown + 1} of ${COUNT}. ${parts.join(". ")}`;
}

function go(frame) {
  wanted = Math.max(0, Math.min(COUNT - 1, frame));
  return show();
}

function choose(next) {
  choice = next;
  const seen = visible();
  byId("panels").replaceChildren(...seen.map((panel) => panel.figure));
  for (const button of byId("choices").children) {
    button.setAttribute("aria-pressed", String(button.dataset.choice === String(choice)));
  }
  chart.chosen = Number.isInteger(choice) ? choice : null;
  chart.draw();
  // As high as the usual shape of a panel asks for; the style sheet sets a limit.
  const wide = byId("panels").clientWidth / Math.max(1, Math.min(seen.length, Math.floor(byId("panels").clientWidth / 316)));
  byId("panels").style.setProperty("--tall", `${Math.round(Math.max(200, wide * .75))}px`);
  show();
}

function turn(name, on) {
  view[name] = on;
  byId(name).setAttribute("aria-pressed", String(on));
  byId("panels").classList.toggle("whole", view.whole);
  byId("smaller").disabled = view.whole || view.zoom() <= 1;
  byId("larger").disabled = view.whole || view.zoom() >= 8;
  draw();
}

function enlarge(by) {
  view.pixel = Math.max(1, Math.min(8, view.zoom() + by));
  turn("whole", false);
}

// Move the middle of the part that is shown, as far as the panel goes.
function move(x, y) {
  Object.assign(view, { x, y });
  const area = visible()[0].area();
  Object.assign(view, { x: area.x + area.width / 2, y: area.y + area.height / 2 });
  draw();
}

async function play() {
  byId("play").textContent = "Pause";
  if (wanted === COUNT - 1) await go(0);
  const tick = async () => {
    const started = performance.now();
    await go(wanted + 1);
    if (timer === null) return;
    if (wanted === COUNT - 1) pause();
    else timer = setTimeout(tick, Math.max(0, 1000 / byId("speed").value - (performance.now() - started)));
  };
  timer = setTimeout(tick, 1000 / byId("speed").value);
}

function pause() {
  clearTimeout(timer);
  timer = null;
  byId("play").textContent = "Play";
  if (shown !== null) say();
}

const playOrPause = () => (timer === null ? play() : pause());

// The next frame, in a direction, that is a cut or is redrawn.
function jump(direction) {
  const happens = (frame) => data.frames[frame].cut || data.frames[frame].redraw;
  let frame = wanted + direction;
  while (frame > 0 && frame < COUNT - 1 && !happens(frame)) frame += direction;
  go(frame);
}

function faster(by) {
  const speed = byId("speed");
  speed.selectedIndex = Math.max(0, Math.min(speed.options.length - 1, speed.selectedIndex + by));
}

function report(error) {
  pause();
  byId("problem").textContent = `The page cannot show this: ${error.message}. Make it again with trainer preview.`;
  byId("problem").hidden = false;
}
