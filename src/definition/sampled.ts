import { borders } from '../tensor/border.ts'
import type { Layer } from './layer.ts'

// Samples at computed positions: GridSample of ONNX, grid_sample of PyTorch.

const { floor, fround } = Math

/** How to interpolate between samples, and what is beyond the edge. */
export type Sampling = {
  readonly mode: 'nearest' | 'linear' | 'cubic'
  readonly outside: 'zeros' | 'border' | 'reflection'
  /** Whether −1 and 1 are the middles of the outermost samples, or else their edges. */
  readonly aligned: boolean
}

/** Returns the first sample that a position uses, and fills in the weights. */
function tapsAt(mode: Sampling['mode'], x: number, weights: Float64Array): number {
  const low = floor(x)
  const t = x - low
  if (mode === 'nearest') {
    weights[0] = 1
    return t === 0.5 ? (low % 2 === 0 ? low : low + 1) : floor(x + 0.5)
  }
  if (mode === 'linear') {
    weights[0] = 1 - t
    weights[1] = t
    return low
  }
  // Keys 1981, with a = −0.75
  const near = (d: number) => (1.25 * d - 2.25) * d * d + 1
  const far = (d: number) => ((-0.75 * d + 3.75) * d - 6) * d + 3
  weights[0] = far(1 + t)
  weights[1] = near(t)
  weights[2] = near(1 - t)
  weights[3] = far(2 - t)
  return low - 1
}

/** Returns the sample at position i of an axis, or -1 for a zero. */
function placeOf({ outside, aligned }: Sampling, i: number, size: number): number {
  if (i >= 0 && i < size) return i
  if (outside === 'zeros') return -1
  if (outside === 'border') return i < 0 ? 0 : size - 1
  if (!Number.isFinite(i) || size === 1) return 0
  return borders[aligned ? 'reflect' : 'symmetric'].source(i, size)
}

const counts = { nearest: 1, linear: 2, cubic: 4 } as const

/**
 * Samples x [C,H,W] at the positions in a grid [2,H',W'], whose planes are columns and rows from −1 to 1: [C,H',W'].
 * Sums in double precision, row by row of the taps, rounded once. A NaN position counts as −1.
 */
export const sampled: Layer<Sampling> = {
  shape: (_, [x, grid]) => [x![0], grid![1], grid![2]],
  needs: (_, rows, [x]) => [[0, x![1]], rows],
  run(settings, out, [x, grid], [first, end], [given], [channels, , width]) {
    const { mode, aligned } = settings
    const [, high, wide] = given!
    const taps = counts[mode]
    const [across, down] = [new Float64Array(taps), new Float64Array(taps)]
    const [columns, rows] = [new Int32Array(taps), new Int32Array(taps)]
    const real = (v: number, size: number): number => {
      const n = Number.isNaN(v) ? -1 : v
      return aligned ? ((n + 1) / 2) * (size - 1) : ((n + 1) * size - 1) / 2
    }
    for (let y = first; y < end; y++) {
      for (let i = 0; i < width; i++) {
        const left = tapsAt(mode, real(grid!.data[grid!.at(0, y) + i]!, wide), across)
        const top = tapsAt(mode, real(grid!.data[grid!.at(1, y) + i]!, high), down)
        for (let t = 0; t < taps; t++) {
          columns[t] = placeOf(settings, left + t, wide)
          rows[t] = placeOf(settings, top + t, high)
        }
        for (let c = 0; c < channels; c++) {
          let sum = 0
          for (let u = 0; u < taps; u++) {
            if (rows[u]! < 0) continue
            const from = x!.at(c, rows[u]!)
            let line = 0
            for (let v = 0; v < taps; v++) {
              // a weight of 0 is skipped, whatever the sample is
              if (columns[v]! >= 0 && across[v] !== 0) line += across[v]! * x!.data[from + columns[v]!]!
            }
            if (down[u] !== 0) sum += down[u]! * line
          }
          out.data[out.at(c, y) + i] = fround(sum)
        }
      }
    }
  },
}
