import type { Depth, Picture, PictureMeta } from '../../../src/tensor/picture.ts'

/** Makes a picture from samples. */
export function picture(
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  depth: Depth,
  sample: (i: number) => number,
  meta: PictureMeta = {},
): Picture {
  const Samples = depth === 8 ? Uint8Array : depth === 16 ? Uint16Array : Float32Array
  const data = new Samples(width * height * channels)
  for (let i = 0; i < data.length; i++) data[i] = sample(i)
  return { width, height, channels, depth, data, meta }
}

/** Returns the picture with some samples changed: [x, y, channel, by]. */
export function altered(
  original: Picture,
  ...changes: readonly (readonly [x: number, y: number, channel: number, by: number])[]
): Picture {
  const data = original.data.slice()
  for (const [x, y, c, by] of changes) data[(y * original.width + x) * original.channels + c]! += by
  return { ...original, data }
}

/** Makes gradients with a pattern, plus noise of some levels (times 16 at 16 bits), the same in any language. */
export function pattern(
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  depth: 8 | 16,
  seed: number,
  amplitude: number,
): Picture {
  let state = seed
  const modulus = depth === 8 ? 127 : 3000
  return picture(width, height, channels, depth, (i) => {
    const p = Math.floor(i / channels)
    const [x, y, c] = [p % width, Math.floor(p / width), i % channels]
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const base = (x * 7 + y * 5 + c * 40 + Math.floor((x * y) / 3)) % modulus
    return (base + ((state >>> 16) % amplitude)) * (depth === 16 ? 16 : 1)
  })
}
