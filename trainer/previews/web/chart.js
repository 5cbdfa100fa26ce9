// The chart of flips over the frames, on a logarithmic scale, with cuts and redraws. Click or drag to go to a frame.

class Chart {
  constructor(svg, data, go) {
    this.svg = svg;
    this.data = data;
    this.chosen = null;
    this.frame = 0;
    const seek = (event) => {
      const { left, width } = svg.getBoundingClientRect();
      const share = (event.clientX - left - Chart.LEFT) / (width - Chart.LEFT - Chart.RIGHT);
      go(Math.round(Math.min(1, Math.max(0, share)) * (data.frames.length - 1)));
    };
    svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); seek(event); });
    svg.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  draw() {
    const width = this.svg.clientWidth;
    const height = this.svg.clientHeight;
    const { frames, dithers } = this.data;
    const bottom = height - 12 - 9 * dithers.length;
    const x = (frame) => Chart.LEFT + (frame / Math.max(1, frames.length - 1)) * (width - Chart.LEFT - Chart.RIGHT);
    const shares = dithers.flatMap((dither) => dither.frames.slice(1).map((shown) => shown.flips)).filter(Boolean);
    const least = Math.floor(Math.log10(Math.max(1e-5, Math.min(.01, ...shares))));
    const most = Math.min(0, Math.ceil(Math.log10(Math.max(.01, ...shares))));
    const y = (share) => 8 + (bottom - 8) * (1 - (Math.log10(Math.max(share, 10 ** least)) - least) / (most - least));

    this.x = x;
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", this.words());
    for (let power = least; power <= most; power += 1) {
      const at = y(10 ** power);
      this.add("line", { class: "grid", x1: Chart.LEFT, x2: width - Chart.RIGHT, y1: at, y2: at });
      this.add("text", { x: Chart.LEFT - 6, y: at + 4, "text-anchor": "end" }, `${+(100 * 10 ** power).toPrecision(1)} %`);
    }
    frames.forEach((frame, i) => {
      if (frame.cut) this.add("line", { class: "cut", x1: x(i), x2: x(i), y1: 4, y2: height - 4 });
    });
    const ends = [];
    dithers.forEach((dither, series) => {
      const shape = this.chosen === series ? "line chosen" : "line";
      const points = dither.frames.map((shown, i) => (i ? `${x(i).toFixed(1)},${y(shown.flips).toFixed(1)}` : ""));
      this.add("polyline", { class: `${shape} c${series + 1}`, points: points.join(" ").trim() });
      const lane = bottom + 12 + 9 * series;
      dither.frames.forEach((shown, i) => {
        if (shown.action !== "redraw") return;
        const d = `M${x(i) - 4},${lane}l4,-4l4,4l-4,4z`;
        this.add("path", { class: `redraw c${series + 1}`, d });
      });
      ends.push({ series, y: y(dither.frames.at(-1).flips) });
    });
    // The digit of each dither at the end of its line, pushed apart where lines end together.
    ends.sort((a, b) => a.y - b.y).forEach((end, i) => {
      end.y = Math.max(end.y, i ? ends[i - 1].y + 12 : 0);
      this.add("text", { class: `digit c${end.series + 1}`, x: width - Chart.RIGHT + 6, y: end.y + 4 }, end.series + 1);
    });
    this.now = this.add("line", { class: "now", y1: 2, y2: height - 2 });
    this.move(this.frame);
  }

  move(frame) {
    this.frame = frame;
    if (!this.now) return;
    this.now.setAttribute("x1", this.x(frame));
    this.now.setAttribute("x2", this.x(frame));
  }

  words() {
    const redraws = (dither) => dither.frames.slice(1).filter((shown) => shown.action === "redraw").length;
    const parts = this.data.dithers.map((dither) => `${dither.name}: ${percent(dither.flips)} of the pixels a frame, `
      + `${redraws(dither)} redraws`);
    return `Flips over ${this.data.frames.length} frames. ${parts.join(". ")}.`;
  }

  add(name, attributes, text) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    this.svg.append(element);
    return element;
  }
}
Chart.LEFT = 56;
Chart.RIGHT = 22;
