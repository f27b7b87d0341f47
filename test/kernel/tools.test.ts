import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readKernels } from '../../src/kernel/formats/index.ts'
import { convo } from '../cli/convo.ts'

// Kernel files that other tools wrote, and the results of those tools for kernels that they read themselves.

const python = ['python3', '/usr/bin/python3'].find(
  (path) => spawnSync(path, ['-c', 'import cv2, numpy']).status === 0,
)
const has = (...command: [string, ...string[]]) => spawnSync(command[0], command.slice(1)).status === 0

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-tools-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const numbersOf = (name: string, fragment?: string) => {
  const [kernel] = readKernels(readFileSync(join(folder, name)), name, fragment)
  return { shape: kernel!.shape, weights: [...kernel!.weights] }
}

const script = `
import cv2, numpy as np
rng = np.random.default_rng(7)
types = {'u': 'u1', 'c': 'i1', 'w': '<u2', 's': '<i2', 'i': '<i4', 'f': '<f4', 'd': '<f8'}
made = {}
for dt, t in types.items():
    wide = rng.normal(0, 50, (5, 7)) if dt in 'fd' else rng.integers(0 if dt in 'uw' else -128, 127, (5, 7))
    made[dt] = wide.astype(t)
    np.save(dt + '.npy', made[dt])
for end in ('xml', 'yml', 'json'):
    for flags, kind in ((0, 'text'), (cv2.FILE_STORAGE_BASE64, 'base64')):
        fs = cv2.FileStorage(f'{kind}.{end}', cv2.FILE_STORAGE_WRITE | flags)
        fs.writeComment('kernels of every type')
        fs.write('words', 'a // no comment, "quoted"')
        for dt, a in made.items(): fs.write('k_' + dt, a)
        fs.startWriteStruct('within', cv2.FileNode_MAP)
        fs.write('deep', made['f'])
        fs.endWriteStruct()
        fs.release()
`

describe.skipIf(python === undefined)('OpenCV and NumPy', () => {
  beforeAll(() => {
    execFileSync(python!, ['-c', script], { cwd: folder })
  })

  const files = ['xml', 'yml', 'json'].flatMap((end) => [`text.${end}`, `base64.${end}`])
  test.each(files)('%s: every type, each number as NumPy has it', (file) => {
    for (const dt of ['u', 'c', 'w', 's', 'i', 'f', 'd']) {
      const { shape, weights } = numbersOf(file, `k_${dt}`)
      const array = numbersOf(`${dt}.npy`)
      expect(shape).toEqual([5, 7])
      // text has 8 digits for float32 and 16 for float64
      weights.forEach((w, i) => {
        expect(Math.abs(w - array.weights[i]!)).toBeLessThanOrEqual(Math.abs(w) * (dt === 'd' ? 1e-15 : 1e-7))
      })
      if (file.startsWith('base64')) expect(weights).toEqual(array.weights)
    }
    expect(numbersOf(file, 'deep').weights).toEqual(numbersOf(file, 'k_f').weights)
  })
})

describe.skipIf(!has('vips', '--version'))('libvips', () => {
  test.each([
    ['gaussmat', '1', '0.1'],
    ['gaussmat', '2', '0.05', '--precision', 'float'],
    ['gaussmat', '2', '0.2', '--separable'],
    ['logmat', '1.5', '0.1'],
  ])('%s %s %s %s', (name, ...more) => {
    const [file, text] = [join(folder, 'v.mat'), join(folder, 'v.csv')]
    execFileSync('vips', [name, file, ...more])
    execFileSync('vips', ['copy', file, text])
    expect(numbersOf('v.mat').weights).toEqual(numbersOf('v.csv').weights)
  })
})

describe.skipIf(!has('convert', '-version'))('ImageMagick', () => {
  test.each([
    '3x3: -1,0,1 -2,0,2 -1,0,1',
    '3: 0 -1 0 -1 5 -1 0 -1 0',
    '5x1: 1 2 3 -2 -3',
    '2x2: 0,0,0,1',
    '2x3+1+2: 1 0 0 0 0 0',
    '4x4: 0,0,0,0 0,0,0,0 0,0,1,0 0,0,0,0',
    '3x3+0+0: nan,1,- 0,0,0 -,nan,-1',
    '3x3: 1 0 0\n 0 0 0\n 0 0 -1',
  ])('%s: the picture that -morphology Convolve makes', async (kernel) => {
    const [from, theirs, ours] = ['in.png', 'theirs.png', 'ours.png'].map((name) => join(folder, name))
    const data = Uint8Array.from({ length: 23 * 17 }, (_, i) => (i * i * 7 + i * 31) % 251)
    await sharp(data, { raw: { width: 23, height: 17, channels: 1 } })
      .png()
      .toFile(from!)
    execFileSync('convert', [from!, '-morphology', 'Convolve', kernel, '-depth', '8', theirs!])
    writeFileSync(join(folder, 'k.txt'), kernel)
    for (const source of [kernel, 'k.txt']) {
      const { status, stderr } = await convo(['conv2d', from!, ours!, '--kernel', source, '-q'], {
        cwd: folder,
      })
      expect([status, stderr]).toEqual([0, ''])
      const [a, b] = await Promise.all(
        [ours!, theirs!].map((path) => sharp(path).extractChannel(0).raw().toBuffer()),
      )
      expect([...a!]).toEqual([...b!])
    }
  })
})
