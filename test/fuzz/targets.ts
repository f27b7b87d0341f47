import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { readManifest } from '../../src/batch/manifest.ts'
import { batchSettings } from '../../src/batch/options.ts'
import { openStateFile, readState, stateFolder } from '../../src/batch/state.ts'
import { batchMerge } from '../../src/cli/commands/batch.ts'
import { ConvoError } from '../../src/error.ts'
import { takeHold } from '../../src/files/hold.ts'
import { parseTemplate } from '../../src/files/template.ts'
import { namedKernels } from '../../src/filters/names.ts'
import { approve, type Choice } from '../../src/golden/approve.ts'
import { lockName, lockText, readLock } from '../../src/golden/lock.ts'
import { loadManifest } from '../../src/golden/manifest.ts'
import { mergeReports } from '../../src/golden/merge.ts'
import { readResults, resultsName } from '../../src/golden/results.ts'
import { runCheck } from '../../src/golden/run.ts'
import type { Io } from '../../src/host/io.ts'
import { comparePictures } from '../../src/image/compare/compare.ts'
import { comparePages } from '../../src/image/compare/pages.ts'
import { toleranceOf, toleranceSettings } from '../../src/image/compare/tolerance.ts'
import { readHeader } from '../../src/image/decode.ts'
import { createDigest } from '../../src/image/digest.ts'
import { encode } from '../../src/image/encode.ts'
import { traitsOf } from '../../src/image/format.ts'
import { isGrayJxl } from '../../src/image/jxl.ts'
import { metadataModes } from '../../src/image/metadata.ts'
import { isOwn } from '../../src/image/own.ts'
import { kindOf, probe } from '../../src/image/probe.ts'
import { readKernels, writeKernel } from '../../src/kernel/formats/index.ts'
import { loadKernels } from '../../src/kernel/source.ts'
import { resolve } from '../../src/params.ts'
import { openPages } from '../../src/picture/pages.ts'
import { sharedSettings } from '../../src/picture/settings.ts'
import { factsOfKernel } from '../../src/teach/show/facts.ts'
import type { Picture } from '../../src/tensor/picture.ts'
import { words } from './mutate.ts'
import { networkSeeds, networkTokens, takeNetwork } from './networks.ts'
import {
  arraySeeds,
  metadataSeeds,
  metadataTokens,
  ownSeeds,
  ownTokens,
  pictureSeeds,
  pictureTokens,
} from './pictures.ts'
import * as seeds from './seeds.ts'

/** One kind of input, and how commands use it. The current folder is `root` of a scratch folder. */
export type Target = {
  /** The share of the time for this target. */
  readonly weight: number
  readonly tokens: readonly string[]
  prepare(): Promise<readonly seeds.Seed[]>
  /** Uses an input as the commands do, and throws what they would throw. `n` varies the way. */
  take(bytes: Uint8Array, ext: string, n: number): Promise<void>
}

const io: Io = { out: async () => undefined, err: () => undefined, width: 80, page: async () => undefined }

const kernels: Target = {
  weight: 3,
  tokens: seeds.kernelTokens,
  prepare: async () => seeds.kernelSeeds(),
  async take(bytes, ext) {
    const found =
      ext === '.word'
        ? await loadKernels(Buffer.from(bytes).toString(), { names: namedKernels })
        : readKernels(bytes, `k${ext}`)
    for (const kernel of found) {
      if (kernel.weights.length < 2000) factsOfKernel(kernel, 'k')
      const [back] = readKernels(writeKernel(kernel, 'k.json'), 'k.json')
      if (String(back!.weights) !== String(kernel.weights))
        throw new Error('JSON does not give the kernel back')
    }
  },
}

const networks: Target = {
  weight: 3,
  tokens: networkTokens,
  prepare: async () => networkSeeds(),
  take: takeNetwork,
}

const maxPixels = sharedSettings['max-pixels'].default

const pictures: Target = {
  weight: 3,
  tokens: pictureTokens,
  prepare: async () => (await pictureSeeds()).map((bytes) => ({ ext: '.bin', bytes })),
  async take(bytes, _, n) {
    const options = { maxPixels, orient: n % 2 === 0, layout: 'auto' as const, name: 'picture' }
    const hash = createDigest()
    for await (const page of (await openPages(bytes, options)).pictures) await hash.add(page)
    hash.end()
    if (n % 4 !== 0) return
    const open = () => openPages(bytes, options)
    const { outcome } = await comparePages(await open(), await open(), {
      maxAbs: { value: 1, unit: 'levels' },
    })
    const { unread = [] } = await open()
    if (outcome !== 'same' && unread.length === 0) throw new Error(`a picture is ${outcome} from itself`)
  },
}

/** Pictures that are read without the decoder. */
const own: Target = {
  weight: 2,
  tokens: ownTokens,
  prepare: async () => (await ownSeeds()).map((bytes) => ({ ext: '.bin', bytes })),
  async take(bytes, ext, n) {
    if (kindOf(bytes) === 'jxl') return void isGrayJxl(bytes)
    // other kinds belong to the target that has them as seeds
    if (!isOwn(kindOf(bytes))) throw new ConvoError('E_DECODE', 'another kind')
    await pictures.take(bytes, ext, n)
  },
}

/** TIFFs that are read as arrays. */
const arrays: Target = {
  weight: 1,
  tokens: metadataTokens,
  prepare: async () => arraySeeds().map((bytes) => ({ ext: '.bin', bytes })),
  async take(bytes, ext, n) {
    if (kindOf(bytes) === 'tiff' && probe(bytes).isArray) await pictures.take(bytes, ext, n)
    else throw new ConvoError('E_DECODE', 'another kind')
  },
}

/** Metadata of a picture that is copied to outputs. */
const metadata: Target = {
  weight: 2,
  tokens: metadataTokens,
  prepare: async () => (await metadataSeeds()).map((bytes) => ({ ext: '.bin', bytes })),
  async take(bytes, _, n) {
    const mode = metadataModes[n % metadataModes.length]!
    const { meta } = await readHeader(bytes, {
      maxPixels,
      orient: n % 2 === 0,
      name: 'picture',
      metadata: mode,
    })
    const { icc: _icc, ...beside } = meta
    const one: Picture = { width: 2, height: 1, channels: 3, depth: 8, data: new Uint8Array(6), meta: beside }
    for (const format of ['png', 'jpeg', 'tiff', 'webp'] as const) {
      const made = await encode(one, format)
      const again = await readHeader(made.bytes, { maxPixels, orient: false, name: 'output' })
      for (const key of traitsOf(format).metadata) {
        // the first directory of a TIFF has fields that are not EXIF
        const isOdd = key === 'exif' && !meta.metadata?.exif?.fields.some(({ tag }) => tag === 315)
        const isAbsent = made.notes.length > 0 || meta.metadata?.[key] === undefined
        if (!isOdd && !isAbsent && again.meta.metadata?.[key] === undefined)
          throw new Error(`${format} lost ${key}`)
      }
    }
  },
}

const tolerances: Target = {
  weight: 1,
  tokens: seeds.toleranceTokens,
  prepare: async () => seeds.toleranceSeeds(),
  async take(bytes, _, n) {
    const given: Record<string, unknown> = {}
    for (const line of Buffer.from(bytes).toString().split('\n')) {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(line) ?? []
      const before = given[name]
      given[name] =
        name === 'ignore' && Array.isArray(before) ? [...before, value] : name === 'ignore' ? [value] : value
    }
    const picture = (add: number): Picture => {
      const data = Uint8Array.from({ length: 48 }, (_, i) => i * 5 + (i % 7 === 0 ? add : 0))
      return { width: 4, height: 3, channels: 4, depth: 8, data, meta: {} }
    }
    comparePictures(picture(0), picture(n % 9), toleranceOf(resolve(toleranceSettings, given)))
  },
}

const manifests: Target = {
  weight: 2,
  tokens: seeds.manifestTokens,
  prepare: async () => seeds.manifestSeeds(),
  async take(bytes, ext) {
    const file = `m${ext}`
    writeFileSync(file, bytes)
    if (ext.startsWith('.check')) return void (await loadManifest(file))
    const { given } = readManifest(file)
    const { output } = resolve(batchSettings, given)
    if (output !== undefined) parseTemplate(output)
  },
}

/** Makes the results of a check of four cases: passing, changed, new and obsolete. */
async function makeResults(): Promise<void> {
  const png = (value: number) =>
    sharp({ create: { width: 4, height: 3, channels: 3, background: { r: value, g: 0, b: 0 } } })
      .png()
      .toBuffer()
  const names = ['same', 'changed', 'new', 'gone']
  const all = (list: readonly string[]) =>
    JSON.stringify({ cases: list.map((name) => ({ name: `c/${name}`, actual: `${name}.png` })) })
  for (const name of names) writeFileSync(`${name}.png`, await png(9))
  writeFileSync('m.check.json', all(names.filter((name) => name !== 'new')))
  await approve(await runCheck(await loadManifest('m.check.json'), { results: 'r' }), 'r', 'all')
  writeFileSync('changed.png', await png(200))
  writeFileSync('m.check.json', all(names.filter((name) => name !== 'gone')))
  await runCheck(await loadManifest('m.check.json'), { results: 'r' })
  // a golden outside, equal to the obsolete one, so that a removal by hash could hit it
  writeFileSync('../outside/canary.png', readFileSync('goldens/c/gone.png'))
}

/** Returns the files of a folder by path, with times and sizes that reveal changes. Links are not followed. */
const look = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        const { mtimeNs, size } = statSync(path, { bigint: true })
        return [path, `${mtimeNs} ${size}`]
      }),
  )

let kept: ReadonlyMap<string, Buffer> = new Map()
let stamps = new Map<string, string>()
const links = { link: '../outside', 'goldens/link': '../../outside' }

/** Stores the current content of the root. */
function keepRoot(): void {
  kept = new Map([...look('.').keys()].map((path) => [path, readFileSync(path)]))
  restoreRoot()
}

/** Restores the root to the stored content, with links to the outside. */
function restoreRoot(): void {
  const now = look('.')
  for (const path of now.keys()) if (!kept.has(path)) rmSync(path)
  for (const [path, bytes] of kept) {
    if (stamps.has(path) && stamps.get(path) === now.get(path)) continue
    rmSync(path, { recursive: true, force: true })
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
  for (const [path, to] of Object.entries(links)) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) continue
    rmSync(path, { recursive: true, force: true })
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(to, path)
  }
  stamps = look('.')
}

const choices: readonly Choice[] = ['all', 'new', ['c/changed', '*']]
const reports = ['r.html', 'r.json', 'r.jsonl', 'r.xml', 'r.md', 'r.txt']

/** Tries an input as a file of the root, then restores the root. */
async function inPlace(file: string, bytes: Uint8Array, take: () => Promise<void>): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bytes)
  try {
    await take()
  } finally {
    restoreRoot()
  }
}

const pathTokens = [
  ...words(String.raw`
  ../outside/new.png  ../../outside/new.png  ../outside/canary.png  link/new.png  link/canary.png  ../../x.png  /  .  ..  goldens/link/canary.png
  goldens  a\0b  \ud800  \u202e  __proto__  toString  results.json  convo.lock.json  pass  new  changed  obsolete  error
  c/same  same.png  "  \\  \n`),
  ...['', 'x'.repeat(300), '*'.repeat(30)],
]

const results: Target = {
  weight: 2,
  tokens: pathTokens,
  async prepare() {
    await makeResults()
    keepRoot()
    return [{ ext: '.json', bytes: readFileSync(`r/${resultsName}`) }]
  },
  take: (bytes, _, n) =>
    inPlace(`r/${resultsName}`, bytes, async () => {
      if (n % 2 === 0) await mergeReports(['r'], reports[(n / 2) % reports.length]!, io)
      else await approve(readResults('r'), 'r', choices[(n >> 1) % choices.length]!)
    }),
}

const locks: Target = {
  weight: 1,
  tokens: pathTokens,
  async prepare() {
    await makeResults()
    keepRoot()
    return [{ ext: '.json', bytes: readFileSync(`goldens/${lockName}`) }]
  },
  take: (bytes, _, n) =>
    inPlace(`goldens/${lockName}`, bytes, async () => {
      lockText(readLock('goldens'))
      if (n % 4 === 0) await runCheck(await loadManifest('m.check.json'), { results: 'r' })
      else await approve(readResults('r'), 'r', choices[n % choices.length]!)
    }),
}

const logs: Target = {
  weight: 1,
  tokens: pathTokens,
  async prepare() {
    mkdirSync(stateFolder('.'), { recursive: true })
    keepRoot()
    return seeds.logSeeds()
  },
  take: (bytes, ext) =>
    inPlace(join(stateFolder('.'), fileOf[ext]!), bytes, async () => {
      if (ext === '.log') await batchMerge.run({ args: ['.'], tail: undefined, given: {}, io })
      else if (ext === '.lock') await tryLock()
      else {
        readState('.')
        await openStateFile('.', undefined)
      }
    }),
}

/** Takes the lock of a batch, without waiting for another one. */
async function tryLock(): Promise<void> {
  try {
    const lock = await takeHold({
      folder: stateFolder('.'),
      taken: { message: '', fix: '' },
      signal: AbortSignal.abort(),
    })
    lock.release()
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
  }
}

const fileOf: Readonly<Record<string, string>> = {
  '.log': 'log-1.jsonl',
  '.state': 'state.jsonl',
  '.lock': '.convo-lock-a',
}

/** All targets by name. */
export const targets: Readonly<Record<string, Target>> = {
  kernels,
  networks,
  pictures,
  own,
  arrays,
  metadata,
  tolerances,
  manifests,
  results,
  locks,
  logs,
}
