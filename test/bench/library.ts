import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type * as Convo from '../../src/index.ts'
import type * as Matchers from '../../src/matchers.ts'
import { enterConvo } from './ours.ts'
import { type PictureProblem, parseProblem } from './problem.ts'

// The library against sharp in one process, after a first call: medians of interleaved runs.

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const shared = path('../../../shared/photos/m12.png')

const sharpen = { width: 3, height: 3, kernel: [0, -1, 0, -1, 5, -1, 0, -1, 0] }

export async function benchLibrary(runs: number): Promise<void> {
  const { default: convo } = (await import(path('../../dist/index.js'))) as typeof Convo
  const photo = existsSync(shared) ? shared : path('../../samples/scene.png')
  const png = (width: number, height: number) =>
    sharp(photo).removeAlpha().resize(width, height, { fit: 'fill' }).png().toBuffer()
  const tell = (name: string, ours: number, other: number, more = '') =>
    console.log(
      `${name.padEnd(40)}convo ${ours.toFixed(2)} ms, sharp ${other.toFixed(2)} ms: ${(ours / other).toFixed(2)}${more}`,
    )

  for (const [name, width, height] of [
    ['640x420', 640, 420],
    ['2 megapixels', 1800, 1112],
  ] as const) {
    const bytes = await png(width, height)
    const [ours, other] = await inTurn(
      runs,
      () => convo(bytes).sharpen().toBuffer(),
      () => sharp(bytes).convolve(sharpen).png().toBuffer(),
    )
    const sizes = [
      await convo(bytes).sharpen().toBuffer(),
      await sharp(bytes).convolve(sharpen).png().toBuffer(),
    ]
    tell(
      `sharpen, PNG to PNG, ${name}`,
      ours,
      other,
      `, file ${(sizes[0]!.length / sizes[1]!.length).toFixed(2)}`,
    )
  }

  const large = await sharp(photo).removeAlpha().resize(4000, 3000, { fit: 'fill' }).raw().toBuffer()
  const raw = { data: large, width: 4000, height: 3000, channels: 3 as const }
  const core = await enterConvo(
    parseProblem(`sharpen u8 rgb 4000x3000 threads=${availableParallelism()}`) as PictureProblem,
  )
  const [ours, other, own, copy] = await inTurn(
    runs,
    () => convo(raw).sharpen().raw(),
    () => sharp(large, { raw }).convolve(sharpen).raw().toBuffer(),
    () => core.run(),
    async () => new Uint8Array(large),
  )
  await core.close()
  tell(
    'sharpen, raw to raw, 12 megapixels',
    ours,
    other,
    `; the core ${own.toFixed(2)} ms and a copy ${copy.toFixed(2)} ms: ${(ours / (own + copy)).toFixed(2)}`,
  )

  const small = await png(256, 192)
  const many = (one: () => Promise<unknown>) => () => Promise.all(Array.from({ length: 1000 }, one))
  const before = process.memoryUsage().rss
  const [all, others] = await inTurn(
    3,
    many(() => convo(small).sharpen().toBuffer()),
    many(() => sharp(small).convolve(sharpen).png().toBuffer()),
  )
  const grown = (process.memoryUsage().rss - before) / 2 ** 20
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  for (let i = 0; i < 1000; i++) writeFileSync(join(folder, `${i}.png`), small)
  const [batch] = await inTurn(2, async () => {
    const words = ['batch', folder, '-o', join(folder, 'out/{stem}.png'), '-q', '--force', '--', 'sharpen']
    execFileSync(process.execPath, [path('../../bin/convo.js'), ...words])
  })
  rmSync(folder, { recursive: true })
  const more = `, memory ${grown.toFixed(0)} MiB more; convo batch ${batch.toFixed(0)} ms: ${(all / batch).toFixed(2)}`
  tell('1,000 of 256x192 at once', all, others, more)

  const { matchGolden } = (await import(path('../../dist/matchers.js'))) as typeof Matchers
  const square = await sharp(photo).removeAlpha().resize(512, 512, { fit: 'fill' }).raw().toBuffer()
  const goldens = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  const t = { name: 'one', fullName: 'one', filePath: join(goldens, 'one.test.mjs'), after: () => undefined }
  process.chdir(goldens)
  const match = () => matchGolden(t as never, { data: square, width: 512, height: 512 }, { name: 'one' })
  // the first call writes the golden, and the second loads the code that compares
  await match()
  const [equal] = await inTurn(runs, match)
  console.log(`${'matcher, an equal pair of 512x512'.padEnd(40)}${equal.toFixed(2)} ms`)

  const upload = readFileSync(path('../../samples/scene.png'))
  const [a, b] = [
    await latency((body) => convo(body).sharpen().toBuffer(), upload),
    await latency((body) => sharp(body).convolve(sharpen).png().toBuffer(), upload),
  ]
  tell('200 requests, 20 at a time, p99', a, b)
}

/** Returns the median times of functions that run in turn, in milliseconds, after a first call of each. */
async function inTurn<F extends readonly (() => Promise<unknown>)[]>(
  runs: number,
  ...all: F
): Promise<{ [K in keyof F]: number }> {
  const times: number[][] = all.map(() => [])
  for (let run = -1; run < runs; run++) {
    for (const [i, one] of all.entries()) {
      const began = performance.now()
      await one()
      if (run >= 0) times[i]!.push(performance.now() - began)
    }
  }
  return times.map((list) => list.sort((x, y) => x - y)[list.length >> 1]!) as { [K in keyof F]: number }
}

/** Returns the time within which 99 of 100 requests were answered. */
async function latency(answer: (body: Buffer) => Promise<Buffer>, upload: Buffer): Promise<number> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    response.end(await answer(Buffer.concat(parts)))
  })
  server.listen(0)
  await once(server, 'listening')
  const address = `http://localhost:${(server.address() as AddressInfo).port}`
  const times: number[] = []
  let left = 200
  const client = async () => {
    while (left-- > 0) {
      const began = performance.now()
      await (await fetch(address, { method: 'POST', body: upload })).arrayBuffer()
      times.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: 20 }, client))
  server.closeAllConnections()
  server.close()
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!
}
