// Makes the binary kernel files of this folder, or with an argument those of another: node kernels/make.mjs [folder]
// The text files beside them are written by hand. A test holds these to what lies here, byte for byte.
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The files by name. */
export function files() {
  return {
    'gabor-bank.npy': npy([8, 1, 15, 15], gaborBank()),
    'binomial-3d.npy': npy([1, 1, 3, 3, 3], binomial3d()),
    'laplacian-rgb.npy': npy([3, 3, 3], luma(laplacian)),
    'layers.safetensors': safetensors({
      'edges.weight': [[16, 3, 3, 3], edgeBank()],
      'gabor.weight': [[8, 1, 15, 15], gaborBank()],
      'depthwise.weight': [[6, 1, 3, 3], [sobelX, sobelY, sobelX, sobelY, sobelX, sobelY].flat()],
      'pointwise.weight': [[3, 6, 1, 1], embossMix()],
      'pointwise.bias': [[3], [128, 128, 128]],
      'volume.weight': [[1, 1, 3, 3, 3], binomial3d()],
    }),
  }
}

// 3x3 planes, row by row.
const sobelX = [-1, 0, 1, -2, 0, 2, -1, 0, 1]
const sobelY = [-1, -2, -1, 0, 0, 0, 1, 2, 1]
const sobelRising = [0, 1, 2, -1, 0, 1, -2, -1, 0]
const sobelFalling = [-2, -1, 0, -1, 0, 1, 0, 1, 2]
const lineAcross = [-1, -1, -1, 2, 2, 2, -1, -1, -1]
const lineDown = [-1, 2, -1, -1, 2, -1, -1, 2, -1]
const lineRising = [-1, -1, 2, -1, 2, -1, 2, -1, -1]
const lineFalling = [2, -1, -1, -1, 2, -1, -1, -1, 2]
const laplacian = [0, 1, 0, 1, -4, 1, 0, 1, 0]
const laplacian8 = [1, 1, 1, 1, -8, 1, 1, 1, 1]
const corner = [1, -2, 1, -2, 4, -2, 1, -2, 1]

/** One filter over RGB: the plane, times a weight for each channel. */
const over = (plane, [r, g, b]) => [r, g, b].flatMap((channel) => plane.map((w) => w * channel))
/** Brightness, with weights that are exact in binary. */
const luma = (plane) => over(plane, [0.25, 0.5, 0.25])
const redGreen = (plane) => over(plane, [1, -1, 0])
const blueYellow = (plane) => over(plane, [-0.5, -0.5, 1])

/** [16,3,3,3]: edges in four directions, lines in four, points in three, edges and points between colours. */
function edgeBank() {
  return [
    ...[sobelX, sobelY, sobelRising, sobelFalling].map(luma),
    ...[lineAcross, lineDown, lineRising, lineFalling].map(luma),
    ...[laplacian, laplacian8, corner].map(luma),
    ...[sobelX, sobelY].map(redGreen),
    ...[sobelX, sobelY].map(blueYellow),
    redGreen(laplacian),
  ].flat()
}

/** [3,6,1,1]: of the six derivatives of RGB, each channel's slope towards the lower right, a quarter of it. */
function embossMix() {
  return [0, 1, 2].flatMap((o) => [0, 1, 2, 3, 4, 5].map((i) => (Math.floor(i / 2) === o ? 0.25 : 0)))
}

/** [1,1,3,3,3]: 1 2 1 in three directions; it sums to 1. */
function binomial3d() {
  const row = [1, 2, 1]
  return row.flatMap((z) => row.flatMap((y) => row.map((x) => (x * y * z) / 64)))
}

/**
 * [8,1,15,15]: waves of 6 pixels in eight directions under a bell of sigma 3. Whole multiples of 1/4096, so that no
 * machine's cosine shows, and the middle takes what is left, so that each sums to 0.
 */
function gaborBank() {
  const [size, sigma, wavelength] = [15, 3, 6]
  const half = (size - 1) / 2
  return Array.from({ length: 8 }, (_, k) => {
    const angle = (k * Math.PI) / 8
    const plane = Array.from({ length: size * size }, (_, i) => {
      const [x, y] = [(i % size) - half, Math.floor(i / size) - half]
      const along = x * Math.cos(angle) + y * Math.sin(angle)
      const bell = Math.exp(-(x * x + y * y) / (2 * sigma * sigma))
      // without the sign of a zero, which is chance
      return Math.round(512 * bell * Math.cos((2 * Math.PI * along) / wavelength)) + 0
    })
    plane[(size * size - 1) / 2] -= plane.reduce((a, b) => a + b, 0)
    return plane.map((w) => w / 4096)
  }).flat()
}

/** Format version 1, float32, row-major. */
function npy(shape, numbers) {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10
  const head = [0x93, ...Buffer.from('NUMPY'), 1, 0, length & 255, length >> 8]
  return Buffer.concat([Buffer.from(head), Buffer.from(`${dict.padEnd(length - 1)}\n`), float32(numbers)])
}

/** The header padded with spaces, so that the data begins at a multiple of 8. */
function safetensors(tensors) {
  const header = {}
  const data = []
  let at = 0
  for (const [name, [shape, numbers]] of Object.entries(tensors)) {
    const bytes = float32(numbers)
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + bytes.length] }
    at += bytes.length
    data.push(bytes)
  }
  const json = JSON.stringify(header)
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  return Buffer.concat([length, Buffer.from(padded), ...data])
}

function float32(numbers) {
  const bytes = Buffer.alloc(numbers.length * 4)
  numbers.forEach((n, i) => {
    bytes.writeFloatLE(n, i * 4)
  })
  return bytes
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = process.argv[2] ?? dirname(fileURLToPath(import.meta.url))
  for (const [name, bytes] of Object.entries(files())) writeFileSync(join(folder, name), bytes)
}
