import { factor } from '../../kernel/analyse.ts'
import { borders } from '../../tensor/border.ts'
import { exp, sin } from '../../tensor/math.ts'
import type { Plane } from './planes.ts'

/** A small gray picture, [side][side], levels of 0..255. */
export type Gray = { readonly side: number; readonly data: Float64Array }

/** Kernels with more taps than this take seconds to try, unless they are a column times a row. */
const mostEffectTaps = 10_000

const gray = (side: number, level: (x: number, y: number) => number): Gray => ({
  side,
  data: Float64Array.from({ length: side * side }, (_, i) => level(i % side, Math.floor(i / side))),
})

/** Returns one white pixel on black, with room around it for the kernel. */
export function impulse(taps: number): Gray {
  const side = Math.max(7, 2 * Math.ceil(taps / 2) + 5)
  const middle = Math.floor(side / 2)
  return gray(side, (x, y) => (x === middle && y === middle ? 255 : 0))
}

/** Returns a bright square on a dark ground, which has edges in all four directions, and corners. */
export function edges(taps: number): Gray {
  const side = Math.max(24, 4 * taps)
  const [from, to] = [Math.round(side * 0.28), Math.round(side * 0.72)]
  const inside = (v: number) => v >= from && v < to
  return gray(side, (x, y) => (inside(x) && inside(y) ? 220 : 40))
}

/** Returns a picture computed by formulas, as a substitute for a photograph: sky, sun, hills, a fence, grass. */
export const scene = (side: number): Gray =>
  gray(side, (px, py) => {
    const [x, y] = [px / side, py / side]
    const near = 0.72 + 0.05 * sin(9 * x + 1)
    const far = 0.52 + 0.09 * sin(5 * x) + 0.03 * sin(17 * x + 2)
    if (y > near) {
      const isPost = Math.floor(px / 4) % 3 === 0 && y > near + 0.04 && y < near + 0.15
      return isPost ? 225 : 70 + 45 * noise(px, py) + 30 * (y - near)
    }
    if (y > far) return 105 + 40 * sin(40 * (y - far)) * exp(-6 * (y - far)) + 16 * noise(px, py)
    const distance = Math.sqrt((x - 0.72) ** 2 + (y - 0.2) ** 2)
    return distance < 0.1 ? 250 : 150 + 60 * y + 45 * exp(-distance * 9)
  })

/** Returns a pseudorandom number of 0..1 that depends only on the place. */
function noise(x: number, y: number): number {
  let h = Math.imul(x + 1, 374761393) ^ Math.imul(y + 1, 668265263)
  h = Math.imul(h ^ (h >>> 13), 1274126177)
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
}

/** Factors a plane into a column and a row, if it is separable to a millionth of its largest weight. */
export const factorsOf = ({ height, width, weights }: Omit<Plane, 'label'>) =>
  factor({ shape: [height, width], weights, scale: 1, offset: 0 })

/** Whether a kernel can be tried in a moment. */
export const isQuick = (plane: Plane): boolean =>
  plane.weights.length <= mostEffectTaps || factorsOf(plane) !== undefined

/** Applies a kernel to a picture as operations do, but in double precision and always with the replicated border. */
export function applyTo(
  picture: Gray,
  plane: Plane,
  { scale, offset, anchor: [ay, ax] }: { scale: number; offset: number; anchor: readonly [number, number] },
): Gray {
  const factors = plane.weights.length > 100 ? factorsOf(plane) : undefined
  if (factors !== undefined) {
    const { col: column, row } = factors
    const down = summed(picture, { height: column.length, width: 1, weights: column }, [ay, 0])
    const both = summed(down, { height: 1, width: row.length, weights: row }, [0, ax])
    return { side: both.side, data: both.data.map((sum) => sum / scale + offset) }
  }
  const { side, data } = summed(picture, plane, [ay, ax])
  return { side, data: data.map((sum) => sum / scale + offset) }
}

/** Returns the sums of a plane over a picture. */
function summed(
  { side, data }: Gray,
  plane: Omit<Plane, 'label'>,
  [ay, ax]: readonly [number, number],
): Gray {
  const { source } = borders.replicate
  const columns = Int32Array.from({ length: side + plane.width }, (_, i) => source(i - ax, side))
  const rows = Int32Array.from({ length: side + plane.height }, (_, i) => source(i - ay, side))
  return gray(side, (x, y) => {
    let sum = 0
    for (let ty = 0; ty < plane.height; ty++) {
      const row = rows[y + ty]! * side
      for (let tx = 0; tx < plane.width; tx++) {
        sum += plane.weights[ty * plane.width + tx]! * data[row + columns[x + tx]!]!
      }
    }
    return sum
  })
}
