import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { comparePictures } from '../../src/image/compare/compare.ts'
import { decode } from '../../src/image/decode.ts'
import { createDigest, digestOf } from '../../src/image/digest.ts'
import { picture as sample } from './compare/pictures.ts'

const sha256 = (...parts: (string | Uint8Array)[]) =>
  `sha256:${parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')}`
const options = { maxPixels: 1e6, orient: true }

describe('digest', () => {
  it('hashes exactly what it says', async () => {
    const a = sample(3, 2, 3, 8, (i) => i * 7)
    expect(await digestOf(a)).toBe(sha256('convo picture 1 3x2x3 8\n', a.data as Uint8Array))
    const b = sample(2, 1, 1, 16, (i) => 0x1234 + i)
    expect(await digestOf(b)).toBe(
      sha256('convo picture 1 2x1x1 16\n', new Uint8Array([0x34, 0x12, 0x35, 0x12])),
    )
    const c = sample(1, 1, 1, 32, () => 1.5)
    expect(await digestOf(c)).toBe(sha256('convo picture 1 1x1x1 32\n', new Uint8Array([0, 0, 0xc0, 0x3f])))
    // computed independently: printf 'convo picture 1 1x1x1 8\n\x07' | sha256sum
    expect(await digestOf(sample(1, 1, 1, 8, () => 7))).toBe(
      'sha256:666918067e9f7d7d23472a1eab16cf95c80a7f52ab4beb41468c6c7b1120f2a1',
    )
  })

  it('depends on samples, shape, depth and pages, and on nothing else', async () => {
    const base = sample(4, 2, 1, 8, (i) => i)
    const pictures = [
      base,
      sample(2, 4, 1, 8, (i) => i),
      sample(2, 2, 2, 8, (i) => i),
      sample(4, 2, 1, 16, (i) => i),
      sample(4, 2, 1, 32, (i) => i),
      sample(4, 2, 1, 8, (i) => (i === 7 ? 8 : i)),
    ]
    const all = await Promise.all(pictures.map((picture) => digestOf(picture)))
    expect(new Set([...all, await digestOf(base, base)]).size).toBe(all.length + 1)
    expect(await digestOf({ ...base, meta: { icc: new Uint8Array([1]), resolution: [1, 1] } })).toBe(all[0])
    const hash = createDigest()
    await hash.add(base)
    await hash.add(base)
    expect(hash.end()).toBe(await digestOf(base, base))
  })

  it('takes floats by value, as the comparison does', async () => {
    const values = (list: number[]) => sample(list.length, 1, 1, 32, (i) => list[i]!)
    const [a, b] = [values([0, Number.NaN, 2]), values([-0, Number.NaN, 2])]
    new Uint32Array(b.data.buffer)[1] = 0xffc00001
    expect(await digestOf(b)).toBe(await digestOf(a))
    expect(comparePictures(a, b).outcome).toBe('same')
    expect(Object.is(b.data[0], -0)).toBe(true)
    const long = sample(70000, 1, 1, 32, (i) => (i === 69999 ? -0 : i))
    expect(await digestOf(long)).toBe(await digestOf(sample(70000, 1, 1, 32, (i) => (i === 69999 ? 0 : i))))
  })

  it('is the same for every encoding of the same pixels: palette, compression, format', async () => {
    const raw = { raw: { width: 8, height: 8, channels: 3 as const } }
    // few colours, far apart, which the palette keeps exactly
    const data = Uint8Array.from({ length: 192 }, (_, i) => (((Math.floor(i / 3) % 8) >> (i % 3)) & 1) * 255)
    const png = (settings: object) => sharp(data, raw).png(settings).toBuffer()
    const files = [
      await png({ palette: true, colours: 16, dither: 0 }),
      await png({ compressionLevel: 0 }),
      await png({ progressive: true }),
      await sharp(data, raw).tiff({ compression: 'lzw' }).toBuffer(),
      await sharp(data, raw).webp({ lossless: true }).toBuffer(),
    ]
    const pictures = await Promise.all(files.map((file) => decode(file, options)))
    expect(files[0]![25]).toBe(3)
    expect(new Set(await Promise.all(pictures.map((one) => digestOf(one)))).size).toBe(1)
    expect(comparePictures(pictures[0]!, pictures[1]!).outcome).toBe('same')
  })
})
