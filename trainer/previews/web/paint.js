// Pictures from bits. An area is {x, y, width, height} in pixels of the panel.

// A colour as ImageData holds it, 32 bits a pixel, red in the lowest byte.
const colour = (red, green, blue) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
const grey = (level) => colour(level, level, level);

const BARE = { white: grey(255), black: grey(0), ghost: grey(0) };
const CHANGES = { darkened: colour(200, 30, 40), lightened: colour(25, 90, 220), unchanged: colour(232, 232, 232) };

// What is shown of an area: `tones` says how white, black and ghost pixels look; `negative` swaps white and black.
function paintDither(track, area, tones, negative) {
  const { words, image } = blank(area);
  const { white, black } = negative ? { white: tones.black, black: tones.white } : tones;
  const ghost = negative ? black : tones.ghost;
  let to = 0;
  for (let y = area.y; y < area.y + area.height; y += 1) {
    const row = y * track.stride;
    for (let x = area.x; x < area.x + area.width; x += 1) {
      const bit = 128 >> (x & 7);
      const byte = row + (x >> 3);
      words[to] = track.bits[byte] & bit ? white : track.ghosts[byte] & bit ? ghost : black;
      to += 1;
    }
  }
  return image;
}

// What changed in an area since the frame before.
function paintChanges(track, area) {
  const { words, image } = blank(area);
  let to = 0;
  for (let y = area.y; y < area.y + area.height; y += 1) {
    const row = y * track.stride;
    for (let x = area.x; x < area.x + area.width; x += 1) {
      const bit = 128 >> (x & 7);
      const byte = row + (x >> 3);
      const flipped = track.changed[byte] & bit;
      words[to] = flipped ? (track.bits[byte] & bit ? CHANGES.lightened : CHANGES.darkened) : CHANGES.unchanged;
      to += 1;
    }
  }
  return image;
}

function blank(area) {
  const image = new ImageData(area.width, area.height);
  return { image, words: new Uint32Array(image.data.buffer) };
}
