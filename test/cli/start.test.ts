import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Script } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import { loaders } from '../../src/cli/apart.ts'
import { commands } from '../../src/cli/registry.ts'
import { convo, scratch } from './convo.ts'

// Records whether a run loads the native library of sharp, WebAssembly or worker threads, and reports it on standard
// error at the end.
const watcher = `
import { createRequire, syncBuiltinESMExports } from 'node:module'
const threads = createRequire(import.meta.url)('node:worker_threads')
const seen = new Set()
for (const name of ['compile', 'instantiate', 'Module']) {
  const original = WebAssembly[name]
  WebAssembly[name] = new Proxy(original, {
    apply: (f, self, args) => (seen.add('wasm'), f.apply(self, args)),
    construct: (f, args) => (seen.add('wasm'), new f(...args)),
  })
}
const fs = createRequire(import.meta.url)('node:fs')
fs.readFileSync = new Proxy(fs.readFileSync, {
  apply: (f, self, args) => (seen.add(/cli-\\w+(?=\\.cjs$)/.exec(args[0])?.[0]), f.apply(self, args)),
})
threads.Worker = new Proxy(threads.Worker, { construct: (f, args) => (seen.add('worker'), new f(...args)) })
syncBuiltinESMExports()
process.on('exit', () => {
  if (process.report.getReport().sharedObjects.some((path) => /sharp|vips/.test(path))) seen.add('sharp')
  process.stderr.write('loaded: ' + [...seen].filter(Boolean).sort().join(' ') + '\\n')
})
`

const { compiledPath, scriptOf } = nodeModule.createRequire(import.meta.url)('../../bin/load.js') as {
  compiledPath(path: string): string
  scriptOf(path: string, cachedData: Uint8Array): Script
}
const isKeptByNode = 'enableCompileCache' in nodeModule

describe('the compiled code of the command line', () => {
  const dist = fileURLToPath(new URL('../../dist', import.meta.url))
  const parts = readdirSync(dist).filter((name) => /^cli.*\.cjs$/.test(name))
  it('is in the parts of the build', () => {
    expect(parts).toEqual(
      expect.arrayContaining(['cli.cjs', 'cli-run.cjs', 'cli-shared.cjs', 'cli-more.cjs']),
    )
  })
  describe.each(parts)('of %s', (name) => {
    const part = join(dist, name)
    it.skipIf(isKeptByNode)('is taken by the Node that built it (skipped where Node keeps its own)', () => {
      expect(scriptOf(part, readFileSync(compiledPath(part))).cachedDataRejected).toBe(false)
    })
    it('is passed over where it is not of this Node', () => {
      expect(scriptOf(part, Buffer.alloc(4096, 7)).cachedDataRejected).toBe(true)
    })
  })
})

describe('commands that are loaded apart', () => {
  it('are those of the list of all commands', async () => {
    for (const [name, load] of Object.entries(loaders))
      expect(await load()).toBe(commands.find((command) => command.name === name))
  })
})

describe('what a run loads', () => {
  const folder = scratch('scene.png')
  beforeAll(() => writeFileSync(folder.path('watch.mjs'), watcher))
  const loadedBy = async (...line: string[]) => {
    const run = await convo(line, { cwd: folder.path(), node: ['--import', folder.path('watch.mjs')] })
    return /loaded: (.*)\n$/.exec(run.stderr)?.[1]
  }
  it.each([
    [['--version']],
    [['--help']],
    [['help', 'sobel']],
    [['list', 'filters']],
    [['completion', 'bash']],
    [['sobel', 'a.png', 'b.png', '--axis', 'q']],
    [['sobel', 'scene.png']],
  ])('convo %j: neither sharp nor WebAssembly', async (line) => {
    expect(await loadedBy(...line)).not.toMatch(/sharp|wasm|worker/)
  })
  it('convo compare of equal files: no operation, and nothing that decodes', async () => {
    expect(await loadedBy('compare', 'scene.png', 'scene.png')).toBe('cli-compare')
  })
  it('convo check of equal files: no operation, and nothing that decodes', async () => {
    writeFileSync(folder.path('convo.check.yaml'), 'cases: [{ name: a, actual: scene.png }]')
    await convo(['check', '--update'], { cwd: folder.path() })
    expect(await loadedBy('check')).toBe('cli-golden cli-shared')
  })
  it('convo sobel in out: no worker for a small picture, and sharp for what is no plain PNG', async () => {
    expect(await loadedBy('sobel', 'scene.png', 'out.png', '-q')).toBe('cli-run cli-shared wasm')
    expect(await loadedBy('sobel', 'scene.png', 'out.webp', '-q')).toBe('cli-run cli-shared sharp wasm')
  })
})
