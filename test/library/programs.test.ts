import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import convo, { close, compare, digest, readKernel } from '../../src/index.ts'
import { scratch } from '../cli/convo.ts'
import { packed } from '../packed.ts'

// Runs the programs of samples/programs as a user would, in a project that has installed the package.

const here = scratch()
const at = packed()
const scene = 'samples/scene.png'
beforeAll(() => cpSync('samples', at('samples'), { recursive: true }))
const servers: ChildProcess[] = []
afterAll(async () => {
  for (const one of servers) one.kill()
  await close()
})

function run(name: string, ...words: string[]) {
  return runWith(undefined, name, ...words)
}

function runWith(input: Uint8Array | undefined, name: string, ...words: string[]) {
  const args = [...(name.includes('.test.') ? ['--test'] : []), `samples/programs/${name}`, ...words]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: at(),
    input,
    maxBuffer: 2 ** 26,
  })
  expect([status, stderr.toString()]).toEqual([0, ''])
  return stdout
}

/** Starts a program and returns the address of its server. */
async function serve(name: string): Promise<string> {
  const child = spawn(process.execPath, [`samples/programs/${name}`], {
    cwd: at(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  servers.push(child)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return line.toString().trim()
}

it('are all tried here', () => {
  const text = readFileSync(import.meta.filename, 'utf8')
  for (const name of readdirSync('samples/programs')) expect(text).toContain(`'${name}'`)
})

it('a server of thumbnails', async () => {
  const address = await serve('thumbnails.mjs')
  const response = await fetch(`${address}/scene.png?width=120`)
  const { format, width } = await sharp(await response.arrayBuffer()).metadata()
  expect([response.status, format, width]).toEqual([200, 'webp', 120])
  expect((await fetch(`${address}/nowhere.png`)).status).toBe(404)
})

it('a server that takes uploads, and tells what is wrong with them', async () => {
  const address = await serve('upload.mjs')
  const response = await fetch(address, { method: 'POST', body: readFileSync(scene) })
  const edges = Buffer.from(await response.arrayBuffer())
  expect(edges.equals(await convo(scene).sobel({ unit: true }).toBuffer())).toBe(true)
  const refused = await fetch(address, { method: 'POST', body: 'hello' })
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('error:')])
})

it('a folder', async () => {
  expect(run('folder.mjs', 'samples', here.path('out')).toString()).toMatch(/^(\d+) of \1 sharpened/)
  expect((await compare(here.path('out/scene.png'), await convo(scene).sharpen().toBuffer())).matches).toBe(
    true,
  )
})

it('frames of a video', async () => {
  const frame = Buffer.from((await convo(scene).box().raw()).data)
  const out = runWith(Buffer.concat([frame, frame, frame]), 'frames.mjs', '640', '420')
  const blurred = await convo({ data: frame, width: 640, height: 420 }).gaussian({ sigma: 2 }).raw()
  expect(out.equals(Buffer.concat([blurred.data, blurred.data, blurred.data] as Uint8Array[]))).toBe(true)
})

it('an ImageData', () => {
  expect(run('canvas.mjs').toString()).toBe('the corner of the square has the level 82\n')
})

it('a kernel of its own', async () => {
  run('kernel.mjs', scene, here.path('streak.png'), '30')
  const kernel = await readKernel(here.path('streak.json'))
  expect(kernel.weights.reduce((a, b) => a + b)).toBe(14)
  const again = await convo(scene).conv2d({ kernel, normalize: true, border: 'reflect' }).toBuffer()
  expect((await digest(again)).digest).toBe((await digest(here.path('streak.png'))).digest)
})

it('a mask of edges', async () => {
  run('mask.mjs', scene, here.path('mask.png'))
  const { data, channels } = await convo(here.path('mask.png')).pointwise({ preset: 'gray' }).raw()
  expect([channels, [...new Set(data)].sort()]).toEqual([1, [0, 255]])
})

it('features for a model', () => {
  expect(run('features.mjs', scene).toString()).toBe('3x224x224 16x112x112 16x56x56\n')
})

it('goldens in a test', () => {
  run('golden.test.mjs')
})

it('a volume', () => {
  expect(run('volume.mjs').toString()).toBe('1x24x24x24 from the middle outwards: 255 255 170 85 0\n')
})
