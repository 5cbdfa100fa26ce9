// A dither as this page holds it: one bit a pixel, 1 = white, leftmost pixel in the highest bit, rows on whole bytes.
// Every frame is stored as the XOR with the frame before (the first: with black), deflated, in base64.

function bytesOf(base64) {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

async function inflate(base64, length) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  if (bytes.length !== length) throw new Error("the pictures in this page are damaged");
  return bytes;
}

// Inflated flips are kept while there is room, so that going the same way again is quick.
let roomForFlips = 128e6;

// One dither at one frame, `at`: what is shown, which of its black pixels are ghosts, and which pixels have just flipped.
class Track {
  constructor(dither, width, height) {
    this.frames = dither.frames;
    this.kept = new Map();
    this.stride = (width + 7) >> 3;
    this.at = -1;
    this.bits = new Uint8Array(this.stride * height);
    this.ghosts = new Uint8Array(this.bits.length);
    this.nothing = new Uint8Array(this.bits.length);
    this.changed = this.nothing;
  }

  async flips(frame) {
    const kept = this.kept.get(frame);
    if (kept) return kept;
    const flips = await inflate(this.frames[frame].flips_deflated, this.bits.length);
    if (!this.kept.has(frame)) {
      roomForFlips = Math.max(0, roomForFlips - flips.length);
      if (roomForFlips > 0) this.kept.set(frame, flips);
    }
    return flips;
  }

  // Go to a frame. Flips can be undone; ghosts are only known going forwards, from the redraw that left none.
  async seek(frame) {
    if (frame === this.at) return;
    let redraw = frame;
    while (this.frames[redraw].action !== "redraw") redraw -= 1;
    if (this.at < redraw || this.at > frame) {
      await this.walk(redraw);
      this.ghosts.fill(0);
    }
    while (this.at < frame) await this.step();
    if (frame === redraw) this.changed = this.nothing;
    else if (this.changedAt !== frame) this.changed = await this.flips(frame);
    this.changedAt = frame;
  }

  async walk(frame) {
    while (this.at !== frame) {
      const forth = this.at < frame;
      const flips = await this.flips(forth ? this.at + 1 : this.at);
      for (let i = 0; i < flips.length; i += 1) this.bits[i] ^= flips[i];
      this.at += forth ? 1 : -1;
    }
  }

  // One frame on, to one that is not redrawn. A ghost that turns white is not seen; it is a ghost again when it darkens.
  async step() {
    const flips = await this.flips(this.at + 1);
    for (let i = 0; i < flips.length; i += 1) {
      this.ghosts[i] |= flips[i] & this.bits[i];
      this.bits[i] ^= flips[i];
    }
    this.at += 1;
    this.changed = flips;
    this.changedAt = this.at;
  }
}
