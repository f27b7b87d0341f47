import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decode, readHeader } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import { readNpy } from '../../src/kernel/formats/npy.ts'
import { wideProfile } from '../image/pictures.ts'
import { fileOf, meaningOf, type TestNetwork } from '../net/graphs.ts'
import { nd } from '../net/interpreter.ts'
import { fcn8s, segnet, unet } from '../net/whole.ts'
import { convo, scratch } from './convo.ts'

const folder = scratch()
const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const photograph = [beside('../../../shared/photos/s512.png'), beside('../../samples/scene.png')].find(
  (path) => existsSync(path),
)!

/** Crops a photograph and returns it as numbers [1,3,H,W] of 0 to 1. */
async function part(name: string, height: number, width: number) {
  const { data, channels, width: wide } = await decode(photograph, { maxPixels: 1e8, orient: true })
  const crop = new Uint8Array(height * width * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        crop[(y * width + x) * 3 + c] = data[((y + 60) * wide + x + 150) * channels + c]!
  const { bytes } = await encode({ width, height, channels: 3, depth: 8, data: crop, meta: {} }, 'png', {})
  writeFileSync(folder.path(name), bytes)
  const planes = Array.from({ length: 3 * height * width }, (_, i) => {
    const [c, at] = [Math.floor(i / (height * width)), i % (height * width)]
    return Math.fround(crop[at * 3 + c]! / 255)
  })
  return nd([1, 3, height, width], planes)
}

const run = async (network: TestNetwork, input: string, output: string, ...options: string[]) => {
  writeFileSync(folder.path('net.onnx'), fileOf(network))
  const { status, stderr } = await convo([
    ...['net', folder.path('net.onnx'), folder.path(input), folder.path(output), '--in-range', '0..1'],
    ...options,
  ])
  expect([status, stderr.replace(/^note: .*\n/gm, '')]).toEqual([0, ''])
  return stderr
}

describe('whole networks on a photograph', () => {
  it('FCN-8s: crops and sums of three depths, painted as classes', async () => {
    const size = [41, 54] as const
    const x = await part('a.png', ...size)
    const expected = meaningOf(fcn8s(size), x)
    await run(fcn8s(size), 'a.png', 'a.npy', '--classes', 'numbers')
    const { data } = readNpy(readFileSync(folder.path('a.npy')), 'a')
    // scores that are equal except for the last digits may be decided either way
    const others = expected.data.filter((v, i) => v !== data[i]).length
    expect(others).toBeLessThanOrEqual(data.length / 1000)
    expect(new Set(expected.data).size).toBeGreaterThan(1)
    await run(fcn8s(size), 'a.png', 'a-classes.png')
    const { channels } = await decode(folder.path('a-classes.png'), { maxPixels: 1e6, orient: true })
    expect(channels).toBe(3)
  })

  it('SegNet: switches through four poolings, and a picture that is not a multiple of 16', async () => {
    const size = [48, 64] as const
    const x = await part('s.png', ...size)
    const expected = meaningOf(segnet(size), x)
    await run(segnet(size), 's.png', 's.npy', '--out-range', 'raw')
    const { data } = readNpy(readFileSync(folder.path('s.npy')), 's')
    expect(expected.data.reduce((m, v, i) => Math.max(m, Math.abs(v - data[i]!)), 0)).toBeLessThan(1e-5)
    await part('odd.png', 45, 61)
    const notes = await run(segnet(size), 'odd.png', 'heat.png', '--map', '2', '--palette', 'turbo')
    expect(notes).toContain('the picture was mirrored at its edges to 64x48')
    const heat = await decode(folder.path('heat.png'), { maxPixels: 1e6, orient: true })
    expect([heat.width, heat.height, heat.channels]).toEqual([61, 45, 3])
    // the profile of the picture does not apply to the colours of a palette
    const odd = await decode(folder.path('odd.png'), { maxPixels: 1e6, orient: true })
    const { bytes } = await encode({ ...odd, meta: { icc: await wideProfile() } }, 'png', {})
    writeFileSync(folder.path('wide.png'), bytes)
    const more = await run(segnet(size), 'wide.png', 'wide-heat.png', '--map', '2', '--palette', 'turbo')
    expect(more).toContain('the ICC profile was dropped: the colours of a palette are sRGB')
    const wide = await decode(folder.path('wide-heat.png'), { maxPixels: 1e6, orient: true })
    expect([wide.meta.icc, wide.data]).toEqual([undefined, heat.data])
    await run(segnet(size), 'wide.png', 'wide-map.png', '--channels', '0,1,2')
    expect(
      (await readHeader(folder.path('wide-map.png'), { maxPixels: 1e6, orient: true })).meta.icc,
    ).toBeDefined()
  })

  it('U-Net: no padding, so that the picture is mirrored and comes out in its own size', async () => {
    const size = [60, 76] as const
    const x = await part('u.png', ...size)
    const expected = meaningOf(unet(size), x)
    const [, , high, wide] = expected.shape as [number, number, number, number]
    expect([high, wide]).toEqual([20, 36])
    // the middle of the picture gives the same result as the middle of the mirrored picture
    await run(unet(size), 'u.png', 'u.npy', '--out-range', 'raw')
    const { data, shape } = readNpy(readFileSync(folder.path('u.npy')), 'u')
    expect(shape).toEqual([3, ...size])
    const most = expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    let worst = 0
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < high; y++)
        for (let i = 0; i < wide; i++) {
          const made = data[(c * size[0] + y + 20) * size[1] + i + 20]!
          worst = Math.max(worst, Math.abs(made - expected.data[(c * high + y) * wide + i]!))
        }
    expect(worst).toBeLessThan(1e-5 * most)
  })
})
