import { blend, clamp, crests, fractal, hash, mix, noise, ramp, step } from './noise.mjs'

/** The far side of the lake: sky, mountains, forest, headland. Coordinates are pixels of the finished picture. */

/** Where the water begins. */
export const shore = 236
/** Where the sun is. */
export const sun = { x: 222, y: 184 }

const skyStops = [
  [0, [20, 26, 64]],
  [0.3, [52, 50, 112]],
  [0.55, [128, 76, 132]],
  [0.74, [214, 108, 118]],
  [0.88, [250, 158, 104]],
  [1, [255, 206, 138]],
]
const haze = [240, 150, 124]

/** The colour at a place above the shore. */
export function landscape(x, y) {
  let colour = sky(x, y)
  colour = farRange(x, y, colour)
  colour = nearRange(x, y, colour)
  colour = forest(x, y, colour)
  return headland(x, y, colour)
}

function sky(x, y) {
  let colour = ramp(skyStops, y / shore)
  const far = Math.hypot(x - sun.x, (y - sun.y) * 1.25)
  colour = add(colour, [255, 170, 84], 0.62 * Math.exp(-far / 46) + 0.3 * Math.exp(-far / 150))

  const [u, v] = [x / 165 + 0.25 * noise(x / 60, y / 30, 90), y / 30]
  const density = fractal(u, v, 3, 6)
  const below = fractal(u, v + 0.22, 3, 6)
  const cover = step(0.5, 0.72, density) * step(6, 60, y) * step(215, 150, y)
  const lit = step(-0.06, 0.07, density - below)
  const cloud = blend([74, 58, 112], [255, 156, 120], clamp(lit * (0.25 + y / 190)))
  colour = blend(colour, cloud, 0.86 * cover)
  colour = add(colour, [255, 236, 190], 1.1 * step(19, 17.6, Math.hypot(x - sun.x, y - sun.y)))
  return add(colour, [235, 238, 255], starlight(x, y) * (1 - cover))
}

function starlight(x, y) {
  const cell = 11
  const [i, j] = [Math.floor(x / cell), Math.floor(y / cell)]
  if (hash(i, j, 70) > 0.42) return 0
  const cx = (i + 0.2 + 0.6 * hash(i, j, 71)) * cell
  const cy = (j + 0.2 + 0.6 * hash(i, j, 72)) * cell
  const size = 0.45 + 0.75 * hash(i, j, 73) ** 4
  return step(1.5 * size, 0.2 * size, Math.hypot(x - cx, y - cy)) * step(112, 10, y) * 0.9
}

function farRange(x, y, behind) {
  const ridge = 205 - 92 * crests(x / 250 + 0.35, 0.5, 11, 5) ** 1.9 * (0.75 + 0.45 * step(120, 420, x))
  if (y < ridge) return behind
  const light = facets(x / 34, y / 30, 12)
  const rock = blend([104, 74, 118], [214, 134, 132], light)
  const snow = blend([166, 132, 176], [255, 214, 190], light)
  const white = step(34, 8, y - ridge + 26 * (fractal(x / 16, y / 12, 13, 4) - 0.5))
  const stone = blend(rock, snow, white)
  return soften(blend(stone, haze, clamp(0.22 + (y - ridge) / 110, 0, 0.9)), behind, y - ridge)
}

function nearRange(x, y, behind) {
  const valley = 0.35 + 0.65 * Math.abs(step(40, 330, x) - 0.44) * 1.9
  const ridge = 226 - 98 * crests(x / 205 + 2.15, 3.5, 21, 6) ** 1.5 * valley
  if (y < ridge) return behind
  const light = facets(x / 24, y / 22, 22)
  const rock = blend([38, 36, 70], [150, 88, 104], light)
  const snow = blend([112, 104, 158], [255, 206, 186], light)
  const white = step(24, 2, y - ridge + 22 * (fractal(x / 11, y / 9, 23, 4) - 0.5)) * step(185, 150, ridge)
  const stone = blend(rock, snow, 0.9 * white)
  return soften(blend(stone, [206, 118, 122], clamp((y - 170) / 130, 0, 0.62)), behind, y - ridge)
}

function forest(x, y, behind) {
  const ground = 224 - 13 * fractal(x / 70, 1.5, 31, 3) - 16 * step(150, 0, x)
  let top = ground
  const pitch = 4.6
  for (let i = Math.floor(x / pitch) - 1; i <= Math.floor(x / pitch) + 1; i++) {
    const centre = (i + 0.3 + 0.4 * hash(i, 0, 32)) * pitch
    const height = 7 + 13 * hash(i, 1, 33) ** 1.6
    const boughs = 0.7 * Math.abs(((y * 0.42 + hash(i, 2, 34)) % 1) - 0.5)
    const reach = Math.abs(x - centre) * (2.7 - boughs)
    top = Math.min(top, ground - height + reach * (height / 8))
  }
  if (y < top) return behind
  const needles = noise(x * 0.9, y * 0.7, 35)
  const leaf = blend([16, 26, 44], [52, 58, 66], needles * 0.8)
  return blend(leaf, [150, 92, 104], 0.34 * step(212, shore, y))
}

function headland(x, y, behind) {
  const rise = step(436, 520, x)
  const crag = 9 * fractal(x / 9, 4.5, 41, 4) + 13 * crests(x / 46, 2.5, 42, 3)
  const top = shore + 2 - rise * (18 + crag) * mix(1, 0.72, step(560, 640, x))
  if (y < top || rise <= 0.01) return behind
  const light = facets(x / 9, y / 6, 43)
  const stone = blend([26, 24, 42], [176, 112, 98], light ** 1.4)
  const moss = step(0.55, 0.7, fractal(x / 12, y / 7, 44, 4)) * step(14, 2, y - top)
  return soften(blend(stone, [70, 82, 60], 0.7 * moss), behind, y - top)
}

/** How a rough surface with slanting ribs is lit from the left: 0 dark, 1 bright. */
function facets(u, v, seed) {
  const slant =
    u + 0.55 * v * (noise(u * 0.5, 0.5, seed + 50) > 0.5 ? 1 : -1) * noise(u * 0.7, 1.5, seed + 51)
  const bent = slant + 0.5 * noise(u * 1.3, v * 1.3, seed + 52)
  const slope = crests(bent + 0.09, v * 0.8, seed, 5) - crests(bent - 0.09, v * 0.8, seed, 5)
  return step(-0.16, 0.18, slope + 0.02)
}

/** Edges half a pixel soft. */
const soften = (colour, behind, depth) => blend(behind, colour, clamp(depth + 0.2))

const add = (a, b, t) => [a[0] + b[0] * t, a[1] + b[1] * t, a[2] + b[2] * t].map((v) => Math.min(v, 262))
