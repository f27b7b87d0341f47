import { clamp, fractal, hash, mix, noise, step } from './noise.mjs'

const [width, height] = [360, 270]
const centre = { x: 188, y: 138 }
const radius = 72
/** The rings are in a plane that is seen at this slant and turned by this angle. */
const ring = { slant: 0.3, turn: -0.36, inner: 90, outer: 152 }
const steep = Math.sqrt(1 - ring.slant ** 2)
/** Towards the sun, in the turned frame: along the rings, across them, to the viewer. */
const sun = unit([-0.62, -0.52, 0.5])

/**
 * A planet with rings before a faint nebula: gray, 16 bits. The nebula spans a few hundred of 65,536 levels, so its
 * shape is lost when it is cut to 8 bits; the rings have detail down to the pixel.
 */
export function planet() {
  const data = new Uint16Array(width * height)
  const fine = 3
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0
      for (let j = 0; j < fine; j++) {
        for (let i = 0; i < fine; i++) sum += light(x + (i + 0.5) / fine, y + (j + 0.5) / fine)
      }
      const photons = 1 + 0.004 * (hash(x, y, 9) - 0.5)
      data[y * width + x] = Math.round(65535 * clamp((sum / fine ** 2) * photons))
    }
  }
  return { width, height, channels: 1, data }
}

function light(x, y) {
  const [dx, dy] = [x - centre.x, y - centre.y]
  const along = dx * Math.cos(ring.turn) + dy * Math.sin(ring.turn)
  const across = -dx * Math.sin(ring.turn) + dy * Math.cos(ring.turn)
  const rings = ringAt(along, across)
  const disk = globe(along, across)
  let value = nebula(x, y) + stars(x, y)
  for (const layer of across < 0 ? [rings, disk] : [disk, rings]) value = mix(value, layer.light, layer.cover)
  return value
}

function nebula(x, y) {
  const veil = fractal(x / 95 + 0.6 * noise(x / 60, y / 60, 20), y / 80, 21, 6)
  return 0.006 + 0.045 * step(0.35, 0.85, veil) ** 1.5 + 0.01 * (y / height)
}

function stars(x, y) {
  const cell = 13
  const [i, j] = [Math.floor(x / cell), Math.floor(y / cell)]
  if (hash(i, j, 30) > 0.5) return 0
  const [cx, cy] = [(i + 0.25 + 0.5 * hash(i, j, 31)) * cell, (j + 0.25 + 0.5 * hash(i, j, 32)) * cell]
  const strength = hash(i, j, 33) ** 5
  const far = Math.hypot(x - cx, y - cy)
  return (0.12 + 0.9 * strength) * Math.exp(-((far / (0.5 + 0.5 * strength)) ** 2))
}

function globe(along, across) {
  const far = Math.hypot(along, across) / radius
  if (far >= 1) return { light: 0.4, cover: 0.09 * Math.exp((1 - far) * 16) * step(30, -60, along) }
  const point = [along, across, radius * Math.sqrt(1 - far * far)]
  const latitude = dot(point, [0, steep, -ring.slant]) / radius
  const swirl = 0.035 * (fractal(along / 26, latitude * 9, 40, 4) - 0.5)
  const bands = fractal(2.5, (latitude + swirl) * 8, 41, 5)
  const fineBands = noise(7.5, (latitude + 2 * swirl) * 46, 42)
  const cloud = 0.3 + 0.95 * bands + 0.1 * (fineBands - 0.5)
  const day = clamp(dot(point, sun) / radius + 0.04)
  return { light: 0.008 + cloud * day ** 0.85 * (1 - 0.8 * ringsTowardsSun(point)), cover: 1 }
}

/** How much of the sunlight the rings keep from a point of the globe. */
function ringsTowardsSun(point) {
  const normal = [0, steep, -ring.slant]
  const way = -dot(point, normal) / dot(sun, normal)
  return way > 0 ? density(Math.hypot(...point.map((v, i) => v + way * sun[i]))) : 0
}

function ringAt(along, across) {
  const deep = across / ring.slant
  const r = Math.hypot(along, deep)
  const point = [along, across, deep * steep]
  const height = dot(point, sun)
  const beside = Math.hypot(...point.map((v, i) => v - height * sun[i]))
  const day = height > 0 ? 1 : step(radius - 3, radius + 2, beside)
  return { light: (0.03 + 0.97 * day) * (0.3 + 0.55 * grooves(r)), cover: density(r) }
}

/** How dense the rings are at a distance from the middle of the planet. */
function density(r) {
  const t = (r - ring.inner) / (ring.outer - ring.inner)
  if (t < 0 || t > 1) return 0
  const gaps = (1 - step(0.03, 0.018, Math.abs(t - 0.66))) * (1 - 0.8 * step(0.012, 0.004, Math.abs(t - 0.9)))
  const edge = step(0, 0.03, t) * step(1, 0.985, t)
  return clamp(mix(0.3, 1.1, step(0, 0.4, t)) * (0.35 + grooves(r)) * gaps) * edge
}

const grooves = (r) => 0.25 + 0.4 * fractal(r / 7, 0.5, 50, 3) + 0.4 * noise(r * 0.85, 1.5, 51)

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

function unit(v) {
  const length = Math.hypot(...v)
  return v.map((c) => c / length)
}
