// Fill in the page and connect its controls and keys.

function choiceButton(value, key, name, series, lines) {
  const button = element("button", "choice");
  button.type = "button";
  button.dataset.choice = value;
  button.setAttribute("aria-keyshortcuts", key);
  const head = element("span", "name");
  if (series !== null) head.append(element("span", `swatch c${series + 1}`));
  head.append(element("span", "", name), element("span", "key", key));
  if (series === null) button.classList.add("other");
  button.append(head, ...lines);
  button.addEventListener("click", () => choose(value));
  return button;
}

function fillIn() {
  document.title = `${data.film} · longtake preview`;
  byId("film").textContent = data.film;
  const step = data.every > 1 ? `, one of every ${data.every}` : "";
  byId("facts").textContent = `${plural(COUNT, "frame")}${step}, from ${filmTime(data.frames[0].time_ms)}, `
    + `on a panel of ${data.width} × ${data.height}, with ${redrawsOf(data)}`;
  const buttons = data.dithers.map((dither, i) => {
    const eyes = Object.keys(dither.psnr).reverse().map((eye) => `${dither.psnr[eye].toFixed(1)} dB at S ${eye}`);
    const most = element("span", "most", percent(dither.flips ?? 0));
    most.append(element("small", "short", " flip"));
    const flips = dither.flips === null ? [] : [most, element("small", "unit", "of the pixels flip per frame")];
    const rest = element("small", "", eyes.join(" · "));
    return choiceButton(i, String(i + 1), dither.name, i, [...flips, rest]);
  });
  const frame = choiceButton("film", "0", "Frame", null, [element("small", "", "what is dithered, as JPEG")]);
  const all = choiceButton("all", "a", "Side by side", null, [element("small", "", "every dither, the same part")]);
  byId("choices").append(...(buttons.length > 1 ? [all] : []), ...buttons, frame);
  byId("frame").max = COUNT - 1;
  const speeds = [...new Set([...SPEEDS, data.fps])].sort((a, b) => a - b);
  byId("speed").append(...speeds.map((fps) => {
    const option = element("option", "", `${fps} a second`);
    option.value = fps;
    option.selected = fps === data.fps;
    return option;
  }));
}

function connect() {
  byId("back").addEventListener("click", () => go(wanted - 1));
  byId("forth").addEventListener("click", () => go(wanted + 1));
  byId("play").addEventListener("click", playOrPause);
  byId("frame").addEventListener("input", (input) => go(input.target.valueAsNumber));
  for (const name of ["whole", "glass", "changes"]) byId(name).addEventListener("click", () => turn(name, !view[name]));
  byId("smaller").addEventListener("click", () => enlarge(-1));
  byId("larger").addEventListener("click", () => enlarge(1));
  for (const panel of [film, ...panels]) dragPicture(panel, move);
  const centre = (pointer) => {
    const { left, top, width } = byId("map").getBoundingClientRect();
    const scale = data.width / width;
    move((pointer.clientX - left) * scale, (pointer.clientY - top) * scale);
  };
  byId("map").addEventListener("pointerdown", (pointer) => { byId("map").setPointerCapture(pointer.pointerId); centre(pointer); });
  byId("map").addEventListener("pointermove", (pointer) => { if (pointer.buttons) centre(pointer); });
  addEventListener("keydown", keyPressed);
  addEventListener("resize", () => choose(choice));
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MOVES = {
  ArrowLeft: () => go(wanted - 1), ArrowRight: () => go(wanted + 1), PageUp: () => go(wanted - 10),
  PageDown: () => go(wanted + 10), Home: () => go(0), End: () => go(COUNT - 1),
};
const LETTERS = {
  a: () => { if (panels.length > 1) choose("all"); }, 0: () => choose("film"),
  g: () => turn("glass", !view.glass), c: () => turn("changes", !view.changes), w: () => turn("whole", !view.whole),
  "+": () => enlarge(1), "=": () => enlarge(1), "-": () => enlarge(-1),
  n: () => jump(1), p: () => jump(-1), "[": () => faster(-1), "]": () => faster(1),
};

function keyPressed(key) {
  if (key.ctrlKey || key.metaKey || key.altKey || key.target.matches("select")) return;
  const onButton = key.target.matches("button, summary, input[type=checkbox]");
  let act = null;
  if (key.shiftKey && ARROWS[key.key]) {
    const [x, y] = ARROWS[key.key];
    act = () => move(view.x + 32 * x, view.y + 32 * y);
  } else if (MOVES[key.key]) {
    // The slider moves by itself.
    if (!key.target.matches("input[type=range]")) act = MOVES[key.key];
  } else if (key.key === " ") {
    if (!onButton) act = playOrPause;
  } else if (byId("shortcuts").checked) {
    const digit = "123456789".indexOf(key.key);
    act = digit >= 0 && digit < panels.length ? () => choose(digit) : LETTERS[key.key.toLowerCase()];
  }
  if (!act) return;
  key.preventDefault();
  act();
}

if (typeof DecompressionStream === "undefined") {
  report(new Error("it needs a browser of 2023 or later"));
} else {
  byId("main").hidden = false;
  fillIn();
  connect();
  choose(choice);
  turn("glass", view.glass);
  show().then(workAhead).catch(report);
}
