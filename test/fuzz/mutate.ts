import { crc32 } from '../../src/image/png-parts.ts'

/** Random numbers that depend only on a seed. */
export type Random = {
  /** Returns a whole number from 0 to below n. */
  below(n: number): number
  pick<T>(list: readonly T[]): T
  /** Returns true once in n times. */
  oneIn(n: number): boolean
}

/** mulberry32 from a seed and the number of an input, so that each input can be made again on its own. */
export function randomOf(seed: number, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  const below = (n: number) => Math.floor((next() / 2 ** 32) * n)
  return { below, pick: (list) => list[below(list.length)]!, oneIn: (n) => below(n) === 0 }
}

type Mutator = (bytes: Buffer, r: Random, words: Words) => Buffer

/** What mutations insert: other seeds to splice with, and words with a meaning in the format. */
export type Words = { readonly seeds: readonly Uint8Array[]; readonly tokens: readonly string[] }

/** Splits a text into words at two blanks or line ends. Escapes such as `\n` and `\xff` are those of JavaScript. */
export const words = (text: string): string[] =>
  text
    .trim()
    .split(/\s*\n\s*|\s\s+/)
    .map((word) =>
      word.replace(/\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(.))/g, (_, u?: string, x?: string, sign = '') =>
        u || x ? String.fromCharCode(Number.parseInt((u ?? x)!, 16)) : (escapes[sign as string] ?? sign),
      ),
    )
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' }

/** Numbers at the limits of arithmetic. */
const extremes = words(`
  0  -0  -1  1  2  0.5  1e-400  5e-324  1e38  3.5e38  -1e39  1e308  1e999  nan  255  256  65535  65536  2147483647
  2147483648  4294967295  4294967296  99999999  9007199254740993  18446744073709551616  0x10  1_000  1.  .  1e  --1
  Infinity  ١`)
const lengths = [0, 1, 2, 127, 255, 256, 32767, 65535, 65536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]

const splice = (bytes: Buffer, from: number, to: number, put: Uint8Array | string): Buffer => {
  // words such as \xff are bytes
  const middle = typeof put === 'string' ? Buffer.from(put, /[^\0-\xff]/.test(put) ? 'utf8' : 'latin1') : put
  return Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)])
}

/** Replaces one match of a pattern; returns the bytes unchanged if there is none. */
const replaceOne = (bytes: Buffer, r: Random, pattern: RegExp, put: string): Buffer => {
  const found = [...bytes.toString('latin1').matchAll(pattern)]
  if (found.length === 0) return bytes
  const { index, 0: text } = r.pick(found)
  return splice(bytes, index, index + text.length, put)
}

/** Returns a random range, which is at most 64 bytes long in three of four cases. */
const stretch = (bytes: Buffer, r: Random): [from: number, to: number] => {
  const from = r.below(bytes.length + 1)
  const most = bytes.length - from
  return [from, from + r.below((r.oneIn(4) ? most : Math.min(most, 64)) + 1)]
}

const mutators: readonly Mutator[] = [
  (bytes, r) => {
    const out = Buffer.from(bytes)
    if (out.length > 0) out[r.below(out.length)]! ^= 1 << r.below(8)
    return out
  },
  (bytes, r) => {
    const out = Buffer.from(bytes)
    if (out.length > 0) out[r.below(out.length)] = r.pick([0, 9, 10, 13, 32, 127, 128, 255, r.below(256)])
    return out
  },
  (bytes, r) => splice(bytes, ...stretch(bytes, r), ''),
  (bytes, r) => bytes.subarray(0, r.below(bytes.length + 1)),
  (bytes, r) => {
    const at = r.below(bytes.length + 1)
    return splice(bytes, at, at, Buffer.from(Array.from({ length: 1 + r.below(8) }, () => r.below(256))))
  },
  (bytes, r) => {
    const [from, to] = stretch(bytes, r)
    const times = r.oneIn(8) ? 2 ** r.below(12) : 1 + r.below(3)
    const part = bytes.subarray(from, to)
    return splice(
      bytes,
      to,
      to,
      Buffer.concat(Array.from({ length: Math.min(times, 2e5 / (part.length + 1)) }, () => part)),
    )
  },
  (bytes, r, { seeds }) => {
    const other = Buffer.from(r.pick(seeds))
    return Buffer.concat([
      bytes.subarray(0, r.below(bytes.length + 1)),
      other.subarray(r.below(other.length + 1)),
    ])
  },
  (bytes, r, { tokens }) => {
    const [from, to] = stretch(bytes, r)
    return splice(bytes, from, r.oneIn(2) ? from : to, r.pick(tokens))
  },
  (bytes, r) => replaceOne(bytes, r, /-?\d+(?:\.\d+)?/g, r.pick(extremes)),
  (bytes, r, { tokens }) => replaceOne(bytes, r, /"[^"\n]*"/g, JSON.stringify(r.pick(tokens))),
  // the value of a key or list of YAML
  (bytes, r, { tokens }) => replaceOne(bytes, r, /(?<=[:-] )\S[^\n]*/g, r.pick(['[]', '{}', ...tokens])),
  (bytes, r) => {
    const out = Buffer.from(bytes)
    const size = r.pick([2, 4])
    if (out.length < size) return out
    const at = r.below(out.length - size + 1)
    const value = r.oneIn(3) ? out.readUIntBE(at, size) + r.pick([-1, 1]) : r.pick(lengths)
    const held = ((value % 256 ** size) + 256 ** size) % 256 ** size
    if (r.oneIn(2)) out.writeUIntBE(held, at, size)
    else out.writeUIntLE(held, at, size)
    return out
  },
]

/** Takes JSON, or one line of it, and omits or replaces one of its values. */
const reshape: Mutator = (bytes, r, { tokens }) => {
  const text = bytes.toString()
  const parts = text.includes('}\n{') ? text.split('\n') : [text]
  const at = r.below(parts.length)
  let root: unknown
  try {
    root = JSON.parse(parts[at]!)
  } catch {
    return bytes
  }
  const places: [holder: Record<string, unknown>, key: string][] = []
  const walk = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return
    for (const [key, value] of Object.entries(holder)) {
      places.push([holder as Record<string, unknown>, key])
      walk(value)
    }
  }
  walk({ root })
  const [holder, key] = r.pick(places)
  const other = r.pick(places)
  const values = [null, [], {}, '', -1, 1e308, true, other[0][other[1]], r.pick(tokens), r.pick(tokens)]
  if (r.oneIn(4)) delete holder[key]
  else holder[key] = r.pick(values)
  try {
    parts[at] = JSON.stringify(places[0]![0].root) ?? ''
  } catch {
    return bytes // it holds itself
  }
  return Buffer.from(parts.join('\n'))
}

/** Mutates a seed in one to eight places, mostly in few. */
export function mutate(seed: Uint8Array, r: Random, words: Words): Buffer {
  let bytes = Buffer.from(seed)
  const all = seed[0] === 0x7b && !r.oneIn(4) ? [reshape] : mutators
  do bytes = Buffer.from(r.pick(all)(bytes, r, words)).subarray(0, 2 ** 20)
  while (!r.oneIn(3))
  return r.oneIn(5) ? bytes : withChecksums(bytes)
}

/** Corrects the checksums of the chunks of a PNG, so that damage in them is reached. Other bytes are unchanged. */
export function withChecksums(bytes: Uint8Array): Buffer {
  const out = Buffer.from(bytes)
  if (out.length < 8 || out.readUInt32BE(0) !== 0x89504e47) return out
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 8 + out.readUInt32BE(at)
    if (end + 4 > out.length) break
    out.writeUInt32BE(crc32(out.subarray(at + 4, end)) >>> 0, end)
    at = end + 4
  }
  return out
}

/** Returns a smaller input that still `fails`: omits ranges, halves first, as long as tries remain. */
export async function minimise(
  bytes: Uint8Array,
  fails: (bytes: Uint8Array) => Promise<boolean>,
  tries: number,
  seconds: number,
): Promise<Uint8Array> {
  let best = bytes
  let left = tries
  const until = Date.now() + seconds * 1000
  for (
    let size = Math.ceil(best.length / 2);
    size >= 1 && left > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < best.length && left > 0 && Date.now() < until; ) {
      const shorter = splice(Buffer.from(best), at, Math.min(best.length, at + size), '')
      left--
      if (await fails(shorter)) best = shorter
      else if (await fails(withChecksums(shorter))) best = withChecksums(shorter)
      else at += size
    }
  }
  return best
}
