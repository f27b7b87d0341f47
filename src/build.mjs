// Builds dist/: the bundled CLI, library and workers (esbuild), the WASM loops (AssemblyScript), and the type
// declarations (tsc). Run by `npm run build`, by `prepare`, and by the tests' global setup.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import * as nodeModule from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build as bundle } from 'esbuild'
import { compiledPath } from '../bin/load.js'
import { cliParts, entryOf, otherParts, partsOf } from './parts.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')
const require = nodeModule.createRequire(import.meta.url)

/** @param {{ types?: boolean }} options */
export async function build({ types = true } = {}) {
  // Chunks are named by their content, so old ones do no harm to a build that other processes are running.
  if (types) rmSync(dist, { recursive: true, force: true })
  mkdirSync(dist, { recursive: true })
  compileWasm()
  declareLoops()
  await declareTables()
  await bundleScripts()
  await bundlePage()
  compileCli()
  if (types) declareTypes()
}

function compileWasm() {
  const folder = join(root, 'src/wasm')
  const target = join(dist, 'convo.wasm')
  const sources = readdirSync(folder).filter((f) => f.endsWith('.ts'))
  const newest = Math.max(
    ...[...sources, '../run/finish-params.ts'].map((f) => statSync(join(folder, f)).mtimeMs),
  )
  if (existsSync(target) && statSync(target).mtimeMs > newest) return
  const temporary = join(dist, `convo.${process.pid}.wasm`)
  const asc = join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js')
  const flags = [
    '-O3',
    '--runtime',
    'stub',
    '--noAssert',
    '--importMemory',
    '--sharedMemory',
    '--maximumMemory',
    '65536',
  ]
  const features = ['--enable', 'simd', '--enable', 'threads', '--enable', 'bulk-memory']
  run(process.execPath, [asc, join(folder, 'index.ts'), '-o', temporary, ...flags, ...features])
  renameSync(temporary, target)
}

/** Writes the signatures of the loops for TypeScript, which are declared in their sources, once for both sides. */
function declareLoops() {
  const folder = join(root, 'src/wasm')
  const declared = new Map()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const source = readFileSync(join(folder, file), 'utf8')
    const functions =
      /((?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?)(?:@\w+\n)*export function (\w+)\(([^)]*)\): (\w+)/g
    for (const [, doc, name, parameters, result] of source.matchAll(functions)) {
      const typed = parameters.replace(/: (\w+)/g, (_, type) => `: ${typeOf(type)}`).replace(/\s+/g, ' ')
      declared.set(name, `${doc}${name}(${typed.trim().replace(/,$/, '')}): ${typeOf(result)}`)
    }
  }
  const loops = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(join(dist, 'convo.wasm'))))
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => {
      if (!declared.has(name)) throw new Error(`no signature of ${name} in src/wasm`)
      return declared.get(name)
    })
  const text = `import type { Address } from '../graph/address.ts'

// Made from src/wasm by \`npm run build\`.

/** The loops of src/wasm. Lengths, steps and pitches are in bytes; \`n\` counts samples. */
export type WasmExports = {
${loops.join('\n').replace(/^/gm, '  ')}
}
`
  writeChanged(join(root, 'src/run/wasm-exports.ts'), text)
}

/** Writes the types of the library's methods, and the schemas of kernels and manifests, from their tables. */
async function declareTables() {
  const made = join(dist, `tables.${process.pid}.mjs`)
  const sources = {
    methodsText: 'cli/methods.ts',
    kernelSchema: 'kernel/schema.ts',
    checkSchema: 'golden/check-schema.ts',
    batchSchema: 'batch/manifest.ts',
  }
  const lines = Object.entries(sources).map(([name, path]) => `export { ${name} } from './src/${path}'`)
  const stdin = { contents: lines.join('\n'), resolveDir: root }
  await bundle({ ...settingsOf(esm), outdir: undefined, outfile: made, stdin })
  const { methodsText, ...schemas } = await import(pathToFileURL(made))
  rmSync(made)
  writeChanged(join(root, 'src/picture/api/methods.ts'), methodsText())
  for (const [name, schema] of Object.entries(schemas)) {
    const file = join(dist, `${name.replace('Schema', '')}.schema.json`)
    writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`)
  }
}

/** Writes a file, unless it has this text: a new time stamp would make the files built from it seem out of date. */
function writeChanged(path, text) {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text)
}

const ownTypes = { Address: 'Address', void: 'void', bool: 'boolean' }

const typeOf = (type) => ownTypes[type] ?? 'number'

/** ECMAScript modules that `require` modules of Node. */
const esm = {
  format: 'esm',
  banner: {
    js: "import __module from 'node:module'; const require = __module.createRequire(import.meta.url ?? process.cwd() + '/');",
  },
}

async function bundleScripts() {
  // A program that imports the library loads the parts that it does not use at once only when they are needed.
  const entry = await bundleEntries(
    {
      index: 'src/index.ts',
      matchers: 'src/matchers.ts',
      'playwright-reporter': 'src/playwright-reporter.ts',
    },
    { ...esm, splitting: true, chunkNames: '[name]-[hash]' },
  )
  // Each is a single file. It starts sooner than many small ones (0.92 of the time on Node 24), and what is imported
  // dynamically is set up only when it is needed.
  const modules = await bundleEntries(
    {
      worker: 'src/run/worker.ts',
      'apart-worker': 'src/apart-worker.ts',
      'batch-worker': 'src/batch/worker.ts',
      decoder: 'src/image/decoder.ts',
    },
    esm,
  )
  const common = {
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.url': '__importMetaUrl' },
  }
  const url = "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;"
  // A part of the command line is a function, for `require` and as the value of a script, which need not join strings.
  const begin =
    "(typeof module === 'undefined' ? {} : module).exports = function (exports, require, module, __filename) {"
  const cli = await bundleCli({ ...common, banner: { js: `${begin}${url}` }, footer: { js: '}' } })
  const library = await bundleEntries(
    { index: 'src/index.ts', 'playwright-reporter': 'src/playwright-reporter.ts' },
    {
      ...common,
      banner: { js: url },
      // shows tools that only read the file the default export, which esbuild does not list itself
      footer: { js: '0 && (exports.default = 0)' },
    },
  )
  // Jest runs it in a realm of its own, where globals are slow: with this banner, writing a golden of 640x420 takes 0.2
  // s instead of 2.9 s
  const matchers = await bundleEntries(
    { matchers: 'src/matchers.ts' },
    { ...common, banner: { js: `${url} const { Math, Number } = globalThis;` } },
  )
  writeLicenses(
    new Set(
      [...entry, ...modules, ...cli, ...library, ...matchers].flatMap(
        (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
      ),
    ),
  )
}

/** Bundles the command line in CommonJS, because its compiled code can then be kept (bin/load.js). */
async function bundleCli(format) {
  const { metafile } = await bundle({
    ...settingsOf(format),
    plugins: [onDemand],
    entryPoints: [join(root, 'src/cli/main.ts')],
    write: false,
  })
  const inputs = Object.fromEntries(
    Object.entries(metafile.inputs).filter(([path]) => !path.startsWith('on-demand:')),
  )
  const plan = cliParts(inputs)
  const parts = partsOf(inputs, plan)
  const names = await exportsOf(Object.keys(inputs))
  for (const part of Object.keys(plan)) {
    const target = join(dist, `${part}.cjs`)
    // V8 identifies a source only by its length, so remove the old compiled code first
    rmSync(compiledPath(target), { force: true })
    const settings = settingsOf(format)
    await bundle({
      ...settings,
      outdir: undefined,
      outExtension: undefined,
      outfile: target,
      stdin: {
        contents:
          entryOf(root, inputs, parts, part) +
          (part === 'cli' ? "exports.main = require('./src/cli/main.ts').main" : ''),
        resolveDir: root,
        sourcefile: `${part}.js`,
      },
      plugins: [otherParts(root, parts, part, names), onDemand],
    })
    checkAscii(target)
  }
  return Object.keys(inputs)
}

/** Returns the exports of each module, if it is an ECMAScript module. */
async function exportsOf(paths) {
  const { metafile } = await bundle({
    entryPoints: paths.filter((path) => !path.endsWith('.json')),
    outdir: dist,
    outbase: root,
    absWorkingDir: root,
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'error',
  })
  return new Map(Object.values(metafile.outputs).map(({ entryPoint, exports }) => [entryPoint, exports]))
}

/** Checks that a bundle is ASCII, as bin/load.js reads it. esbuild does not escape regular expressions. */
function checkAscii(path) {
  const odd = readFileSync(path).findIndex((byte) => byte > 0x7f)
  if (odd >= 0)
    throw new Error(`${path} is not ASCII at byte ${odd}: write \\u escapes in regular expressions`)
}

/** Keeps the compiled code of common command lines. */
function compileCli() {
  // from 22.1 on, Node keeps compiled code itself and does not read ours
  if ('enableCompileCache' in nodeModule) return
  const folder = mkdtempSync(join(tmpdir(), 'convo-build-'))
  try {
    run(process.execPath, [join(root, 'src/compile.mjs'), dist, folder, join(root, 'samples/small')])
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.v8'))) {
      const temporary = join(dist, `${name}.${process.pid}`)
      copyFileSync(join(folder, name), temporary)
      renameSync(temporary, join(dist, name))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes the licenses of the packages in the bundles. They require to be included in copies. */
function writeLicenses(packages) {
  const texts = [...packages].sort().map((name) => {
    const folder = join(root, 'node_modules', name)
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f))
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()}\n`
  })
  writeFileSync(join(dist, 'bundled-licenses.txt'), texts.join(`\n${'-'.repeat(78)}\n\n`))
}

/**
 * Loads some modules of Node when one of their functions is called, instead of all at once when the command line
 * starts: zlib and promises of fs alone take 3 ms, as long as the rest of the start of `convo compare`. Node loads the
 * other modules at its own start. Not for the library: Jest does not allow loading after its tests are over.
 */
const onDemand = {
  name: 'on-demand',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, pluginData }) =>
      pluginData !== 'own' && late.includes(path)
        ? { path, namespace: 'on-demand' }
        : { path, external: true },
    )
    onLoad({ filter: /.*/, namespace: 'on-demand' }, ({ path }) => ({
      contents: Object.keys(require(path))
        .map(
          (name) =>
            `Object.defineProperty(exports, ${JSON.stringify(name)}, { enumerable: true, get: () => require(${JSON.stringify(path)})[${JSON.stringify(name)}] })`,
        )
        .join('\n'),
      pluginData: 'own',
    }))
  },
}

const late = [
  'zlib',
  'fs/promises',
  'timers/promises',
  'crypto',
  'worker_threads',
  'child_process',
  'net',
  'tty',
  'readline',
  'readline/promises',
  'http',
  'stream',
  'v8',
  'vm',
].map((name) => `node:${name}`)

/** Bundles the entries in a format. Returns the paths of all files that were included. */
async function bundleEntries(entries, format) {
  const entryPoints = Object.entries(entries)
    .filter(([, path]) => existsSync(join(root, path)))
    .map(([out, path]) => ({ out, in: join(root, path) }))
  const { metafile } = await bundle({ ...settingsOf(format), entryPoints })
  return Object.keys(metafile.inputs)
}

const settingsOf = (format) => ({
  outdir: dist,
  bundle: true,
  metafile: true,
  absWorkingDir: root,
  ...format,
  platform: 'node',
  target: 'node20.9',
  external: ['sharp'],
  plugins: [],
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  // for an uncaught error, Node prints the whole line that it comes from
  lineLimit: 100,
})

/** Bundles script and style of the report of checks, which embeds them. */
async function bundlePage() {
  const page = join(root, 'src/golden/page')
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
  for (const name of ['types', 'types-cjs']) rmSync(join(dist, name), { recursive: true, force: true })
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
  run(process.execPath, [tsc, '-p', join(root, 'src/tsconfig.types.json')])
  // TypeScript before 5.7 does not have type arguments for typed arrays
  const arrays = /\b((?:Uint|Int|Float|BigInt|BigUint)\d+(?:Clamped)?Array|Buffer)<ArrayBuffer(?:Like)?>/g
  for (const name of readdirSync(join(dist, 'types'), { recursive: true })) {
    const path = join(dist, 'types', name)
    if (name.endsWith('.d.ts')) writeChanged(path, readFileSync(path, 'utf8').replace(arrays, '$1'))
  }
  // for `require`, whose types must be in a CommonJS package
  const common = join(dist, 'types-cjs')
  cpSync(join(dist, 'types'), common, { recursive: true })
  writeFileSync(join(common, 'package.json'), '{ "type": "commonjs" }\n')
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`${args[0]} failed with exit status ${status}`)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await build()
