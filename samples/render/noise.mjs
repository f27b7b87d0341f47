/** Noise and small helpers for the sample pictures. Everything is a pure function of its arguments. */

/** A number in 0..1 that looks random, for whole x, y and seed. */
export function hash(x, y, seed = 0) {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed + 1, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
}

/** Smooth noise in 0..1: random values on the whole numbers, joined by a quintic. */
export function noise(x, y, seed = 0) {
  const [ix, iy] = [Math.floor(x), Math.floor(y)]
  const [u, v] = [fade(x - ix), fade(y - iy)]
  const top = mix(hash(ix, iy, seed), hash(ix + 1, iy, seed), u)
  const bottom = mix(hash(ix, iy + 1, seed), hash(ix + 1, iy + 1, seed), u)
  return mix(top, bottom, v)
}

/** Octaves of noise, each twice as fine and half as strong; 0..1. */
export function fractal(x, y, seed = 0, octaves = 5) {
  let [sum, weight, total] = [0, 1, 0]
  for (let o = 0; o < octaves; o++) {
    sum += weight * noise(x * 2 ** o + 17.3 * o, y * 2 ** o - 9.1 * o, seed + o)
    total += weight
    weight /= 2
  }
  return sum / total
}

/** Octaves of noise with sharp crests, as mountains have; 0..1. */
export function crests(x, y, seed = 0, octaves = 5) {
  let [sum, weight, total] = [0, 1, 0]
  for (let o = 0; o < octaves; o++) {
    sum += weight * (1 - Math.abs(2 * noise(x * 2 ** o + 31.7 * o, y * 2 ** o + 5.3 * o, seed + o) - 1))
    total += weight
    weight *= 0.48
  }
  return sum / total
}

const fade = (t) => t * t * t * (t * (t * 6 - 15) + 10)

export const mix = (a, b, t) => a + (b - a) * t
export const clamp = (v, low = 0, high = 1) => Math.min(high, Math.max(low, v))

/** 0 below a, 1 above b, smooth between; a may be above b. */
export function step(a, b, v) {
  const t = clamp((v - a) / (b - a))
  return t * t * (3 - 2 * t)
}

/** A colour between two. */
export const blend = (a, b, t) => [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)]

/** The colour at t on a ramp of [t, colour] stops. */
export function ramp(stops, t) {
  for (let i = 1; i < stops.length; i++) {
    const [from, a] = stops[i - 1]
    const [to, b] = stops[i]
    if (t <= to) return blend(a, b, clamp((t - from) / (to - from)))
  }
  return stops[stops.length - 1][1]
}
