import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readManifest } from '../../../src/batch/manifest.ts'
import { failure, temporaryFolder } from '../../image/pictures.ts'
import { convo } from '../convo.ts'
import { inputsOf, writePictures } from './pictures.ts'

const folder = temporaryFolder()

function manifest(...lines: string[]): string {
  const path = join(folder, 'job.yaml')
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

const places = ['inputs: in', 'output: out/{stem}.png']

describe('a batch in a file', () => {
  it.each<[string, string[]]>([
    ['run: gaussian --sigma 2', ['gaussian', '--sigma', '2']],
    ['operation: gaussian --sigma 2', ['gaussian', '--sigma', '2']],
    ['operation: [gaussian, --sigma, 2]', ['gaussian', '--sigma', '2']],
    [
      'operation: gaussian\noptions: { sigma: 2, gray: true, flip: false }',
      ['gaussian', '--sigma', '2', '--gray'],
    ],
    ['run: [gaussian, --sigma, 2, --, sobel]', ['gaussian', '--sigma', '2', '--', 'sobel']],
    ['chain: gaussian --sigma 2 -- sobel', ['gaussian', '--sigma', '2', '--', 'sobel']],
    ['chain: [[gaussian, --sigma, 2], [sobel]]', ['gaussian', '--sigma', '2', '--', 'sobel']],
    ['chain: [[--gray], [gaussian], [sobel]]', ['chain', '--gray', '--', 'gaussian', '--', 'sobel']],
    ['operation: [gaussian, --sigma, 2, --, sobel]', ['gaussian', '--sigma', '2', '--', 'sobel']],
    ['operation: chain --gray -- gaussian -- sobel', ['chain', '--gray', '--', 'gaussian', '--', 'sobel']],
  ])('%s', (text, words) => {
    expect(readManifest(manifest(...places, text)).operation).toEqual(words)
  })

  it('takes paths from its own folder, and settings under the names of their options', () => {
    writeFileSync(join(folder, 'edge.txt'), '1 0 -1\n')
    const read = readManifest(
      manifest(
        'inputs: [in, /other/*.png]',
        'output: out/{stem}.png',
        'operation: conv2d',
        'options: { kernel: edge.txt }',
        'recursive: true',
        'force: false',
        'jobs: 50%',
        'memory: 2GiB',
        'log: log.jsonl',
      ),
    )
    expect(read.inputs).toEqual([join(folder, 'in'), '/other/*.png'])
    expect(read.operation).toEqual(['conv2d', '--kernel', join(folder, 'edge.txt')])
    expect(read.given).toEqual({
      output: join(folder, 'out/{stem}.png'),
      recursive: true,
      jobs: '50%',
      memory: '2GiB',
      log: join(folder, 'log.jsonl'),
    })
  })

  it('tells of every mistake at its place', async () => {
    const path = manifest('inputs: 7', 'operation: [[a]]', 'jbs: 3')
    const error = await failure('E_MANIFEST', () => readManifest(path))
    expect(error.why).toEqual([
      `${path}:1:1: the manifest needs output`,
      expect.stringMatching(/^\S+:1:9: inputs must be/),
      `${path}:2:13: operation[0] must be text or a number or true or false, got a list`,
      `${path}:3:1: unknown key jbs; did you mean jobs?`,
    ])
    const none = await failure('E_MANIFEST', () => readManifest(manifest(...places)))
    expect(none.why).toEqual([`${path}:1:1: the manifest needs one of run and chain, got none`])
    const two = await failure('E_MANIFEST', () => readManifest(manifest(...places, 'run: box', 'chain: box')))
    expect(two.why).toEqual([`${path}:1:1: the manifest needs one of run and chain, got run and chain`])
    const bare = await failure('E_MANIFEST', () => readManifest(manifest(...places, 'run: "--"')))
    expect(bare.why).toEqual([`${path}:1:1: run names no operation`])
    const empty = await failure('E_MANIFEST', () => readManifest(manifest('# nothing')))
    expect(empty.message).toContain('is empty')
  })

  it('runs from another folder as from its own; what is typed goes before what is written', async () => {
    const other = join(folder, 'elsewhere')
    mkdirSync(other)
    writePictures(join(folder, 'in'), 3)
    const path = manifest(...places, 'operation: sobel')
    const first = await convo(['batch', path, '--json'], { cwd: other })
    expect([first.status, inputsOf(first.stdout, 'done')]).toEqual([0, expect.any(Array)])
    expect(inputsOf(first.stdout, 'done')).toHaveLength(3)
    const typed = await convo(['batch', 'job.yaml', '--json', '-o', 'typed/{stem}.png'], { cwd: folder })
    expect(typed.stdout).toContain('"output":"typed/p000.png"')
    const again = await convo(['batch', path, '--json'], { cwd: other })
    expect(inputsOf(again.stdout, 'current')).toHaveLength(3)
  })

  it('may be JSON, and its chains name results as those of the command line do', async () => {
    const other = join(folder, 'json')
    writePictures(other, 2)
    const chain = [
      ['keep', '--as', 'skip'],
      ['gaussian', '--sigma', '1'],
      ['concat', '--with', 'skip'],
      ['pointwise', '--kernel', '2 0 0 -1 0 0; 0 2 0 0 -1 0; 0 0 2 0 0 -1'],
      ['add', '--with', 'skip'],
    ]
    writeFileSync(
      join(other, 'job.json'),
      JSON.stringify({ inputs: 'p*.png', output: 'batch/{stem}.png', chain }),
    )
    const { status, stderr } = await convo(['batch', join(other, 'job.json'), '--quiet'])
    expect([status, stderr]).toEqual([0, ''])
    for (const name of ['p000.png', 'p001.png']) {
      const line = [
        'chain',
        name,
        'one.png',
        '--quiet',
        '--force',
        ...chain.flatMap((step) => ['--', ...step]),
      ]
      expect((await convo(line, { cwd: other })).status).toBe(0)
      expect(readFileSync(join(other, 'batch', name)).equals(readFileSync(join(other, 'one.png')))).toBe(true)
    }
  })
})
