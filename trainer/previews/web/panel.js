// One panel of the page: a canvas whose pixels are the screen's own, under a name, over its figures.

const FLASH_MS = 150;

// A length in screen pixels. Only the browser knows how it rounds a fraction, and not every browser says so; one that
// emulates another device answers for its own screen.
function screenPixels(length, told) {
  const about = length * devicePixelRatio;
  return told !== undefined && Math.abs(told - about) <= 1 ? told : Math.round(about);
}

class Panel {
  // `track` is a dither's Track, or null for the frame itself.
  constructor(name, series, track, view) {
    this.track = track;
    this.view = view;
    this.flashUntil = 0;
    const figure = byId("panel").content.cloneNode(true).firstElementChild;
    this.figure = figure;
    this.canvas = figure.querySelector("canvas");
    this.action = figure.querySelector(".action");
    this.figures = figure.querySelector(".figures");
    figure.querySelector(".name").textContent = name;
    this.name = name;
    if (series !== null) figure.querySelector(".swatch").classList.add(`c${series + 1}`);
    const box = figure.querySelector(".view");
    const measure = ([entry]) => {
      const { width, height } = entry.contentRect;
      const told = entry.devicePixelContentBoxSize?.[0];
      this.canvas.width = screenPixels(width, told?.inlineSize);
      this.canvas.height = screenPixels(height, told?.blockSize);
      this.view.resized();
    };
    const observer = new ResizeObserver(measure);
    try {
      observer.observe(box, { box: "device-pixel-content-box" });
    } catch {
      observer.observe(box);
    }
  }

  // How many screen pixels one pixel of the panel takes: whole where a part is shown or where that fits.
  scale() {
    const { width, height } = this.view.size;
    if (!this.view.whole) return this.view.zoom();
    const fit = Math.min(this.canvas.width / width, this.canvas.height / height);
    return fit >= 1 ? Math.floor(fit) : fit;
  }

  area() {
    const { size, whole } = this.view;
    if (whole) return { x: 0, y: 0, ...size };
    const zoom = this.scale();
    const width = Math.min(size.width, Math.ceil(this.canvas.width / zoom));
    const height = Math.min(size.height, Math.ceil(this.canvas.height / zoom));
    const place = (middle, part, all) => Math.max(0, Math.min(all - part, Math.round(middle - part / 2)));
    return { x: place(this.view.x, width, size.width), y: place(this.view.y, height, size.height), width, height };
  }

  // Draw what the panel shows now; `bitmap` is the frame, needed where there is no track.
  draw(bitmap) {
    if (!this.canvas.width || !this.canvas.height) return;
    const area = this.area();
    const scale = this.scale();
    const wide = Math.round(area.width * scale);
    const high = Math.round(area.height * scale);
    // In the middle of the box where it is larger than the panel.
    const left = Math.max(0, (this.canvas.width - wide) >> 1);
    const top = Math.max(0, (this.canvas.height - high) >> 1);
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingEnabled = !Number.isInteger(scale);
    context.imageSmoothingQuality = "high";
    if (this.track) {
      const { glass, changes } = this.view;
      const negative = performance.now() < this.flashUntil;
      const image = changes && !negative ? paintChanges(this.track, area)
        : paintDither(this.track, area, glass ? this.view.tones : BARE, negative);
      const source = this.sheet(area);
      source.getContext("2d").putImageData(image, 0, 0);
      context.drawImage(source, left, top, wide, high);
    } else if (bitmap) {
      context.drawImage(bitmap, area.x, area.y, area.width, area.height, left, top, wide, high);
    }
  }

  sheet(area) {
    this.offscreen ??= document.createElement("canvas");
    this.offscreen.width = area.width;
    this.offscreen.height = area.height;
    return this.offscreen;
  }

  // A redraw: for a moment the picture is its own negative.
  flash(redrawn) {
    this.flashUntil = performance.now() + FLASH_MS;
    setTimeout(redrawn, FLASH_MS + 1);
  }

  tell(shown, first) {
    this.canvas.setAttribute("aria-label", this.name);
    if (!shown) return;
    this.action.textContent = first ? "redraw at the start" : ACTIONS[shown.action];
    this.action.classList.toggle("redraw", shown.action === "redraw");
    this.figures.replaceChildren(...figuresOf(shown).map(([term, words]) => {
      const pair = element("div");
      pair.append(element("dt", "", term), element("dd", "", words));
      return pair;
    }));
  }
}

// Drag the picture to move the part of the panel that is shown.
function dragPicture(panel, move) {
  let from = null;
  panel.canvas.addEventListener("pointerdown", (event) => {
    if (panel.view.whole) return;
    panel.canvas.setPointerCapture(event.pointerId);
    panel.canvas.classList.add("dragged");
    from = { x: panel.view.x, y: panel.view.y, left: event.clientX, top: event.clientY };
  });
  panel.canvas.addEventListener("pointermove", (event) => {
    if (!from || !event.buttons) return;
    const pixel = devicePixelRatio / panel.scale();
    move(from.x - (event.clientX - from.left) * pixel, from.y - (event.clientY - from.top) * pixel);
  });
  const end = () => { from = null; panel.canvas.classList.remove("dragged"); };
  panel.canvas.addEventListener("pointerup", end);
  panel.canvas.addEventListener("pointercancel", end);
}
