import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { directionText } from '../../src/kernel/analyse.ts'
import { lossesOf } from '../../src/kernel/formats/format.ts'
import { formats, readKernels, writeKernel, writtenAs } from '../../src/kernel/formats/index.ts'
import { type Kernel, kernel, planeSize } from '../../src/kernel/kernel.ts'
import { convo, scratch } from '../cli/convo.ts'
import { encode } from './formats/reading.ts'

// The result of each tool for an asymmetric kernel in its own format, on an asymmetric picture of 6x5 samples with
// repeated edges.

type Row = {
  readonly tool: string
  readonly file: string
  readonly kernel: string
  readonly samples: number[]
}
type Vectors = {
  readonly width: number
  readonly height: number
  readonly picture: number[]
  readonly rows: readonly Row[]
  readonly volume: { shape: [number, number, number]; samples: number[]; kernel: string; result: number[] }
}
const vectors = JSON.parse(
  readFileSync(new URL('vectors/directions.json', import.meta.url), 'utf8'),
) as Vectors

const within = (i: number, n: number) => Math.min(n - 1, Math.max(0, i))

/**
 * Returns the sum under a kernel as convo reads it, at each position of [depth, height, width], with repeated edges.
 */
function correlate(samples: readonly number[], [D, H, W]: [number, number, number], k: Kernel): number[] {
  const [kH, kW] = planeSize(k.shape)
  const kD = k.weights.length / kH / kW
  const [ay, ax] = k.anchor ?? [kH >> 1, kW >> 1]
  return samples.map((_, i) => {
    const [z, y, x] = [Math.floor(i / W / H), Math.floor(i / W) % H, i % W]
    const sum = k.weights.reduce((total, w, t) => {
      const [dz, dy, dx] = [Math.floor(t / kW / kH), Math.floor(t / kW) % kH, t % kW]
      const row = within(z + dz - (kD >> 1), D) * H + within(y + dy - ay, H)
      return total + w * samples[row * W + within(x + dx - ax, W)]!
    }, 0)
    return sum / k.scale + k.offset
  })
}

const { width, height, picture } = vectors
const inside = picture.map((_, i) => i).filter((i) => i % width > 0 && i % width < width - 1)

describe.each(vectors.rows)('$tool of $kernel', ({ file, kernel: text, samples }) => {
  const [read] = readKernels(encode(text), file)

  test('is what convo makes', () => {
    const ours = correlate(picture, [1, height, width], read!)
    if (!file.endsWith('.ffmpeg')) expect(ours).toEqual(samples)
    // FFmpeg has another border, and its numbers are those of the picture times the scale
    else expect(inside.slice(4, -4).map((i) => ours[i]! * read!.scale)).toEqual(samples)
  })

  test('means the same in every format that it is converted to', () => {
    const bare = kernel(read!.shape, read!.weights, read!.anchor && { anchor: read!.anchor })
    const ours = correlate(picture, [1, height, width], bare)
    for (const file of ['k.json', 'k.npy', 'k.csv', 'k.mat', 'k.magick', 'k.txt']) {
      if (lossesOf(bare, writtenAs(file)!.holds!).length > 0) continue
      const [back] = readKernels(writeKernel(bare, file), file)
      expect([file, correlate(picture, [1, height, width], back!)]).toEqual([file, ours])
    }
  })
})

test("G'MIC turns slices too", () => {
  const { shape, samples, kernel: text, result } = vectors.volume
  expect(correlate(samples, shape, readKernels(encode(text), 'k.gmic')[0]!)).toEqual(result)
})

describe('convo says how a format is used', () => {
  const folder = scratch('scene.png')
  const run = (...line: string[]) => convo(line, { cwd: folder.path() })
  beforeAll(() => {
    writeFileSync(folder.path('k.magick'), '3x3: 1,2,3 4,5,6 7,8,9')
    writeFileSync(folder.path('even.magick'), '3x3: 0,1,0 1,-4,1 0,1,0')
    writeFileSync(folder.path('k.svg'), '<feConvolveMatrix kernelMatrix="1 2 3 4 5 6 7 8 9"/>')
  })
  const note = 'rotated by 180°, like -morphology Convolve does'

  test('list formats, for each', async () => {
    const { stdout } = await run('list', 'formats', '--json')
    const rows = JSON.parse(stdout) as { name: string; for: string; summary: string }[]
    for (const [name, { direction }] of Object.entries(formats)) {
      const { summary } = rows.find((row) => row.name === name && row.for === 'kernels')!
      expect(summary).toContain(directionText(direction))
    }
  })

  test('show, where it turns', async () => {
    expect((await run('show', 'k.magick')).stdout.replace(/\s+/g, ' ')).toContain(note)
    expect(JSON.parse((await run('show', 'k.svg', '--json')).stdout)).toMatchObject({
      direction: 'rotated by 180°, like feConvolveMatrix does',
    })
    expect((await run('show', '1 2 3')).stdout).not.toContain('rotated')
  })

  test('kernel convert, on the way in and out, where it makes a difference', async () => {
    expect((await run('kernel', 'convert', 'k.magick', 'k.csv')).stderr).toBe(`note: k.magick: ${note}\n`)
    expect(readFileSync(folder.path('k.csv'), 'utf8')).toBe('9,8,7\n6,5,4\n3,2,1\n')
    expect((await run('kernel', 'convert', 'k.csv', 'k.txt')).stderr).toBe(`note: k.txt: ${note}\n`)
    expect(readFileSync(folder.path('k.txt'), 'utf8')).toBe('3x3+1+1:\n1,2,3\n4,5,6\n7,8,9\n')
    expect((await run('kernel', 'convert', 'even.magick', 'even.csv')).stderr).toBe('')
  })

  test('a filter, where another command of the tool does not turn it', async () => {
    const notes = async (...line: string[]) => {
      const { stderr } = await run('conv2d', 'scene.png', 'out.png', '--normalize', ...line)
      return stderr.split('\n').filter((text) => text.includes('rotated'))
    }
    expect(await notes('--kernel', 'k.magick')).toEqual([
      `note: the kernel is ${note}; --flip uses it as written, like -morphology Correlate`,
    ])
    expect(await notes('--kernel', 'k.magick', '--flip')).toEqual([])
    expect(await notes('--kernel', 'even.magick')).toEqual([])
    expect(await notes('--kernel', '1 2 3; 4 5 6; 7 8 9')).toEqual([])
  })
})
