import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ConvoError } from '../../error.ts'
import { type Params, resolve } from '../../params.ts'
import { operationCommand } from '../operation-command.ts'
import { findOperation } from '../operations.ts'
import { understand } from '../program.ts'
import { type Prepared, prepareOperation } from '../run-operation.ts'
import { correlationSettings, pictureSettings } from '../settings.ts'
import { hashText } from './fingerprint.ts'

/** The operation of a batch, understood. */
export type BatchOperation = Prepared & {
  readonly name: string
  /** Equal for operations that make the same outputs: of all values, defaults too, and the content of kernel files. */
  readonly fingerprint: string
}

/** Options that are the batch's, not the operation's. */
const ofTheBatch = ['in-place', 'dry-run', 'json', 'quiet', 'verbose', 'threads'] as const

/** Settings that decide whether an output is made, and not what it is. */
const withoutEffect = ['in-place', 'fail-on-clip', 'max-pixels']

/**
 * Understands what stands behind `--`, as the command line would understand it for one picture.
 *
 * @throws ConvoError as the command line does, E_OPTION for an option that is the batch's
 */
export async function prepareBatchOperation(words: readonly string[]): Promise<BatchOperation> {
  const [name = '', ...rest] = words
  const operation = findOperation(name)
  const request = understand([name, 'input', 'output.png', ...rest], [operationCommand(operation)])
  if (request.kind !== 'run') {
    throw new ConvoError('E_USAGE', `behind -- stands the operation to run, got ${words.join(' ')}`, {
      fix: `convo help ${name}`,
    })
  }
  const { given } = request
  const misplaced = ofTheBatch.find((option) => given[option] !== undefined)
  if (misplaced !== undefined) {
    throw new ConvoError('E_OPTION', `--${misplaced} is said of the batch, not of the operation`, {
      fix: misplaced === 'threads' ? '--jobs before --' : `--${misplaced} before --`,
    })
  }
  const prepared = await prepareOperation(operation, given)
  const values = {
    ...valuesOf(operation.params, given),
    ...valuesOf({ ...correlationSettings, ...pictureSettings }, given),
  }
  for (const key of withoutEffect) delete values[key]
  return { ...prepared, name, fingerprint: hashText(`${name} ${canonical(values)} ${contents(values)}`) }
}

function valuesOf(params: Params, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(params, key)))
  return { ...resolve(params, own) }
}

/** A value as text that does not depend on the order in which it was written down. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined)
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** Digests of the files that values name, as --kernel edge.mat does. */
function contents(values: Readonly<Record<string, unknown>>): string {
  const digests = Object.entries(values).flatMap(([key, value]) => {
    const path = typeof value === 'string' ? value.split('#')[0]! : ''
    if (path === '' || !existsSync(path) || !statSync(path).isFile()) return []
    return [`${key}=${createHash('sha256').update(readFileSync(path)).digest('hex')}`]
  })
  return digests.sort().join(' ')
}

/** Words of an operation with the names of files in a folder as paths to them. */
export function locateFiles(words: readonly string[], folder: string): string[] {
  return words.map((word) => {
    const [path = '', tensor] = word.split('#', 2)
    // names of kernels have neither dot nor slash: a file that is called as one must not take its place
    const isFile = !word.startsWith('-') && /[./]/.test(path) && !isAbsolute(path) && existsSync(join(folder, path))
    if (!isFile) return word
    return tensor === undefined ? join(folder, path) : `${join(folder, path)}#${tensor}`
  })
}
