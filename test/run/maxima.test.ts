import { afterAll, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { poolAxes } from '../../src/operators/max-pool.ts'
import { createPool } from '../../src/run/pool.ts'
import { poolEngine } from '../../src/run/tensors.ts'
import { Tensor } from '../../src/tensor/tensor.ts'

// Maxima put back at their positions: ties, NaN, infinities and zeros of both signs, in windows that the edge cuts.

const pool = createPool(2)
const engine = poolEngine(pool)
afterAll(() => pool.close())

const samples = [
  0,
  -0,
  1,
  1,
  -3,
  Number.NaN,
  2.5,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2.5,
  -1,
]

it.each([1, 2, 3, 5])('in windows %d wide the loop gives the bits of the definition', async (wide) => {
  for (let width = 1; width <= 23; width++) {
    for (const high of [1, 2, 3]) {
      const data = Float32Array.from(
        { length: 2 * 7 * width },
        (_, i) => samples[(i * i + 3 * i) % samples.length]!,
      )
      const x = new Tensor([2, 7, width], data)
      const size = [high, wide] as const
      const axes = poolAxes(2, x, { kernelSize: size, ceilMode: true })
      for (const mark of [false, true]) {
        const [got, want] = [engine, referenceEngine].map((one) =>
          one.layer('maxima', [x], { axes, size, mark }),
        )
        const [a, b] = [(await got!).data, (await want!).data]
        expect(Array.from(a, (v) => v + 0)).toEqual(Array.from(b, (v) => v + 0))
      }
    }
  }
})
