import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import { beforeAll, expect, it } from 'vitest'
import { scratch } from '../cli/convo.ts'

// A program of a user with convo bundled into it must find the workers, WASM and the ready-made kernels where it is
// installed.

const here = scratch()
const root = fileURLToPath(new URL('../..', import.meta.url))
const program = `
import convo from 'convo'
const large = { data: new Uint8Array(2000 * 1500 * 3).fill(7), width: 2000, height: 1500 }
const small = { data: new Uint8Array(16).fill(9), width: 4, height: 4 }
async function main() {
  const { data } = await convo(large, { threads: 2 }).gaussian({ sigma: 3 }).raw()
  const embossed = await convo(small).conv2d({ kernel: 'emboss-5x5' }).toBuffer()
  console.log(data[0], embossed.length > 50)
}
main()
`

beforeAll(() => {
  mkdirSync(here.path('node_modules'))
  symlinkSync(root, here.path('node_modules/convo'))
  symlinkSync(`${root}/node_modules/sharp`, here.path('node_modules/sharp'))
  writeFileSync(here.path('program.mjs'), program)
})

/** Runs a program in its folder and in another one. */
function run(path: string) {
  for (const cwd of [here.path(), tmpdir()]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [path], { cwd, encoding: 'utf8' })
    expect([cwd, status, stdout, stderr]).toEqual([cwd, 0, '7 true\n', ''])
  }
}

it.each(['esm', 'cjs'] as const)('by esbuild, as %s', async (format) => {
  const outfile = here.path(format === 'esm' ? 'esbuild.mjs' : 'esbuild.cjs')
  await esbuild({
    entryPoints: [here.path('program.mjs')],
    bundle: true,
    platform: 'node',
    format,
    outfile,
    external: ['sharp'],
    logLevel: 'error',
  })
  run(outfile)
})

it('by Vite, for the server', async () => {
  await vite({
    root: here.path(),
    logLevel: 'error',
    configFile: false,
    ssr: { noExternal: ['convo'], external: ['sharp'] },
    build: { ssr: here.path('program.mjs'), outDir: here.path('vite') },
  })
  run(here.path('vite/program.mjs'))
})

it('by webpack, which makes undefined of calls of a named createRequire that it cannot follow', () => {
  const texts = new Map<string, string>()
  const visit = (name: string) => {
    if (texts.has(name)) return
    texts.set(name, readFileSync(`${root}/dist/${name}`, 'utf8'))
    for (const [, next] of texts.get(name)!.matchAll(/"\.\/([\w-]+\.js)"/g)) visit(next!)
  }
  visit('index.js')
  const text = [...texts.values()].join('\n')
  expect(text).toContain('createRequire(import.meta.url)')
  expect(text.replaceAll('createRequire(import.meta.url)', '')).not.toMatch(
    /[^.\w]createRequire\d*\(|createRequire as/,
  )
})
