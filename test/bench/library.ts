import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type * as Convo from '../../src/index.ts'

// The library beside sharp, in one process, after a first call: medians of interleaved runs.

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
  const [ours, other] = await inTurn(
    runs,
    () => convo(raw).sharpen().raw(),
    () => sharp(large, { raw }).convolve(sharpen).raw().toBuffer(),
  )
  tell('sharpen, raw to raw, 12 megapixels', ours, other)

  const small = await png(256, 192)
  const many = (one: () => Promise<unknown>) => () => Promise.all(Array.from({ length: 1000 }, one))
  const before = process.memoryUsage().rss
  const [all, others] = await inTurn(
    3,
    many(() => convo(small).sharpen().toBuffer()),
    many(() => sharp(small).convolve(sharpen).png().toBuffer()),
  )
  const grown = (process.memoryUsage().rss - before) / 2 ** 20
  tell('1,000 of 256x192 at once', all, others, `, memory ${grown.toFixed(0)} MiB more`)

  const upload = readFileSync(path('../../samples/scene.png'))
  const [a, b] = [
    await latency((body) => convo(body).sharpen().toBuffer(), upload),
    await latency((body) => sharp(body).convolve(sharpen).png().toBuffer(), upload),
  ]
  tell('200 requests, 20 at a time, p99', a, b)
}

/** Medians of two functions in turn, in milliseconds, after a first call of each. */
async function inTurn(
  runs: number,
  ...both: readonly [() => Promise<unknown>, () => Promise<unknown>]
): Promise<[number, number]> {
  const times: number[][] = both.map(() => [])
  for (let run = -1; run < runs; run++) {
    for (const [i, one] of both.entries()) {
      const began = performance.now()
      await one()
      if (run >= 0) times[i]!.push(performance.now() - began)
    }
  }
  const [a, b] = times.map((list) => list.sort((x, y) => x - y)[list.length >> 1]!)
  return [a!, b!]
}

/** The time within which 99 of 100 requests were answered. */
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
