import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

/**
 * Reads conformance cases and compares results with their expected values. There are cases of other frameworks, which
 * may be next to the project, and those of the project itself, written by make.ts.
 */

const folder = new URL('../../../shared/conformance/', import.meta.url)

/** The folder of the cases that every clone has. */
export const ownFolder = new URL('own/', import.meta.url)

/** Whether the cases of other frameworks exist. Tests that need them are skipped otherwise. */
export const haveCases = existsSync(folder)

/** A tensor of a case: [N,C,H,W], [N,C,D,H,W], [C,H,W] or a list. */
export type Given = {
  readonly shape: readonly number[]
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array
}

/** One case, with its tensors decoded. */
export type Case = {
  readonly id: string
  readonly op: string
  readonly attrs: Readonly<Record<string, unknown>>
  readonly inputs: Readonly<Record<string, Given>>
  /** Undefined if the arguments must be refused. */
  readonly expected: Readonly<Record<string, Given>> | undefined
  /** For `count`: a number, or a list of numbers. */
  readonly value: number | readonly number[] | undefined
  readonly tolerance: { readonly abs: number; readonly rel: number }
}

/** A tensor in a file of cases. */
export type StoredTensor = {
  ref?: string
  dtype: 'float32' | 'float64' | 'int32' | 'uint8'
  shape: number[]
  base64?: string
  values?: number[]
}
/** A case in a file. */
export type StoredCase = {
  id: string
  op: string
  attrs: Record<string, unknown>
  inputs?: Record<string, StoredTensor>
  expected?: Record<string, StoredTensor> & { value?: number | number[] }
  expectError?: boolean
  tol?: { abs: number; rel: number }
}
/** A file of cases. */
export type StoredSuite = { suite: string; tensors?: Record<string, StoredTensor>; cases: StoredCase[] }

/** Returns the files of the collection, such as `torch/conv2d.json`; none if it does not exist. */
export function suiteFiles(): string[] {
  if (!haveCases) return []
  const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'))
  return (index as { suites: { file: string }[] }).suites.map((s) => s.file)
}

/** Reads the cases of one file. */
export function readSuite(file: string, base = folder): Case[] {
  const suite = JSON.parse(readFileSync(new URL(file, base), 'utf8')) as StoredSuite
  const decodeAll = (stored: Record<string, StoredTensor> = {}) =>
    Object.fromEntries(Object.entries(stored).map(([name, t]) => [name, decode(t, suite.tensors ?? {})]))
  return suite.cases.map(({ id, op, attrs, inputs, expected, expectError, tol }) => {
    if ((expected === undefined) !== (expectError === true)) throw new Error(`${id}: neither fish nor fowl`)
    const { value, ...tensors } = expected ?? {}
    return {
      id,
      op,
      attrs,
      inputs: decodeAll(inputs),
      expected: expected && decodeAll(tensors),
      value,
      tolerance: tol ?? { abs: 0, rel: 0 },
    }
  })
}

/** Returns all cases of some operators, from every file. */
export function casesOf(...ops: string[]): Case[] {
  return suiteFiles()
    .flatMap((file) => readSuite(file))
    .filter((c) => ops.includes(c.op))
}

function decode(stored: StoredTensor, shared: Record<string, StoredTensor>): Given {
  if (stored.ref !== undefined) {
    const target = shared[stored.ref]
    if (target === undefined) throw new Error(`no shared tensor "${stored.ref}"`)
    return decode(target, shared)
  }
  const Kind = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array }[
    stored.dtype
  ]
  if (stored.values !== undefined) return { shape: stored.shape, data: Kind.from(stored.values) }
  const bytes = Uint8Array.from(Buffer.from(stored.base64 ?? '', 'base64'))
  return { shape: stored.shape, data: new Kind(bytes.buffer) }
}

/** Returns an input that the case must have. */
export function input(c: Case, name: string): Given {
  const found = c.inputs[name]
  if (found === undefined) throw new Error(`${c.id}: no input "${name}"`)
  return found
}

/** Returns an attribute that must be a number. */
export function numberOf(c: Case, name: string): number {
  return check(c, name, c.attrs[name], (v) => typeof v === 'number')
}

/** Returns an attribute that must be a list of numbers, one per direction. */
export function listOf(c: Case, name: string, attrs = c.attrs): number[] {
  return check(c, name, attrs[name], (v) => Array.isArray(v) && v.every((n) => typeof n === 'number'))
}

/** Returns an attribute that must be a list of pairs [before, after]. */
export function pairsOf(c: Case, name: string, attrs = c.attrs): [number, number][] {
  const isPair = (p: unknown) => Array.isArray(p) && p.length === 2
  return check(c, name, attrs[name], (v) => Array.isArray(v) && v.every(isPair))
}

/** Returns an attribute that must be a word. */
export function wordOf(c: Case, name: string): string {
  return check(c, name, c.attrs[name], (v) => typeof v === 'string')
}

/** Returns the 1-D kernels of a sum of separable filters. */
export function termsOf(c: Case): { col: number[]; row: number[] }[] {
  return check(c, 'terms', c.attrs.terms, Array.isArray)
}

function check<T>(c: Case, name: string, value: unknown, fits: (value: unknown) => boolean): T {
  if (!fits(value)) throw new Error(`${c.id}: attribute ${name} is ${JSON.stringify(value)}`)
  return value as T
}

/** The borders of the picture cases, from SciPy's names to those used here. */
export const pictureBorders = {
  reflect: 'symmetric',
  mirror: 'reflect',
  nearest: 'replicate',
  constant: 'constant',
  wrap: 'wrap',
} as const

/** Returns the border of a picture case. */
export function borderOf(c: Case): (typeof pictureBorders)[keyof typeof pictureBorders] {
  const name = wordOf(c, 'border')
  if (!Object.hasOwn(pictureBorders, name)) throw new Error(`${c.id}: border ${name}`)
  return pictureBorders[name as keyof typeof pictureBorders]
}

/** Splits a batch of pictures or volumes: [N,C,...] becomes N views of [C,...]. */
export function unbatch<D extends Given['data']>(batch: {
  shape: readonly number[]
  data: D
}): {
  shape: readonly number[]
  data: D
}[] {
  const [count, ...shape] = batch.shape as [number, ...number[]]
  const size = shape.reduce((a, b) => a * b, 1)
  return Array.from({ length: count }, (_, n) => ({
    shape,
    data: batch.data.subarray(n * size, (n + 1) * size) as D,
  }))
}

/** Numbers with a shape, from any source. */
export type Loose = { readonly shape: readonly number[]; readonly data: ArrayLike<number> }

/** Checks that `got` has the expected shape, and every number is within the tolerance of the case. */
export function compare(c: Case, name: string, got: Loose, exact = false): void {
  const want = c.expected?.[name]
  if (want === undefined) throw new Error(`${c.id}: expects no "${name}"`)
  expectClose(`${c.id}: ${name}`, got, want, exact ? { abs: 0, rel: 0 } : c.tolerance)
}

/** The rule of the collection: |got - want| <= abs + rel |want|; NaN matches NaN, Infinity only itself. */
export function expectClose(
  title: string,
  got: Loose,
  want: Loose,
  { abs, rel }: { abs: number; rel: number },
): void {
  if (got.shape.join() !== want.shape.join() || got.data.length !== want.data.length) {
    throw new Error(
      `${title}: shape [${got.shape}] of ${got.data.length} numbers, expected [${want.shape}] of ${want.data.length}`,
    )
  }
  const wrong: string[] = []
  for (let i = 0; i < want.data.length; i++) {
    const g = got.data[i]!
    const w = want.data[i]!
    const same = Object.is(g, w) || g === w
    const close = Number.isFinite(w) && Math.abs(g - w) <= abs + rel * Math.abs(w)
    if (!same && !close) wrong.push(`at ${i}: got ${g}, expected ${w}`)
  }
  if (wrong.length > 0) {
    throw new Error(
      `${title}: ${wrong.length} of ${want.data.length} numbers are off by more than ${abs} + ${rel} |expected|\n` +
        wrong.slice(0, 5).join('\n'),
    )
  }
}

/** Joins the results of the items of a batch into one of shape [N,...]. */
export function rebatch(items: readonly Loose[]): Loose {
  const first = items[0]
  if (first === undefined) throw new Error('an empty batch')
  const shapes = new Set(items.map((t) => t.shape.join()))
  if (shapes.size > 1) throw new Error(`the items of a batch differ in shape: ${[...shapes].join(' and ')}`)
  return { shape: [items.length, ...first.shape], data: items.flatMap((t) => Array.from(t.data)) }
}

/** Returns a hash of the bytes of all inputs, to check that nothing writes to them. */
export function hashOfInputs(c: Case): string {
  const hash = createHash('sha1')
  for (const { data } of Object.values(c.inputs)) {
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }
  return hash.digest('hex')
}
