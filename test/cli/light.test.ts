import { readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { encodePngWhole } from '../../src/image/png-whole.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { curv, profile, rgbProfile } from '../image/icc.ts'
import { convo, scratch } from './convo.ts'
import { noise, type Raw, read, write } from './pictures.ts'

// --linear against the formulas of IEC 61966-2-1 in float64, with the depths and ranges that it can be used with.

const here = scratch()
const run = (...args: string[]) => convo([...args, '-q'], { cwd: here.path() })

const toLight = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
const toStored = (v: number) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055)
const fullOf = ({ data }: Raw) => (data instanceof Uint16Array ? 65535 : 255)

/** Returns the means of 3 neighbours in a row in linear light after applying `range`, in 0..1 of the output. */
function expected({ width, data }: Raw, full: number, range: (v: number) => number): number[] {
  const light = Array.from(data, (v) => toLight(v / full))
  return light.map((_, i) => {
    const [row, x] = [i - (i % width), i % width]
    const at = (dx: number) => light[row + Math.min(width - 1, Math.max(0, x + dx))]!
    return toStored(Math.min(1, Math.max(0, range((at(-1) + at(0) + at(1)) / 3))))
  })
}

describe('linear light', () => {
  for (const from of [8, 16]) {
    for (const to of [8, 16]) {
      for (const [range, more, change] of [
        ['clamp', [], (v: number) => v],
        ['offset', [], (v: number) => v + (from === 8 ? 128 / 255 : 32768 / 65535)],
        [
          'offset',
          ['--bias', '-100'],
          (v: number) => v - 100 / 255 + (from === 8 ? 128 / 255 : 32768 / 65535),
        ],
        ['abs', ['--bias', '-100'], (v: number) => Math.abs(v - 100 / 255)],
      ] as const) {
        test(`${from} bits to ${to}, range ${range} ${more.join(' ')}`, async () => {
          const full = from === 8 ? 255 : 65535
          const samples = noise(24 * 16, 7, full)
          const data = from === 8 ? Uint8Array.from(samples) : Uint16Array.from(samples)
          const picture = { width: 24, height: 16, channels: 1, data }
          await write(here.path('in.png'), picture)
          const options = ['--linear', '--depth', `${to}`, '--range', range, ...more]
          const { status } = await run(
            'conv2d',
            'in.png',
            'out.png',
            '--kernel',
            '1 1 1',
            '--normalize',
            ...options,
          )
          expect(status).toBe(0)
          const out = await read(here.path('out.png'))
          expect(fullOf(out)).toBe(to === 8 ? 255 : 65535)
          // float32 sums may round to the next level; near black the curve is steep
          const most = to === 8 ? 1 : 2
          const exact = expected(picture, full, change).map((v) => v * fullOf(out))
          const far = exact.filter((v, i) => Math.abs(v - out.data[i]!) > most / 2 + 0.05)
          expect(far).toEqual([])
        })
      }
    }
  }
})

describe('the curve of --linear', () => {
  const values = noise(24 * 16 * 3, 7)
  const data = Uint8Array.from(values)
  /** Returns the means of 3 neighbours in the linear light of a gamma, encoded again. */
  const means = (gamma: readonly number[]) =>
    values.map((_, i) => {
      const [x, g] = [Math.floor(i / 3) % 24, gamma[i % 3]!]
      const at = (dx: number) => (values[i + 3 * Math.min(23 - x, Math.max(-x, dx))]! / 255) ** g
      return 255 * ((at(-1) + at(0) + at(1)) / 3) ** (1 / g)
    })
  const blur = async (input: string, ...more: string[]) => {
    const options = ['--kernel', '1 1 1', '--normalize', '--linear', '--json', ...more]
    const { status, stdout } = await run('conv2d', input, 'out.png', ...options)
    return { status, report: status === 0 ? JSON.parse(stdout) : undefined }
  }
  const worst = async (expected: number[]) => {
    // sharp would apply the profile when reading
    const out = (await decode(here.path('out.png'), { maxPixels: 1e6, orient: true })).data
    return Math.max(...expected.map((v, i) => Math.abs(v - out[i]!)))
  }
  const shape = { width: 24, height: 16, channels: 3 as const, depth: 8 as const, data }

  test('is that of the profile, which stays with the picture', async () => {
    for (const gamma of [1, 1.5, 563 / 256, 3]) {
      const icc = rgbProfile(curv(gamma))
      writeFileSync(here.path('in.png'), encodePngWhole({ ...shape, meta: { icc } }))
      const { status, report } = await blur('in.png')
      expect(status).toBe(0)
      expect(report.light).toBe(`"made": gamma ${Number(gamma.toPrecision(5))}`)
      expect(await worst(means([gamma, gamma, gamma]))).toBeLessThanOrEqual(0.55)
      expect((await sharp(here.path('out.png')).metadata()).icc?.equals(icc)).toBe(true)
    }
  })

  test('is one for each colour where the profile has three', async () => {
    const icc = rgbProfile(curv(1), curv(2), curv(3))
    writeFileSync(here.path('in.png'), encodePngWhole({ ...shape, meta: { icc } }))
    expect((await blur('in.png')).report.light).toBe('"made": a curve for each colour')
    expect(await worst(means([1, 2, 3]))).toBeLessThanOrEqual(0.55)
  })

  test('is said to be of the curves where the profile has tables too, in a dry run as well', async () => {
    const curves = ['rTRC', 'gTRC', 'bTRC'].map((tag) => [tag, curv(2)] as const)
    const table = ['A2B0', Buffer.from('mft2'.padEnd(52, '\0'))] as const
    const icc = profile('RGB ', [...curves, table])
    writeFileSync(here.path('in.png'), encodePngWhole({ ...shape, meta: { icc } }))
    for (const more of [[], ['--dry-run']]) {
      const words = ['box', 'in.png', 'out.png', '--linear', ...more]
      const { status, stderr, stdout } = await convo(words, { cwd: here.path() })
      expect([status, stderr + stdout]).toEqual([0, expect.stringContaining('tables as well as tone curves')])
    }
  })

  test('is that of gAMA, and sRGB without either', async () => {
    writeFileSync(here.path('in.png'), encodePngWhole({ ...shape, meta: { gamma: 50000 } }))
    expect((await blur('in.png')).report.light).toBe('gamma 2, as gAMA says')
    expect(await worst(means([2, 2, 2]))).toBeLessThanOrEqual(0.55)
    writeFileSync(here.path('in.png'), encodePngWhole({ ...shape, meta: {} }))
    expect((await blur('in.png')).report.light).toBe('sRGB')
  })

  test('is refused where the profile has tables', async () => {
    writeFileSync(here.path('in.png'), encodePngWhole({ ...shape, meta: { icc: profile('RGB ', []) } }))
    for (const more of [[], ['--dry-run']]) {
      const refused = await run('box', 'in.png', 'no.png', '--linear', ...more)
      expect([refused.status, refused.stderr.split('\n')[0]]).toEqual([
        2,
        'error: --linear cannot use the ICC profile of in.png   [E_OPTION]',
      ])
    }
    expect((await run('box', 'in.png', 'out.png')).status).toBe(0)
  })
})

describe('a profile', () => {
  test('that the result has no place for is told of', async () => {
    const meta = { icc: rgbProfile(curv(1.8)) }
    const data = Uint8Array.from(noise(8 * 6 * 3))
    writeFileSync(
      here.path('in.png'),
      encodePngWhole({ width: 8, height: 6, channels: 3, depth: 8, data, meta }),
    )
    const said = async (...line: string[]) => (await convo(line, { cwd: here.path() })).stderr
    const note = 'the ICC profile was dropped: the output is gray, the profile is not'
    expect(await said('sobel', 'in.png', 'o.png', '--gray')).toContain(note)
    expect(await said('pointwise', 'in.png', 'o.jpg', '--preset', 'gray')).toContain(note)
    expect(await said('relu', 'in.png', 'o.gif')).toContain('gif cannot store the ICC profile')
    expect(await said('relu', 'in.png', 'o.npy')).toContain('npy cannot store the ICC profile')
    for (const kept of ['o.png', 'o.jpg', 'o.webp', 'o.tif'])
      expect(await said('relu', 'in.png', kept)).not.toContain('profile')
    writeFileSync(
      here.path('convo.check.yaml'),
      'cases: [{ name: a, input: in.png, run: [sobel, --gray] }]\n',
    )
    await said('check')
    const [{ facts }] = JSON.parse(readFileSync(here.path('.convo/check/results.json'), 'utf8')).cases
    expect(facts).toContainEqual(['note', note])
  })
})

describe('a PNG that is only stored', () => {
  // the range minmax needs two passes, and the second one reuses the memory of the first
  test('has unfiltered rows, whatever lay in the memory before', async () => {
    const data = Uint8Array.from(noise(500 * 500 * 4, 3))
    await write(here.path('in.png'), { width: 500, height: 500, channels: 4, data })
    const samples: Buffer[] = []
    for (const compression of ['0', '1']) {
      const how = ['--gray', '--range', 'minmax', '--compression', compression]
      expect((await run('sobel', 'in.png', `${compression}.png`, ...how)).status).toBe(0)
      samples.push(Buffer.from((await read(here.path(`${compression}.png`))).data))
    }
    expect(samples[0]!.equals(samples[1]!)).toBe(true)
    expect(readFileSync(here.path('0.png')).length).toBeGreaterThan(500 * 500 * 2)
  })
})

test('floats of 0..1 from an array make a picture from black to white, with a note', async () => {
  const note = 'note: unit.npy has numbers from 0 to 1, so 1 is used as white; --full <n> changes it\n'
  const rounded =
    'note: floating point was rounded to 8 bits: --depth 16 keeps more, and .tif, .pfm or .npy keep all\n'
  writeFileSync(
    here.path('unit.npy'),
    writeNpy(
      [4, 4],
      Float32Array.from({ length: 16 }, (_, i) => i / 15),
    ),
  )
  const said = async (...more: string[]) =>
    (await convo(['box', 'unit.npy', ...more], { cwd: here.path() })).stderr
  expect(await said('out.png')).toBe(note + rounded)
  expect(await said('out.png', '--range', 'minmax')).toBe(rounded)
  expect(await said('out.npy')).toBe('')
})
