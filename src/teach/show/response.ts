import { cos, sin } from '../../tensor/math.ts'
import type { Plane } from './planes.ts'

/** The magnitudes of a frequency response, [side][side], from -1/2 to 1/2 cycles per pixel, zero in the middle. */
export type Response = { readonly side: number; readonly magnitudes: Float64Array; readonly most: number }

/**
 * Returns the magnitudes of the discrete-time Fourier transform of a plane, divided by the magnitude of `scale`, at
 * side × side frequencies. `side` is odd. Sums run along x first, then along y.
 */
export function responseOf({ height, width, weights }: Plane, scale: number, side = 129): Response {
  const half = (side - 1) / 2
  // the frequency is (f - half) / (side - 1) cycles per pixel, so the ends are at -1/2 and 1/2
  const turn = (f: number, at: number) => (2 * Math.PI * (f - half) * at) / (side - 1)
  const table = (count: number, wave: (x: number) => number) =>
    Float64Array.from({ length: side * count }, (_, i) => wave(turn(Math.floor(i / count), i % count)))
  const [cosX, sinX] = [table(width, cos), table(width, sin)]
  const re = new Float64Array(height * side)
  const im = new Float64Array(height * side)
  for (let y = 0; y < height; y++) {
    for (let f = 0; f < side; f++) {
      let [a, b] = [0, 0]
      for (let x = 0; x < width; x++) {
        const w = weights[y * width + x]!
        a += w * cosX[f * width + x]!
        b -= w * sinX[f * width + x]!
      }
      re[y * side + f] = a
      im[y * side + f] = b
    }
  }
  const [cosY, sinY] = [table(height, cos), table(height, sin)]
  const magnitudes = new Float64Array(side * side)
  let most = 0
  for (let g = 0; g < side; g++) {
    for (let f = 0; f < side; f++) {
      let [a, b] = [0, 0]
      for (let y = 0; y < height; y++) {
        const [c, s] = [cosY[g * height + y]!, sinY[g * height + y]!]
        const [p, q] = [re[y * side + f]!, im[y * side + f]!]
        a += p * c + q * s
        b += q * c - p * s
      }
      const magnitude = Math.sqrt(a * a + b * b) / Math.abs(scale)
      magnitudes[g * side + f] = magnitude
      most = Math.max(most, magnitude)
    }
  }
  return { side, magnitudes, most }
}
