import { clamp, hash, mix, noise, step } from './noise.mjs'

const [depth, height, width] = [24, 96, 96]

/**
 * A ball with a shell, filled by the gyroid (a surface without end that meets itself nowhere), with a knot of denser
 * matter inside: gray, 8 bits, [z][y][x], as a scanner would give it.
 */
export function volume() {
  const data = new Uint8Array(depth * height * width)
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const place = [(x - 47.5) / 44, (y - 47.5) / 44, (z - 11.5) / 12.4]
        const grain = 5 * (hash(x + 131 * z, y, 3) - 0.5)
        data[(z * height + y) * width + x] = Math.round(clamp(255 * density(...place) + grain + 4, 0, 255))
      }
    }
  }
  return { depth, height, width, data }
}

function density(x, y, z) {
  const far = Math.hypot(x, y, z)
  const inside = step(0.97, 0.9, far)
  const shell = 0.62 * step(0.055, 0.025, Math.abs(far - 0.94))
  const k = 8.4
  const gyroid =
    Math.sin(k * x) * Math.cos(k * y) +
    Math.sin(k * y) * Math.cos(k * z * 0.8) +
    Math.sin(k * z * 0.8) * Math.cos(k * x)
  const walls = step(0.5, 0.12, Math.abs(gyroid)) * (0.36 + 0.24 * noise(x * 5 + 9, y * 5 + 7 * z, 4))
  const core = step(0.17, 0.07, knot(x, y, z))
  const body = mix(walls * inside, 0.94, core)
  return Math.max(body, shell, 0.05 * inside)
}

/** Points of a trefoil: the torus knot that goes round twice while it winds three times. */
const trefoil = Array.from({ length: 240 }, (_, i) => {
  const t = (i / 240) * 2 * Math.PI
  const around = 0.46 + 0.2 * Math.cos(3 * t)
  return [around * Math.cos(2 * t), around * Math.sin(2 * t), 0.42 * Math.sin(3 * t)]
})

/** The distance to the knot. */
function knot(x, y, z) {
  let best = Number.POSITIVE_INFINITY
  for (const [a, b, c] of trefoil) best = Math.min(best, (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2)
  return Math.sqrt(best)
}
