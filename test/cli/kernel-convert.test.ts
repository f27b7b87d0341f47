import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadKernel } from '../../src/kernel/source.ts'
import { convo, scratch } from './convo.ts'

describe('convo kernel convert', () => {
  const folder = scratch()
  const run = (...line: string[]) => convo(['kernel', 'convert', ...line], { cwd: folder.path() })
  beforeAll(() => writeFileSync(folder.path('edge.mat'), '3 3 4 0\n-1 0 1\n-2 0 2\n-1 0 1\n'))

  it.each(['edge.json', 'edge2.mat'])('keeps weights and scale on the way to %s', async (to) => {
    expect(await run('edge.mat', to)).toEqual({ status: 0, stdout: '', stderr: '', bytes: Buffer.alloc(0) })
    const [before, after] = await Promise.all(['edge.mat', to].map((name) => loadKernel(folder.path(name))))
    const ratio = (k: typeof before) => Array.from(k!.weights, (w) => w / k!.scale)
    expect(after!.shape).toEqual([3, 3])
    expect(ratio(after)).toEqual(ratio(before))
  })
  it.each(['plain.csv', 'plain.npy', 'plain.txt'])('writes weights alone to %s', async (to) => {
    writeFileSync(folder.path('plain.mat'), '3 1 1 0\n1 2 1\n')
    expect((await run('plain.mat', to)).status).toBe(0)
    expect((await loadKernel(folder.path(to))).weights).toEqual(Float64Array.of(1, 2, 1))
  })
  it('says what a format cannot store', async () => {
    expect(await run('edge.mat', 'edge.txt')).toMatchObject({
      status: 2,
      stderr: `error: an ImageMagick string cannot store a scale of 4   [E_KERNEL_FORMAT]
  .json stores everything
  try: convo kernel convert edge.mat edge.json
`,
    })
  })
  it('writes a named kernel, and numbers of the command line', async () => {
    expect((await run('sobel-x', 'sobel.json')).status).toBe(0)
    expect(Array.from((await loadKernel(folder.path('sobel.json'))).weights)).toEqual([
      -1, 0, 1, -2, 0, 2, -1, 0, 1,
    ])
    expect((await run('-1 0 1', 'row.json')).status).toBe(0)
    expect(await loadKernel(folder.path('row.json'))).toMatchObject({ shape: [1, 3] })
  })
  it('leaves an old output as it was when the kernel is bad', async () => {
    writeFileSync(folder.path('old.json'), 'old')
    writeFileSync(folder.path('bad.mat'), '3 3\n1 2 3\n1 x 3\n1 2 3\n')
    const { status, stderr } = await run('bad.mat', 'old.json')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: .*\[E_KERNEL_SYNTAX\]\n {2}bad\.mat:3:3: /)
    expect(readFileSync(folder.path('old.json'), 'utf8')).toBe('old')
  })
  it('names a file that is not there, and an ending that is not written', async () => {
    const missing = await run('none.mat', 'x.json')
    expect([missing.status, missing.stdout]).toEqual([2, ''])
    expect(missing.stderr).toContain('none.mat')
    const unknown = await run('edge.mat', 'x.doc')
    expect(unknown.status).toBe(2)
    expect(unknown.stderr).toMatch(/\.doc.*\[E_KERNEL_FORMAT\]/)
  })
})
