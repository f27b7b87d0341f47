import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { ConvoError } from '../../error.ts'
import { readFileWhole } from '../../files/read.ts'
import { type Params, resolve } from '../../params.ts'
import { chainSettings, prepareChain, splitSteps } from '../chain.ts'
import type { Command } from '../command.ts'
import { operationCommand } from '../operation-command.ts'
import { findOperation } from '../operations.ts'
import { understand } from '../program.ts'
import { type Prepared, prepareOperation } from '../run-operation.ts'
import { correlationSettings, pictureSettings } from '../settings.ts'
import { checkStep, refuseOpenChain } from '../steps.ts'
import { hashText } from './fingerprint.ts'

/** The operation of a batch, understood: one, or a chain of them. */
export type BatchOperation = Pick<Prepared, 'settings' | 'job'> & {
  readonly name: string
  /** Equal for operations that make the same outputs: of all values, defaults too, and the content of kernel files. */
  readonly fingerprint: string
}

/** Options that are the batch's, not the operation's. */
const ofTheBatch = ['in-place', 'force', 'dry-run', 'json', 'quiet', 'verbose', 'threads'] as const

/** Settings that decide whether an output is made, and not what it is. */
const withoutEffect = ['in-place', 'fail-on-clip', 'max-pixels']

/**
 * Understands what stands behind `--`, as the command line would understand it for one picture: an operation, several
 * with `--` between them, or `chain` with options of its own and then these.
 *
 * @throws ConvoError as the command line does, E_OPTION for an option that is the batch's
 */
export async function prepareBatchOperation(words: readonly string[]): Promise<BatchOperation> {
  const isChain = words[0] === 'chain' || words.includes('--')
  const prepared = isChain ? await prepareSteps(words) : await prepareOne(words)
  if (prepared.settings.channels === 'split') {
    throw new ConvoError(
      'E_OPTION',
      '--channels split writes several files for one output, and a batch notes one',
      {
        fix: '--channels montage, or an output ending in .npy',
      },
    )
  }
  return prepared
}

async function prepareOne([name = '', ...rest]: readonly string[]): Promise<BatchOperation> {
  const operation = findOperation(name)
  const given = givenTo(operationCommand(operation), rest)
  const prepared = await prepareOperation(operation, given)
  return { ...prepared, fingerprint: hashText(fingerprintOf(name, operation.params, given)) }
}

/** Stands for the command `chain`, which has its options before the first `--`. */
const chainLike: Command = {
  name: 'chain',
  summary: '',
  group: '',
  arguments: [
    { name: 'input', summary: '', kind: 'file' },
    { name: 'output', summary: '', kind: 'file' },
  ],
  tail: '<operation> [options] [-- <operation> [options] ...]',
  options: [{ title: '', params: chainSettings }],
  examples: [],
  run: async () => 0,
}

async function prepareSteps(words: readonly string[]): Promise<BatchOperation> {
  const start = words.indexOf('--')
  const isNamed = words[0] === 'chain'
  refuseOpenChain(words)
  const given = isNamed ? givenTo(chainLike, words.slice(1, start)) : {}
  const steps = splitSteps(isNamed ? words.slice(start + 1) : words)
  const prepared = await prepareChain(steps, given)
  const texts = steps.map(([name = '', ...rest]) => {
    const operation = findOperation(name)
    return fingerprintOf(name, operation.params, givenTo(operationCommand(operation), rest))
  })
  return {
    ...prepared,
    fingerprint: hashText([fingerprintOf('chain', {}, given), ...texts].join(' -- ')),
  }
}

/** What is given to a command by these words. */
function givenTo(command: Command, words: readonly string[]): Readonly<Record<string, unknown>> {
  checkStep([command.name, ...words])
  const request = understand([command.name, 'input', 'output.png', ...words], [command])
  if (request.kind !== 'run') {
    throw new ConvoError(
      'E_USAGE',
      `behind -- stands the operation to run, got ${command.name} ${words.join(' ')}`,
      {
        fix: `convo help ${command.name}`,
      },
    )
  }
  if (request.given.preview !== undefined) {
    throw new ConvoError('E_OPTION', '--preview shows one picture, and a batch makes many', {
      fix: `convo ${command.name} with one of the pictures`,
    })
  }
  const misplaced = ofTheBatch.find((option) => request.given[option] !== undefined)
  if (misplaced !== undefined) {
    throw new ConvoError('E_OPTION', `--${misplaced} is said of the batch, not of the operation`, {
      fix: misplaced === 'threads' ? 'use --jobs, before --' : `--${misplaced} before --`,
    })
  }
  return request.given
}

function fingerprintOf(name: string, params: Params, given: Readonly<Record<string, unknown>>): string {
  const values = {
    ...valuesOf({ ...correlationSettings, ...pictureSettings }, given),
    ...valuesOf(params, given),
  }
  for (const key of withoutEffect) delete values[key]
  return `${name} ${canonical(mapValues(values, withContent))}`
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

/**
 * The name of a file, as in --kernel edge.mat, as what is in the file: where it lies does not change what is made of it.
 * Its extension tells the format.
 */
function withContent(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const [path = '', tensor] = value.split('#', 2)
  if (path === '' || !existsSync(path) || !statSync(path).isFile()) return value
  const digest = createHash('sha256')
    .update(readFileWhole(path, { limit: 'kernelBytes' }))
    .digest('hex')
  const file = { digest, extension: extname(path).toLowerCase(), tensor }
  // names of kernels have neither dot nor slash, and go before files that are called as they are
  return /^[^\d[+-]/.test(path) && /[./]/.test(path) ? file : { ...file, value }
}

const mapValues = (values: Readonly<Record<string, unknown>>, map: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
