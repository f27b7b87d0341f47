import { afterAll, describe, expect, it } from 'vitest'
import { type Chain, close, convo, filters } from '../../src/index.ts'
import { camelCase } from '../../src/picture/api/names.ts'
import { noise } from '../image/pictures.ts'

// `linear` gives the same result as decoding to linear floats and filtering those.

afterAll(close)

const decoded = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
const [width, height] = [19, 13]

const levelsOf = (channels: number): Uint8Array =>
  Uint8Array.from({ length: width * height * channels }, (_, i) => {
    // hidden and visible pixels, and equal neighbours with different opacity
    if (channels % 2 === 0 && i % channels === channels - 1) return Math.min(255, (noise(i) & 3) * 100)
    return 30 * (noise(Math.floor(i / (2 * channels)) * channels + (i % channels)) & 7)
  })

const options: Readonly<Record<string, object>> = {
  wiener: { kernel: 'gaussian:sigma=1' },
  'richardson-lucy': { kernel: 'gaussian:sigma=1', iterations: 3 },
  crop: { size: [7, 5], at: [2, 3] },
}

describe('linear is by hand', () => {
  const names = [...filters.map(({ name }) => name), 'maxpool', 'unpool', 'involution']
  it.each(names)('%s', async (name) => {
    for (const channels of [1, 2, 3, 4] as const) {
      const levels = levelsOf(channels)
      const floats = Float32Array.from(levels, (v, i) =>
        channels % 2 === 0 && i % channels === channels - 1 ? v / 255 : decoded(v / 255),
      )
      const run = (data: Uint8Array | Float32Array, linear: boolean) => {
        const chain = convo({ data, width, height, channels }, { linear })
        const method = chain as unknown as Readonly<Record<string, (given: object) => Chain>>
        return method[camelCase(name)]!(options[name] ?? {}).toTensor()
      }
      const [a, b] = [await run(levels, true), await run(floats, false)]
      expect(a.shape).toEqual(b.shape)
      // weighted by opacity: where kernels bring alpha to 0, colours are divided by almost nothing
      const [many = 1, plane] = [a.shape[0], a.data.length / a.shape[0]!]
      const weight = (i: number) => {
        if (many % 2 !== 0 || i >= plane * (many - 1)) return 1
        const alpha = Math.abs(b.data[plane * (many - 1) + (i % plane)]!)
        return alpha > 1e-3 ? alpha : 0
      }
      const worst = a.data.reduce(
        (most, v, i) => Math.max(most, Math.abs(v / 255 - b.data[i]!) * weight(i)),
        0,
      )
      expect(worst).toBeLessThan(1e-4)
    }
  })
})
