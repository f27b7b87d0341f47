import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { convo, scratch } from './convo.ts'
import { noise, type Raw, read, write } from './pictures.ts'

// --linear, against the formulas of IEC 61966-2-1 in float64, and the depths and ranges that it meets.

const here = scratch()
const run = (...args: string[]) => convo([...args, '-q'], { cwd: here.path() })

const toLight = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
const toStored = (v: number) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055)
const fullOf = ({ data }: Raw) => (data instanceof Uint16Array ? 65535 : 255)

/** Means of 3 neighbours in a row in linear light, then what `range` makes of them; in 0..1 of the output. */
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
          // float32 sums may round a level to the other side; near black the curve is steep
          const most = to === 8 ? 1 : 2
          const exact = expected(picture, full, change).map((v) => v * fullOf(out))
          const far = exact.filter((v, i) => Math.abs(v - out.data[i]!) > most / 2 + 0.05)
          expect(far).toEqual([])
        })
      }
    }
  }
})

describe('a PNG that is only stored', () => {
  // the range minmax takes two passes, and the second finds the memory as the first left it
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

test('numbers of 0..1 from an array are told of where they become a dark picture', async () => {
  const note =
    'note: unit.npy holds numbers of 0 to 1, taken as levels of 0..255; --range minmax stretches them\n'
  writeFileSync(
    here.path('unit.npy'),
    writeNpy(
      [4, 4],
      Float32Array.from({ length: 16 }, (_, i) => i / 15),
    ),
  )
  const said = async (...more: string[]) =>
    (await convo(['box', 'unit.npy', ...more], { cwd: here.path() })).stderr
  expect(await said('out.png')).toBe(note)
  expect(await said('out.png', '--range', 'minmax')).toBe('')
  expect(await said('out.npy')).toBe('')
})
