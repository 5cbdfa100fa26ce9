// The chart of flips per frame, on a logarithmic scale, with cuts and redraws. Click or drag to go to a frame.

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
    const bottom = height - 21;
    const x = (frame) => Chart.LEFT + (frame / Math.max(1, frames.length - 1)) * (width - Chart.LEFT - Chart.RIGHT);
    const shares = dithers.flatMap((dither) => dither.frames.map((shown) => shown.flips)).filter(Boolean);
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
      if (frame.redraw) this.add("path", { class: "redraw", d: `M${x(i) - 4},${bottom + 12}l4,-4l4,4l-4,4z` });
    });
    const ends = [];
    dithers.forEach((dither, series) => {
      const shape = this.chosen === series ? "line chosen" : "line";
      // A redraw has no flips: there the line is interrupted.
      const steps = dither.frames.map(({ flips }, i) => {
        if (flips === null) return "";
        const goes = dither.frames[i - 1].flips !== null;
        return `${goes ? "L" : "M"}${x(i).toFixed(1)},${y(flips).toFixed(1)}${goes ? "" : "h0"}`;
      });
      this.add("path", { class: `${shape} c${series + 1}`, d: steps.join("") });
      ends.push({ series, y: y(dither.frames.findLast(({ flips }) => flips !== null)?.flips ?? 0) });
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
    const parts = this.data.dithers.map(({ name, flips }) => `${name}: ${percent(flips ?? 0)} of the pixels per frame`);
    return `Flips over ${plural(this.data.frames.length, "frame")}, ${redrawsOf(this.data)}. ${parts.join(". ")}.`;
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
