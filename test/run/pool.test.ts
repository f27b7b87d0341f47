import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { ConvoError } from '../../src/error.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { createArena } from '../../src/run/arena.ts'
import type { SourcePicture } from '../../src/run/picture-job.ts'
import { createPool, type Pool } from '../../src/run/pool.ts'
import { runRecipe } from './recipes.ts'

const plain = { gray: false, table: 0, encode: false, alpha: 'plain' } as const
const blur = single(kernel([3, 3], [1, 2, 1, 2, 4, 2, 1, 2, 1], { scale: 16 }))

function source(width: number, height: number): SourcePicture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 31) & 255)
  return { width, height, channels: 3, depth: 8, full: 255, data }
}

const run = (pool: Pool, picture: SourcePicture, onStrip?: () => void) =>
  pool.exclusive(async (session) => {
    const plan = planRecipe(blur, filterDefaults, { ...picture, samples: 'u8' })
    const size = picture.width * picture.height * 3
    const target = session.arena.alloc(size)
    const sink = { kind: 'samples', depth: 8, target } as const
    await runRecipe(session, plan, picture, plain, 'clamp', sink, onStrip)
    return Buffer.from(new Uint8Array(session.arena.memory.buffer, target, size)).toString('base64')
  })

/** Makes a separate process that runs a script with the sources, so that threads can die without ending the test. */
function script(body: string) {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const text = `
    import workers from 'node:worker_threads'
    import { syncBuiltinESMExports } from 'node:module'
    ${body}
    const { processPicture } = await import('${root}src/picture/process.ts')
    const { operations } = await import('${root}src/picture/operations.ts')
    const { prepareOperation } = await import('${root}src/picture/words/prepare.ts')
    const { job } = await prepareOperation({ operation: operations.sobel, given: { threads: '2' } })
    let said = 'done'
    try {
      await processPicture(job(process.argv[1], '/dev/null'))
    } catch (error) {
      said = error.code + ' ' + error.message
    }
    console.log(said, 'workers', globalThis.started ?? 0)
    process.exit(0)
  `
  return (input: string) => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', text, input]
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: root,
      encoding: 'utf8',
      timeout: 150_000,
    })
    return stdout + stderr
  }
}

/** Replaces workers with ones that run `code` when they receive work. */
const replaced = (code: string, options = '') => `
  const Real = workers.Worker
  workers.Worker = class extends Real {
    constructor(...given) {
      // the loader of TypeScript has a worker too
      if (!String(given[0]).endsWith('/worker.js')) return new Real(...given)
      globalThis.started = (globalThis.started ?? 0) + 1
      super(\`const { parentPort } = require('node:worker_threads')
        parentPort.on('message', () => { ${code} })
        parentPort.postMessage({ kind: 'ready' })\`, { eval: true, execArgv: [] ${options} })
    }
  }
  syncBuiltinESMExports()
`

/** Writes a picture the size of a photograph once. */
async function bigPicture(): Promise<string> {
  const { mkdtempSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { join } = await import('node:path')
  const { writeAtomically } = await import('../../src/files/output.ts')
  const { encode } = await import('../../src/image/encode.ts')
  const path = join(mkdtempSync(join(tmpdir(), 'convo-pool-')), 'big.png')
  const picture = source(2600, 2000) as SourcePicture & { data: Uint8Array }
  const { bytes } = await encode({ ...picture, meta: {} }, 'png', { compression: 0 })
  await writeAtomically(path, (output) => output.write(bytes))
  return path
}

const big = await bigPicture()
const small = fileURLToPath(new URL('../../samples/scene.png', import.meta.url))

describe('a worker that dies gives an error and not a hang', () => {
  test.each([
    ['that throws', 'throw new Error("struck by lightning")', '', /^E_WORKER .*struck by lightning/],
    ['that ends', 'process.exit(3)', '', /^E_WORKER .*exit code 3/],
    [
      'that runs out of memory',
      'const heap = []; for (;;) heap.push(new Array(1e5).fill({}))',
      ', resourceLimits: { maxOldGenerationSizeMb: 16 }',
      /^E_MEMORY .*out of memory/,
    ],
  ])('one %s', (_, code, options, expected) => {
    const said = script(replaced(code, options))(big)
    expect(said).toMatch(expected)
    // the calling thread stays free for other work, so both threads are workers
    expect(said).toMatch(/workers 2/)
  })

  test('an error in a part reaches the caller, and the pool goes on', async () => {
    const pool = createPool(2)
    const picture = source(1200, 900)
    const before = await run(pool, picture)
    let count = 0
    const stop = () => {
      if (count++ === 1) throw new ConvoError('E_OUTPUT', 'the disk is full')
    }
    await expect(run(pool, picture, stop)).rejects.toThrow('the disk is full')
    expect(await run(pool, picture)).toBe(before)
    await pool.close()
  })
})

describe('workers are started only where they pay', () => {
  const counted = `
    const Real = workers.Worker
    workers.Worker = class extends Real {
      constructor(...given) {
        super(...given)
        if (String(given[0]).endsWith('/worker.js')) globalThis.started = (globalThis.started ?? 0) + 1
      }
    }
    syncBuiltinESMExports()
  `

  test('not for a small picture', () => {
    expect(script(counted)(small)).toMatch(/done workers 0/)
  })

  test('for a large one', () => {
    expect(script(counted)(big)).toMatch(/done workers 2/)
  })
})

test('users of a pool wait for each other, and get back what they had', async () => {
  const pool = createPool(2)
  const pictures = [source(1200, 900), source(700, 1300), source(64, 48)]
  const together = await Promise.all(pictures.map((p) => run(pool, p)))
  for (const [i, picture] of pictures.entries()) expect(await run(pool, picture)).toBe(together[i])
  await pool.close()
})

test('the next user begins when the one before has left, and what that takes back late stays', async () => {
  const pool = createPool(1)
  let end: () => void = () => undefined
  const packed = new Promise<void>((done) => {
    end = done
  })
  const first = pool.exclusive(async ({ arena }, leave) => {
    const mark = arena.mark()
    arena.alloc(1000)
    leave()
    await packed
    arena.release(mark)
    return 'first'
  })
  const second = await pool.exclusive(async ({ arena }) => {
    const own = arena.alloc(1000)
    end()
    await first
    return arena.alloc(1000) > own
  })
  expect([await first, second]).toEqual(['first', true])
})

test('more than the memory that there can be is refused with the numbers', () => {
  const arena = createArena()
  expect(() => arena.alloc(5 * 2 ** 30)).toThrow(/5120 MiB more .* at most 4096 MiB/)
  const mark = arena.mark()
  const first = arena.alloc(1000)
  arena.release(mark)
  expect(arena.alloc(10)).toBe(first)
  expect(first % 64).toBe(0)
})

test('a pool does not hold what it gave: results of earlier calls can be collected', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const pool = createPool(1)
  const given: WeakRef<Float32Array>[] = []
  for (let i = 0; i < 20; i++) {
    given.push(new WeakRef(await pool.exclusive(async () => new Float32Array(1000))))
  }
  // a weak reference keeps its target alive until the end of the turn of the event loop that made it
  await new Promise((done) => setTimeout(done))
  collect()
  expect(given.filter((one) => one.deref() !== undefined).length).toBeLessThan(3)
  await pool.close()
})
