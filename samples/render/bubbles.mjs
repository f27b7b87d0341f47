import { clamp, hash, noise, step } from './noise.mjs'

const [width, height] = [320, 240]
const bubbles = [
  { x: 128, y: 128, r: 82, film: 0.2 },
  { x: 236, y: 82, r: 54, film: 1.1 },
  { x: 238, y: 184, r: 36, film: 2.3 },
  { x: 52, y: 48, r: 30, film: 3.1 },
  { x: 286, y: 140, r: 17, film: 0.7 },
  { x: 40, y: 206, r: 19, film: 1.7 },
  { x: 184, y: 28, r: 13, film: 2.6 },
]

/** Soap bubbles: RGBA, 8 bits, straight alpha. Clear in the middle, shining at the rim, nothing around them. */
export function bubblesPicture() {
  const data = new Uint8Array(width * height * 4)
  const fine = 3
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0, 0]
      for (let j = 0; j < fine; j++) {
        for (let i = 0; i < fine; i++) {
          const [r, g, b, a] = at(x + (i + 0.5) / fine, y + (j + 0.5) / fine)
          sum[0] += r * a
          sum[1] += g * a
          sum[2] += b * a
          sum[3] += a
        }
      }
      const p = (y * width + x) * 4
      for (let c = 0; c < 3; c++) data[p + c] = sum[3] > 0 ? Math.round(255 * clamp(sum[c] / sum[3])) : 0
      data[p + 3] = Math.round(255 * clamp(sum[3] / fine ** 2 + (hash(x, y, 5) - 0.5) / 400))
    }
  }
  return { width, height, channels: 4, data: clean(data) }
}

/** All bubbles over each other at a place, straight alpha. */
function at(x, y) {
  let [r, g, b, a] = [0, 0, 0, 0]
  for (const one of bubbles) {
    const top = bubble(one, x, y)
    if (top === undefined) continue
    const out = top[3] + a * (1 - top[3])
    if (out === 0) continue
    const keep = a * (1 - top[3])
    r = (top[0] * top[3] + r * keep) / out
    g = (top[1] * top[3] + g * keep) / out
    b = (top[2] * top[3] + b * keep) / out
    a = out
  }
  return [r, g, b, a]
}

function bubble({ x: cx, y: cy, r: radius, film }, x, y) {
  const [dx, dy] = [(x - cx) / radius, (y - cy) / radius]
  const far = Math.hypot(dx, dy)
  if (far > 1) return undefined
  const facing = Math.sqrt(1 - far * far)
  const rim = (1 - facing) ** 2.2
  // The film is thinner above and flows in swirls; its colours are those of a path difference in three wavelengths.
  const flow = noise(dx * 2.2 + film * 7, dy * 2.2 + noise(dx * 4, dy * 4, 6) * 0.8, 7)
  const path = 1.2 + 0.55 * dy + 0.8 * flow + 0.3 * film + 0.75 * facing
  const colour = [1, 1.19, 1.42].map((rate) => 0.66 + 0.34 * Math.cos(2 * Math.PI * path * rate))
  const white = clamp(arc(dx, dy, -2.32, 0.74, 0.42) + 0.6 * arc(dx, dy, 0.86, 0.8, 0.3))
  const alpha = clamp(0.05 + 0.9 * rim + 0.2 * flow * far + 0.9 * white)
  return [...colour.map((v) => v + (1 - v) * clamp(white + 0.3 * rim)), alpha * step(1, 0.985, far)]
}

/** A soft highlight that is along the rim at an angle, `long` radians to each side. */
function arc(dx, dy, angle, far, long) {
  const turn = Math.atan2(
    dy * Math.cos(angle) - dx * Math.sin(angle),
    dx * Math.cos(angle) + dy * Math.sin(angle),
  )
  const off = (Math.hypot(dx, dy) - far) / (0.085 * Math.sqrt(Math.max(0.05, 1 - (turn / long / 1.5) ** 2)))
  return Math.exp(-(off ** 4) - (turn / long) ** 6)
}

/** Where nothing is to be seen there is no colour either, so that the file stays small. */
function clean(data) {
  for (let p = 0; p < data.length; p += 4) if (data[p + 3] === 0) data.fill(0, p, p + 3)
  return data
}
