import { spawn } from 'node:child_process'
import { argv, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

// Programs that use the library and must end by themselves. `npm run test:nodes -- 20.9 24` runs them on other releases
// of Node, through npx; without versions, on the oldest supported one and the newest of each line.

/** The newest line of Node that convo is tested on. */
export const newest = '26'

/** Milliseconds after which a program is considered never to end. */
const patience = 120_000

const large = 'new Tensor([1, 512, 512], new Float32Array(512 * 512))'
const kernel = 'new Tensor([1, 1, 15, 15], new Float32Array(225))'
const work = `conv2d(${large}, ${kernel}, { padding: 'same' })`
const small = `conv2d(new Tensor([1, 4, 4], new Float32Array(16)), new Tensor([1, 1, 3, 3], new Float32Array(9)))`

/** Bodies of programs after `import * as convo`, and the exit code of each. */
export const programs: Record<string, { readonly code: number; readonly body: string }> = {
  'only imports': { code: 0, body: '' },
  'runs one small operator': { code: 0, body: `await ${small}` },
  'runs one large operator': { code: 0, body: `await ${work}` },
  'runs many operators': { code: 0, body: `for (let i = 0; i < 8; i++) await ${work}` },
  'runs operators at once': { code: 0, body: `await Promise.all(Array.from({ length: 8 }, () => ${work}))` },
  'does not wait for the result': {
    code: 3,
    body: `${work}.then(() => {\n  process.exitCode = 3\n})`,
  },
  'catches an error': {
    code: 0,
    body: `await ${work}\nawait conv2d(${large}, ${kernel}, { stride: 0 }).catch(() => undefined)`,
  },
  'throws while an operator runs': { code: 1, body: `${work}\nthrow new Error('out')` },
  'rejects after an operator': {
    code: 1,
    body: `await ${work}\nawait conv2d(${large}, ${kernel}, { stride: 0 })`,
  },
  'has one thread': { code: 0, body: `setThreads(1)\nawait ${work}` },
  'has four threads': { code: 0, body: `setThreads(4)\nawait ${work}` },
  'waits between operators': {
    code: 0,
    body: `setThreads(4)\nawait ${work}\nawait new Promise((done) => setTimeout(done, 300))\nawait ${work}`,
  },
}

/**
 * Runs a program on a version of Node, or on this one.
 *
 * @returns its exit code, or `never` if it had to be killed
 */
export function runProgram(
  body: string,
  version?: string,
): Promise<{ readonly code: number | 'never' | null; readonly errors: string }> {
  const library = new URL('../dist/index.js', import.meta.url).href
  const source = `import { Tensor, conv2d, setThreads } from ${JSON.stringify(library)}\n${body}\n`
  const node = ['--input-type=module', '-e', source]
  const [command, args] =
    version === undefined ? [execPath, node] : ['npx', ['-y', '-p', `node@${version}`, 'node', ...node]]
  return new Promise((resolve) => {
    // A separate process group, so that the children of npx end with it.
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    let errors = ''
    child.stderr.on('data', (text) => {
      errors += text
    })
    let ended: number | 'never' | null = 'never'
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), patience)
    child.on('exit', (code, signal) => {
      if (signal === null) ended = code
    })
    child.on('close', () => {
      clearTimeout(timer)
      resolve({ code: ended, errors })
    })
  })
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const versions = argv.length > 2 ? argv.slice(2) : ['20.9', '20', '22', '24', newest]
  let failed = 0
  for (const version of versions) {
    for (const [name, { code, body }] of Object.entries(programs)) {
      const ended = await runProgram(body, version)
      const isRight = ended.code === code
      if (!isRight) failed++
      console.log(
        `${isRight ? 'ok' : 'FAILED'}  node ${version}: a program that ${name}: ended with ${ended.code}`,
      )
      if (!isRight) console.log(ended.errors)
    }
  }
  process.exitCode = failed > 0 ? 1 : 0
}
