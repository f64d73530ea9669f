/** Sample pictures, painted here in code: an empty gallery needs nothing from elsewhere to look like one. */
import { addPicture } from './uploads.js';

const paintings = [
  { title: 'Dunes at dusk', width: 1500, height: 1000, paint: dunes },
  { title: 'Tidal field', width: 1000, height: 1300, paint: tides },
  { title: 'Blue tiles', width: 1200, height: 1200, paint: tiles },
  { title: 'Slow orbits', width: 1600, height: 1000, paint: orbits },
  { title: 'Cut paper', width: 1280, height: 960, paint: cutPaper },
  { title: 'Night windows', width: 1000, height: 1280, paint: facade },
  { title: 'Rain on the pond', width: 1600, height: 900, paint: rain },
];

/** Paints all and hangs them. */
export async function hangSamples() {
  // The last one hung comes first on the wall.
  for (const { title, width, height, paint } of [...paintings].reverse()) {
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    paint(canvas.getContext('2d'), width, height, seeded(title));
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob !== null) addPicture(blob, title);
  }
}

/** The same title always gives the same picture. (mulberry32) */
function seeded(text) {
  let state = [...text].reduce((sum, letter) => Math.imul(sum ^ letter.codePointAt(0), 16_777_619), 2_166_136_261);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function wash(c, w, h, stops) {
  const fill = c.createLinearGradient(0, 0, 0, h);
  for (const [at, colour] of stops) fill.addColorStop(at, colour);
  c.fillStyle = fill;
  c.fillRect(0, 0, w, h);
}

function disc(c, x, y, radius) {
  c.beginPath();
  c.arc(x, y, radius, 0, Math.PI * 2);
}

function dunes(c, w, h, chance) {
  wash(c, w, h, [
    [0, '#2b3a67'],
    [0.3, '#8a5a83'],
    [0.5, '#e8845c'],
    [0.66, '#f7c67f'],
  ]);
  const glow = c.createRadialGradient(w * 0.64, h * 0.47, 20, w * 0.64, h * 0.47, 420);
  glow.addColorStop(0, 'rgba(255, 236, 190, 0.85)');
  glow.addColorStop(1, 'rgba(255, 220, 160, 0)');
  c.fillStyle = glow;
  c.fillRect(0, 0, w, h);
  c.fillStyle = '#fff1cf';
  disc(c, w * 0.64, h * 0.47, 74);
  c.fill();
  const colours = ['#d9825b', '#b95f4c', '#8f4549', '#5f3145', '#351f38', '#1d1429'];
  colours.forEach((colour, i) => {
    const base = h * (0.56 + i * 0.078);
    const [a, b] = [chance() * 6, chance() * 6];
    const y = (x) =>
      base + Math.sin(x / (330 - i * 22) + a) * (26 + i * 9) + Math.sin(x / (140 + i * 12) + b) * (7 + i * 3);
    const shade = c.createLinearGradient(0, base - 60, 0, base + 260);
    shade.addColorStop(0, colour);
    shade.addColorStop(1, colours[Math.min(i + 1, colours.length - 1)]);
    c.fillStyle = shade;
    c.beginPath();
    c.moveTo(0, h);
    for (let x = 0; x <= w; x += 4) c.lineTo(x, y(x));
    c.lineTo(w, h);
    c.fill();
  });
}

function tides(c, w, h, chance) {
  wash(c, w, h, [
    [0, '#0c2233'],
    [1, '#0f3b46'],
  ]);
  const colours = ['#f4e7cf', '#8fc9c1', '#4f9aa3', '#e9a16b', '#2f6f80'];
  const waves = Array.from({ length: 4 }, () => ({
    x: 1 / (180 + chance() * 320),
    y: 1 / (160 + chance() * 300),
    at: chance() * 6,
  }));
  const angle = (x, y) =>
    waves.reduce((sum, wave, i) => sum + Math.sin(x * wave.x + y * wave.y * (i % 2 ? 1 : -1) + wave.at), 0) * 0.62;
  c.lineCap = 'round';
  for (let i = 0; i < 1500; i++) {
    let [x, y] = [chance() * w * 1.1 - w * 0.05, chance() * h * 1.1 - h * 0.05];
    c.strokeStyle = colours[Math.floor(chance() ** 1.5 * colours.length)];
    c.globalAlpha = 0.25 + chance() * 0.55;
    c.lineWidth = 0.8 + chance() ** 3 * 5;
    c.beginPath();
    c.moveTo(x, y);
    for (let step = 0; step < 46; step++) {
      const turn = angle(x, y);
      x += Math.cos(turn) * 4.5;
      y += Math.sin(turn) * 4.5;
      c.lineTo(x, y);
    }
    c.stroke();
  }
  c.globalAlpha = 1;
}

function tiles(c, w, h, chance) {
  const side = w / 8;
  const blues = ['#1d3f72', '#2c5b9a', '#173259'];
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      c.save();
      c.translate(column * side + side / 2, row * side + side / 2);
      c.rotate((Math.floor(chance() * 4) * Math.PI) / 2);
      c.fillStyle = chance() < 0.5 ? '#f3efe4' : '#ebe5d6';
      c.fillRect(-side / 2, -side / 2, side + 1, side + 1);
      c.beginPath();
      c.rect(-side / 2, -side / 2, side, side);
      c.clip();
      const blue = blues[Math.floor(chance() * blues.length)];
      for (const [x, y] of [
        [-1, -1],
        [1, 1],
      ]) {
        for (const [radius, width, colour] of [
          [0.5, 0.17, blue],
          [0.5, 0.045, '#f2c063'],
          [0.2, 0.06, blue],
        ]) {
          c.strokeStyle = colour;
          c.lineWidth = side * width;
          disc(c, (x * side) / 2, (y * side) / 2, side * radius);
          c.stroke();
        }
      }
      c.restore();
    }
  }
  c.strokeStyle = 'rgba(40, 50, 70, 0.16)';
  c.lineWidth = 2;
  for (let i = 1; i < 8; i++) {
    c.strokeRect(-9, i * side, w + 18, 0);
    c.strokeRect(i * side, -9, 0, h + 18);
  }
}

function orbits(c, w, h, chance) {
  wash(c, w, h, [
    [0, '#10131f'],
    [1, '#1d1a2f'],
  ]);
  for (let i = 0; i < 420; i++) {
    c.fillStyle = `rgba(255, 245, 225, ${0.1 + chance() * 0.55})`;
    disc(c, chance() * w, chance() * h, 0.5 + chance() ** 4 * 2.2);
    c.fill();
  }
  const [x, y] = [w * 0.36, h * 0.54];
  const glow = c.createRadialGradient(x, y, 20, x, y, 420);
  glow.addColorStop(0, 'rgba(255, 190, 110, 0.55)');
  glow.addColorStop(1, 'rgba(255, 170, 90, 0)');
  c.fillStyle = glow;
  c.fillRect(0, 0, w, h);
  c.fillStyle = '#ffcf86';
  disc(c, x, y, 58);
  c.fill();
  const colours = ['#e06f4f', '#7fb7c9', '#e9d8a6', '#b58bc0', '#86b58a', '#d9a05b', '#93a6d6'];
  colours.forEach((colour, i) => {
    const radius = 128 + i * 92 + chance() * 22;
    c.strokeStyle = 'rgba(240, 230, 210, 0.22)';
    c.lineWidth = 1.5;
    c.setLineDash(i % 3 === 2 ? [3, 9] : []);
    c.beginPath();
    c.ellipse(x, y, radius, radius * 0.62, -0.16, 0, Math.PI * 2);
    c.stroke();
    c.setLineDash([]);
    const turn = chance() * Math.PI * 2;
    const [px, py] = [Math.cos(turn) * radius, Math.sin(turn) * radius * 0.62];
    const size = 9 + chance() * 22;
    const [cx, cy] = [x + px * Math.cos(0.16) + py * Math.sin(0.16), y - px * Math.sin(0.16) + py * Math.cos(0.16)];
    const light = c.createRadialGradient(
      cx + ((x - cx) / radius) * size * 0.6,
      cy + ((y - cy) / radius) * size * 0.6,
      1,
      cx,
      cy,
      size,
    );
    light.addColorStop(0, colour);
    light.addColorStop(1, '#23203a');
    c.fillStyle = light;
    disc(c, cx, cy, size);
    c.fill();
  });
}

function cutPaper(c, w, h, chance) {
  c.fillStyle = '#f3ead8';
  c.fillRect(0, 0, w, h);
  const colours = ['#1f4e79', '#e2583e', '#f0b43c', '#2f7d5d', '#e99aa5', '#1d2433'];
  const columns = 4;
  for (let i = 0; i < 12; i++) {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    const [cw, ch] = [w / columns, h / 3];
    c.fillStyle = colours[(i * 5 + Math.floor(chance() * 2)) % colours.length];
    c.fillRect(column * cw + 9, row * ch + 9, cw - 18, ch - 18);
    c.save();
    c.translate(column * cw + cw / 2, row * ch + ch / 2);
    c.rotate(chance() * Math.PI * 2);
    c.fillStyle = i % 3 === 1 ? '#1d2433' : '#f3ead8';
    if (i % 3 === 1) c.fillStyle = colours[(i * 5 + 3) % colours.length];
    leaf(c, Math.min(cw, ch) * 0.37, 3 + Math.floor(chance() * 5));
    c.restore();
  }
}

/** A leaf with rounded lobes, as scissors would cut it. */
function leaf(c, radius, lobes) {
  c.beginPath();
  for (let i = 0; i <= 240; i++) {
    const turn = (i / 240) * Math.PI * 2;
    const reach = radius * (0.56 + 0.44 * Math.abs(Math.cos((turn * lobes) / 2)) ** 0.8);
    c.lineTo(Math.cos(turn) * reach, Math.sin(turn) * reach);
  }
  c.fill();
}

function facade(c, w, h, chance) {
  wash(c, w, h, [
    [0, '#131a2e'],
    [1, '#2a2340'],
  ]);
  const [columns, rows, gap] = [7, 10, 26];
  const [cw, ch] = [(w - gap) / columns, (h - gap) / rows];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [x, y] = [gap + column * cw, gap + row * ch];
      const [ww, wh] = [cw - gap, ch - gap];
      const lit = chance() < 0.42;
      const light = c.createLinearGradient(0, y, 0, y + wh);
      const warm = ['#ffd58a', '#f9b15f', '#ffe6b8', '#f48d5b'][Math.floor(chance() * 4)];
      light.addColorStop(0, lit ? warm : '#202a47');
      light.addColorStop(1, lit ? '#d9773f' : '#1a2038');
      c.fillStyle = light;
      c.fillRect(x, y, ww, wh);
      if (lit && chance() < 0.5) {
        c.fillStyle = 'rgba(60, 25, 30, 0.55)';
        c.fillRect(x, y, ww * (0.15 + chance() * 0.25), wh);
      }
      if (lit && chance() < 0.25) {
        c.fillStyle = '#2a1a2c';
        disc(c, x + ww * 0.6, y + wh * 0.56, ww * 0.11);
        c.fill();
        c.fillRect(x + ww * 0.44, y + wh * 0.7, ww * 0.32, wh * 0.3);
      }
      c.fillStyle = 'rgba(12, 14, 28, 0.7)';
      c.fillRect(x + ww / 2 - 2, y, 4, wh);
      c.fillRect(x, y + wh * 0.42, ww, 4);
    }
  }
}

function rain(c, w, h, chance) {
  wash(c, w, h, [
    [0, '#9db7ad'],
    [0.5, '#6d9490'],
    [1, '#335c63'],
  ]);
  for (let i = 0; i < 64; i++) {
    const y = chance() ** 0.8 * h;
    const near = 0.35 + (y / h) * 1.1;
    const [x, rings, strength] = [chance() * w, 2 + Math.floor(chance() * 5), 0.2 + chance() * 0.6];
    for (let ring = 1; ring <= rings; ring++) {
      c.strokeStyle = `rgba(247, 250, 240, ${(strength * (1 - ring / (rings + 1))).toFixed(3)})`;
      c.lineWidth = 1 + near * 1.6;
      c.beginPath();
      c.ellipse(x, y, ring * 24 * near, ring * 9 * near, 0, 0, Math.PI * 2);
      c.stroke();
    }
  }
  for (const [x, y, size] of [
    [0.19, 0.72, 1.25],
    [0.3, 0.83, 0.9],
    [0.77, 0.42, 0.6],
    [0.83, 0.9, 1.1],
  ]) {
    c.fillStyle = '#274c3f';
    c.beginPath();
    c.moveTo(w * x, h * y);
    c.ellipse(w * x, h * y, 104 * size, 40 * size, 0.05, 0.25, Math.PI * 2 - 0.15);
    c.fill();
    c.fillStyle = '#f0b9a8';
    for (let petal = -3; petal <= 3; petal++) {
      c.beginPath();
      c.ellipse(
        w * x + petal * 8 * size,
        h * y - 20 * size - (9 - petal * petal) * size,
        7 * size,
        21 * size,
        petal * 0.3,
        0,
        Math.PI * 2,
      );
      c.fill();
    }
  }
}
