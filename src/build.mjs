// Builds dist/: the bundled CLI, library and worker (esbuild), the WASM loops (AssemblyScript), the type declarations (tsc).
// Run by `npm run build`, by `prepare`, and by the tests' global setup.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build as bundle } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')
const require = createRequire(import.meta.url)

/** @param {{ types?: boolean }} options */
export async function build({ types = true } = {}) {
  // Chunks are named by their content: old ones do no harm to a build that others are running from.
  if (types) rmSync(dist, { recursive: true, force: true })
  mkdirSync(dist, { recursive: true })
  compileWasm()
  await bundleScripts()
  await bundlePage()
  copyFileSync(join(root, 'src/cli/check/check.schema.json'), join(dist, 'check.schema.json'))
  copyFileSync(join(root, 'src/kernel/kernel.schema.json'), join(dist, 'kernel.schema.json'))
  if (types) declareTypes()
}

function compileWasm() {
  const folder = join(root, 'src/wasm')
  const target = join(dist, 'convo.wasm')
  const sources = readdirSync(folder).filter((f) => f.endsWith('.ts'))
  const newest = Math.max(...sources.map((f) => statSync(join(folder, f)).mtimeMs))
  if (existsSync(target) && statSync(target).mtimeMs > newest) return
  const temporary = join(dist, `convo.${process.pid}.wasm`)
  const asc = join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js')
  const flags = ['-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--sharedMemory', '--maximumMemory', '65536']
  const features = ['--enable', 'simd', '--enable', 'threads', '--enable', 'bulk-memory']
  run(process.execPath, [asc, join(folder, 'index.ts'), '-o', temporary, ...flags, ...features])
  renameSync(temporary, target)
}

async function bundleScripts() {
  // A worker is one file, so that it starts soon. Of the others, what is imported dynamically goes into files of its own,
  // so that a start loads only what it needs.
  await bundleEntries({ worker: 'src/run/worker.ts', 'batch-worker': 'src/cli/batch/worker.ts' }, false)
  await bundleEntries({ cli: 'src/cli/main.ts', index: 'src/index.ts' }, true)
}

async function bundleEntries(entries, splitting) {
  const entryPoints = Object.entries(entries)
    .filter(([, path]) => existsSync(join(root, path)))
    .map(([out, path]) => ({ out, in: join(root, path) }))
  await bundle({
    entryPoints,
    outdir: dist,
    bundle: true,
    splitting,
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.9',
    external: ['sharp'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    legalComments: 'none',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: true,
  })
}

/** Script and style of the report of checks, which embeds them. */
async function bundlePage() {
  const page = join(root, 'src/cli/check/page')
  await bundle({
    entryPoints: { report: join(page, 'main.ts'), 'report-style': join(page, 'page.css') },
    outdir: dist,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    minify: true,
  })
}

function declareTypes() {
  rmSync(join(dist, 'types'), { recursive: true, force: true })
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
  run(process.execPath, [tsc, '-p', join(root, 'tsconfig.types.json')])
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`${args[0]} failed with exit status ${status}`)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await build()
