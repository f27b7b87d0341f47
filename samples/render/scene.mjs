import sharp from 'sharp'
import { landscape, shore, sun } from './landscape.mjs'
import { blend, clamp, fractal, hash, mix, noise, step } from './noise.mjs'
import { foreground, lighthouse } from './shapes.mjs'

const [width, height] = [640, 420]
/** Where the quay begins. */
const quay = 346
/** Everything is painted at twice the size and averaged. */
const fine = 2

/** A lake in the mountains at dusk: edges, fine texture, letters, smooth gradients. RGB, 8 bits. */
export async function scene() {
  const w = width * fine
  const canvas = new Float32Array(w * height * fine * 3)
  paint(canvas, w, 0, shore * fine, landscape)
  await lay(canvas, w, lighthouse(width, height), shore * fine)
  paint(canvas, w, shore * fine, quay * fine, (x, y) => water(canvas, w, x, y))
  paint(canvas, w, quay * fine, height * fine, tiles)
  await lay(canvas, w, foreground(width, height), height * fine)
  return { width, height, channels: 3, data: develop(canvas, w) }
}

function paint(canvas, w, from, to, colourAt) {
  for (let j = from; j < to; j++) {
    for (let i = 0; i < w; i++) canvas.set(colourAt((i + 0.5) / fine, (j + 0.5) / fine), (j * w + i) * 3)
  }
}

/** Lays shapes over the first `rows` rows. */
async function lay(canvas, w, svg, rows) {
  const { data } = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  for (let p = 0; p < rows * w; p++) {
    const alpha = data[p * 4 + 3] / 255
    if (alpha === 0) continue
    for (let c = 0; c < 3; c++) canvas[p * 3 + c] = mix(canvas[p * 3 + c], data[p * 4 + c], alpha)
  }
}

/** The far side upside down, drawn apart by ripples, darker and bluer towards the viewer. */
function water(canvas, w, x, y) {
  const near = (y - shore) / (quay - shore)
  const wave = 1.2 + 7 * near
  const ripple = fractal(x / (9 + 46 * near), y / wave, 60, 4) - 0.5
  const cross = noise(x / (5 + 16 * near), y / (0.7 * wave), 64) - 0.5
  const sx = clamp(x + ripple * (2 + 34 * near), 0, width - 1)
  const sy = clamp(shore - 1 - (y - shore) * 1.3 + (ripple + 0.5 * cross) * (2 + 40 * near), 0, shore - 1)
  const p = (Math.floor(sy * fine) * w + Math.floor(sx * fine)) * 3
  const mirrored = [canvas[p] * 0.84, canvas[p + 1] * 0.82, canvas[p + 2] * 0.9]
  const depth = clamp(0.1 + 0.5 * near + 1.1 * cross * near)
  let colour = blend(mirrored, [26, 38, 84], depth)
  const path = Math.exp(-(((x - sun.x) / (10 + 46 * near)) ** 2))
  const glint = step(0.56, 0.72, fractal(x / (5 + 20 * near), y / (0.5 * wave), 66, 3))
  colour = blend(colour, [255, 214, 150], clamp(path * glint * (0.95 - 0.25 * near)))
  const edge = step(2.2, 0, y - shore)
  return blend(colour, [232, 170, 150], 0.45 * edge)
}

/** Painted tiles in perspective: the plane below the eye, whose horizon is the shore. */
function tiles(x, y) {
  const lip = quay + 7
  if (y < lip) return stone(x, y, lip)
  const z = 1010 / (y - shore)
  const [u, v] = [((x - 300) * z) / 395 + 20, z * 1.02 + 20]
  const [i, j] = [Math.floor(u), Math.floor(v)]
  const [a, b] = [u - i - 0.5, v - j - 0.5]
  const glaze = pattern(a, b, (i + j) % 2 === 0)
  const gap = Math.max(Math.abs(a), Math.abs(b))
  const tone = 0.86 + 0.16 * hash(i, j, 80) - 0.24 * step(0.42, 0.62, fractal(u * 3, v * 3, 81, 5))
  let colour = glaze.map((c) => c * tone)
  colour = blend(colour, [58, 48, 60], step(0.474, 0.488, gap))
  const speck = 0.93 + 0.14 * fractal(u * 26, v * 26, 82, 2)
  const warm = Math.exp(-(((x - sun.x) / 190) ** 2))
  const light = [0.74 + 0.24 * warm, 0.66 + 0.16 * warm, 0.74 + 0.02 * warm]
  const shade = 0.8 + 0.2 * step(lip, lip + 16, y) - 0.26 * step(380, 430, y)
  colour = colour.map((c, k) => c * light[k] * speck * shade)
  return colour
}

const cream = [250, 236, 206]
const cobalt = [30, 66, 146]
const ochre = [238, 164, 58]

function pattern(a, b, star) {
  const r = Math.hypot(a, b)
  const corner = Math.hypot(0.5 - Math.abs(a), 0.5 - Math.abs(b))
  const angle = Math.atan2(b, a)
  let colour = cream
  colour = blend(colour, cobalt, band(corner, 0.2, 0.27))
  colour = blend(colour, ochre, step(0.13, 0.115, corner))
  if (star) {
    const petal = 0.2 + 0.15 * Math.cos(8 * angle)
    colour = blend(colour, cobalt, step(petal + 0.012, petal - 0.012, r))
    colour = blend(colour, ochre, step(0.085, 0.07, r))
  } else {
    const diamond = Math.abs(a) + Math.abs(b)
    colour = blend(colour, cobalt, band(diamond, 0.27, 0.32))
    colour = blend(colour, ochre, step(0.2, 0.185, diamond))
    colour = blend(colour, cream, step(0.09, 0.075, diamond))
  }
  return blend(colour, cobalt, band(Math.max(Math.abs(a), Math.abs(b)), 0.435, 0.455))
}

const band = (v, from, to) => step(from - 0.012, from + 0.012, v) * step(to + 0.012, to - 0.012, v)

function stone(x, y, lip) {
  const rough = fractal(x / 7, y / 4, 83, 4)
  const joint = step(0.9, 0.4, Math.abs(((x + 9) % 46) - 23))
  const top = y < lip - 4.5
  const colour = blend(top ? [150, 116, 112] : [58, 46, 66], top ? [232, 178, 152] : [98, 74, 86], rough)
  return blend(colour, [40, 30, 46], 0.8 * joint)
}

/** Averages, darkens the corners, adds a fine grain, and rounds. */
function develop(canvas, w) {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const corner = Math.hypot((x - width / 2) / width, (y - height / 2) / height)
      const vignette = 1 - 0.3 * step(0.36, 0.8, corner)
      const grain = 3 * (hash(x, y, 99) + hash(x, y, 98) - 1)
      for (let c = 0; c < 3; c++) {
        let sum = 0
        for (let dy = 0; dy < fine; dy++) {
          for (let dx = 0; dx < fine; dx++) {
            sum += Math.min(255, canvas[((y * fine + dy) * w + x * fine + dx) * 3 + c])
          }
        }
        data[(y * width + x) * 3 + c] = Math.round(clamp((sum / fine ** 2) * vignette + grain, 0, 255))
      }
    }
  }
  return data
}
