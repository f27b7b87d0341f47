import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/graph/address.ts'
import { adler32 } from '../../src/image/png.ts'
import { crc32 } from '../../src/image/png-parts.ts'
import { newBench } from '../../src/run/png-data.ts'

const { arena, wasm } = newBench()
const state = arena.alloc(wasm.inflateBytes())
const before = 2 ** 15
const most = { strip: 2 ** 16, feed: 2 ** 17 }
const out = (arena.alloc(before + most.strip + 384) + before) as Address
const input = arena.alloc(most.feed + 4096)
const bytes = new Uint8Array(arena.memory.buffer)

/** What a stream holds, fed and taken in pieces; undefined where it is damaged. */
function inflated(data: Uint8Array, feed: number, strip: number): Buffer | undefined {
  bytes.fill(0xaa, out - before, input + most.feed + 4096)
  wasm.inflateBegin(state, out)
  const taken: Buffer[] = []
  let fed = 0
  let have = 0
  const more = () => {
    const rest = fed === 0 ? input : wasm.inflateInput(state)
    have = fed === 0 ? 0 : input + have - rest
    bytes.copyWithin(input, rest, rest + have)
    const part = data.subarray(fed, fed + feed)
    bytes.set(part, input + have)
    fed += part.length
    have += part.length
    if (fed === data.length) bytes.fill(0, input + have, input + have + 1024)
    wasm.inflateFeed(state, input, have, fed === data.length)
  }
  more()
  for (;;) {
    const result = wasm.inflate(state, (out + strip) as Address)
    const end = wasm.inflateEnd(state)
    if (end > out + strip + 320) throw new Error(`${end - out - strip} bytes too many`)
    if (result < 0) return undefined
    if (result === 1) {
      more()
      continue
    }
    taken.push(Buffer.from(bytes.slice(out, result === 2 ? end : out + strip)))
    if (result === 2) break
    wasm.inflateMove(state, (out + strip) as Address, strip)
  }
  const all = Buffer.concat(taken)
  return adler32(all) === wasm.inflateCheck(state) >>> 0 ? all : undefined
}

function byZlib(data: Uint8Array): Buffer | undefined {
  try {
    return zlib.inflateSync(data)
  } catch {
    return undefined
  }
}

let seed = 1
const random = (n: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return Math.floor((seed / 2 ** 32) * n)
}

/** Bytes of many kinds: noise, runs, few values, repetitions near and far, some values much rarer than others. */
function madeUp(n: number): Buffer {
  const data = Buffer.alloc(n)
  const [kind, values, near, far] = [random(7), 1 + random(256), 1 + random(40), 1 + random(40000)]
  const next: ((i: number) => number)[] = [
    () => random(256),
    () => 7,
    () => random(values),
    (i) => (i >= near && random(20) > 0 ? data[i - near]! : random(256)),
    (i) => (i >= far && random(50) > 0 ? data[i - far]! : random(values)),
    () => Math.floor(Math.log2(1 + random(2 ** 20))) * 7,
    (i) => i % near,
  ]
  for (let i = 0; i < n; i++) data[i] = next[kind]!(i)
  return data
}

const packed = (data: Uint8Array) =>
  zlib.deflateSync(data, {
    level: random(10),
    strategy: random(5),
    memLevel: 1 + random(9),
    windowBits: 9 + random(7),
  })

/** A stream with flipped bits or other bytes, near its beginning or anywhere, cut off, or with more behind it. */
function damaged(data: Uint8Array): Uint8Array {
  const one = Uint8Array.from(data)
  const how = random(5)
  if (how === 3) return one.subarray(0, random(one.length))
  if (how === 4)
    return Buffer.concat([one, Buffer.from(Array.from({ length: random(20) }, () => random(256)))])
  for (let i = 0; i <= random(3); i++)
    one[random(how === 0 ? Math.min(one.length, 80) : one.length)]! ^=
      how === 1 ? 1 << random(8) : random(256)
  return one
}

/** A stream from its bits, as RFC 1951 writes them: numbers from the lowest bit on. */
function streamOf(fields: readonly (readonly [value: number, bits: number])[], content: Uint8Array): Buffer {
  const bits = fields.flatMap(([value, n]) => Array.from({ length: n }, (_, i) => (value >> i) & 1))
  const body = Buffer.alloc(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) body[i >> 3]! |= bit << (i & 7)
  const end = Buffer.alloc(4)
  end.writeUInt32BE(adler32(content))
  return Buffer.concat([Buffer.of(0x78, 0x01), body, end])
}

describe('inflate', () => {
  it('gives what zlib gives, and refuses what zlib refuses, however it is fed', () => {
    const counts = { sound: 0, refused: 0 }
    for (let i = 0; i < 160; i++) {
      const data = packed(madeUp(random(4) === 0 ? random(40) : random(50000)))
      for (let j = 0; j < 6; j++) {
        const one = j === 0 ? data : damaged(data)
        const isShort = data.length < 500
        const feed = [isShort ? 1 + random(10) : 600, 700 + random(1000), most.feed][random(3)]!
        const strip = [isShort ? 1 + random(50) : 300, 1000, most.strip][random(3)]!
        const [want, got] = [byZlib(one), inflated(one, feed, strip)]
        if (want === undefined) expect(got, `stream ${i}.${j}`).toBeUndefined()
        else expect(got !== undefined && crc32(got) === crc32(want), `stream ${i}.${j}`).toBe(true)
        counts[want === undefined ? 'refused' : 'sound']++
      }
    }
    expect(counts.sound).toBeGreaterThan(200)
    expect(counts.refused).toBeGreaterThan(200)
  })

  it('reaches back 32 KiB, and not a byte before the first', () => {
    const block = Buffer.from(Array.from({ length: 2 ** 15 }, () => random(256)))
    const twice = Buffer.concat([block, block, block])
    const data = zlib.deflateSync(twice, { level: 9 })
    expect(inflated(data, 5000, 1000)!.equals(twice)).toBe(true)
    // a literal, then three bytes from 1 and from 2 back, by the fixed codes
    for (const [distance, isSound] of [
      [0, true],
      [1, false],
    ] as const) {
      const at = streamOf(
        [
          [1, 1],
          [1, 2],
          // codes come from their highest bit on: literal 0 is 00110000, length 3 is 0000001
          [0b00001100, 8],
          [0b1000000, 7],
          [distance << 4, 5],
          [0, 7],
        ],
        Buffer.alloc(4),
      )
      expect(byZlib(at) !== undefined).toBe(isSound)
      expect(inflated(at, 1000, 1000)).toEqual(byZlib(at))
    }
  })

  it('takes a code of a single distance, and refuses its other half', () => {
    for (const other of [0, 1]) {
      // lengths: 256 and 257 and literal 0 in few bits, one distance of one bit
      const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
      const lengthOf: Record<number, number> = { 1: 2, 2: 2, 18: 2, 0: 2 }
      // 0, 1, 2, 18 in two bits each, written from the highest bit on
      const code: Record<number, number> = { 0: 0b00, 1: 0b10, 2: 0b01, 18: 0b11 }
      const symbol = (s: number): readonly [number, number] => [code[s]!, 2]
      const data = streamOf(
        [
          [1, 1],
          [2, 2],
          [1, 5],
          [0, 5],
          [14, 4],
          ...order.slice(0, 18).map((s) => [lengthOf[s] ?? 0, 3] as const),
          // literal 0: 1 bit; 1..138 and 139..255: none; 256 and 257: 2 bits; distance 0: 1 bit
          symbol(1),
          symbol(18),
          [127, 7],
          symbol(18),
          [106, 7],
          symbol(2),
          symbol(2),
          symbol(1),
          // a literal, a length of 3 at a distance of 1, the end
          [0, 1],
          [0b11, 2],
          [other, 1],
          [0b01, 2],
        ],
        Buffer.alloc(4),
      )
      expect(byZlib(data)?.length).toBe(other === 0 ? 4 : undefined)
      expect(inflated(data, 1000, 1000)).toEqual(byZlib(data))
    }
  })

  it.each([
    ['another method', [0x79, 0x18]],
    ['a window that is too large', [0x88, 0x1c]],
    ['a dictionary', [0x78, 0x20]],
    ['a wrong sum of the head', [0x78, 0x02]],
    ['a block of no kind', [0x78, 0x01, 0x07]],
    ['nothing', []],
  ])('refuses %s', (_, head) => {
    const data = Uint8Array.from([...head, ...new Array(20).fill(0)]).subarray(0, head.length === 0 ? 0 : 22)
    expect(byZlib(data)).toBeUndefined()
    expect(inflated(data, 1000, 1000)).toBeUndefined()
  })
})
