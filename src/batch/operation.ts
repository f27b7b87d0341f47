import { existsSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { ConvoError } from '../error.ts'
import { hashText, sha256 } from '../files/hash.ts'
import { readFileWhole } from '../files/read.ts'
import type { LimitName } from '../limits.ts'
import { type Params, resolve } from '../params.ts'
import { correlationSettings, pictureSettings } from '../picture/settings.ts'
import { type Prepared, prepareWork, understandWork } from '../picture/words/prepare.ts'
import type { Given } from '../picture/words/syntax.ts'
import { pick } from '../text/record.ts'
import { batchSettings } from './options.ts'

/** The parsed operation of a batch: one, or a chain of several. */
export type BatchOperation = Prepared & {
  /** Equal for operations that make the same outputs: of all values, defaults too, and the content of kernel files. */
  readonly fingerprint: string
}

/** Options of the batch, not of the operation. */
const ofTheBatch = ['in-place', 'force', 'dry-run', 'json', 'quiet', 'verbose', 'threads'] as const

/** Settings that affect whether an output is made, but not its content. */
const withoutEffect = ['in-place', 'fail-on-clip', 'max-pixels']

/**
 * Parses the words after `--`, as the command line would parse them for one picture: an operation, several
 * with `--` between them, or `chain` with options of its own and then these.
 *
 * @throws ConvoError as the command line does, E_OPTION for an option of the batch
 */
export async function prepareBatchOperation(words: readonly string[]): Promise<BatchOperation> {
  const work = understandWork(words, refuse)
  const prepared = await prepareWork(work)
  if (prepared.settings.channels === 'split') {
    const what = '--channels split writes several files for each input, and a batch records one'
    throw new ConvoError('E_OPTION', what, { fix: '--channels montage, or an output ending in .npy' })
  }
  const steps = work.steps.map(({ operation, given }) =>
    fingerprintOf(operation.name, operation.params, given),
  )
  const chain = work.chain === undefined ? [] : [fingerprintOf('chain', {}, work.chain)]
  const files = prepared.files.map((path) => digestOf(path, 'modelBytes'))
  return { ...prepared, fingerprint: hashText([...chain, ...steps, ...files].join(' -- ')) }
}

function refuse(option: string, isUnknown: boolean): ConvoError | undefined {
  if (option === 'preview') {
    return new ConvoError('E_OPTION', '--preview shows one picture, but a batch makes many', {
      fix: 'the same operation on one picture, without batch',
    })
  }
  if (!ofTheBatch.some((name) => name === option) && !(isUnknown && Object.hasOwn(batchSettings, option)))
    return undefined
  return new ConvoError('E_OPTION', `--${option} applies to the batch, not to the operation`, {
    fix: option === 'threads' ? 'use --jobs, before --' : `--${option} before --`,
  })
}

function fingerprintOf(name: string, params: Params, given: Given): string {
  const values = {
    ...valuesOf({ ...correlationSettings, ...pictureSettings }, given),
    ...valuesOf(params, given),
  }
  const told = Object.entries(values).filter(([key]) => !withoutEffect.includes(key))
  return `${name} ${canonical(Object.fromEntries(told.map(([key, value]) => [key, withContent(value)])))}`
}

const valuesOf = (params: Params, given: Given): Record<string, unknown> => ({
  ...resolve(params, pick(given, params)),
})

/** Converts a value to text that does not depend on the order of its keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined)
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/**
 * Replaces the name of a file, as in --kernel edge.mat, by its content, since its path does not affect the output. Its
 * extension shows the format.
 */
function withContent(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const [path = '', tensor] = value.split('#', 2)
  if (path === '' || !existsSync(path) || !statSync(path).isFile()) return value
  const file = { digest: digestOf(path, 'kernelBytes'), extension: extname(path).toLowerCase(), tensor }
  // names of kernels have neither dot nor slash, and go before files that are called as they are
  return /^[^\d[+-]/.test(path) && /[./]/.test(path) ? file : { ...file, value }
}

const digestOf = (path: string, limit: LimitName): string => sha256(readFileWhole(path, { limit }))
