import type { Address } from '../../src/graph/address.ts'
import { type FinishParams, loadEngine, writeFinishParams } from '../../src/run/engine.ts'
import { finishBytes } from '../../src/run/finish-params.ts'
import type { WasmExports } from '../../src/run/wasm-exports.ts'

const slack = 64
const guard = 64
const guardByte = 0xa5

/** The loops with plain numbers, because a test works out the addresses itself. */
export type Loops = {
  readonly [K in keyof WasmExports]: (
    ...numbers: Numbers<Parameters<WasmExports[K]>>
  ) => ReturnType<WasmExports[K]>
}

type Numbers<T extends readonly unknown[]> = { [I in keyof T]: T[I] extends boolean ? boolean : number }

/**
 * Memory for a test of one loop. Every buffer has 64 bytes of slack, followed by a guard that no loop may overwrite.
 */
export type Scratch = {
  readonly wasm: Loops
  /** Starts again, and frees all buffers. */
  reset(): void
  /** Makes a buffer with these samples. */
  put(samples: Samples): number
  /** Makes a buffer of `bytes` bytes that are not zero. */
  room(bytes: number): number
  /** Writes bytes into a buffer. */
  write(address: number, content: Uint8Array): void
  how(how: FinishParams): number
  u8(address: number, n: number): Uint8Array
  u16(address: number, n: number): Uint16Array
  u32(address: number, n: number): Uint32Array
  i16(address: number, n: number): Int16Array
  i32(address: number, n: number): Int32Array
  f32(address: number, n: number): Float32Array
  /** Returns the addresses of guards that were overwritten; none if all is well. */
  broken(): number[]
}

type Samples = Uint8Array | Uint16Array | Uint32Array | Int16Array | Int32Array | Float32Array

/** Makes a memory of 16 MiB, and the built loops on it. */
export function scratch(): Scratch {
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true })
  const wasm = loadEngine(memory) as unknown as Loops
  const bytes = new Uint8Array(memory.buffer)
  let top = 1024
  let guards: number[] = []

  function room(n: number): number {
    const address = top
    const end = address + n + slack
    bytes.fill(0x7b, address, end)
    bytes.fill(guardByte, end, end + guard)
    guards.push(end)
    top = Math.ceil((end + guard) / 64) * 64
    if (top > bytes.length) throw new Error('the test memory is too small')
    return address
  }

  return {
    wasm,
    reset() {
      top = 1024
      guards = []
    },
    put(samples) {
      const address = room(samples.byteLength)
      bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), address)
      return address
    },
    room,
    write: (address, content) => bytes.set(content, address),
    how(how) {
      const address = room(finishBytes)
      writeFinishParams(memory, address as Address, how)
      return address
    },
    u8: (a, n) => new Uint8Array(memory.buffer, a, n).slice(),
    u16: (a, n) => new Uint16Array(memory.buffer, a, n).slice(),
    u32: (a, n) => new Uint32Array(memory.buffer, a, n).slice(),
    i16: (a, n) => new Int16Array(memory.buffer, a, n).slice(),
    i32: (a, n) => new Int32Array(memory.buffer, a, n).slice(),
    f32: (a, n) => new Float32Array(memory.buffer, a, n).slice(),
    broken: () => guards.filter((g) => bytes.subarray(g, g + guard).some((b) => b !== guardByte)),
  }
}

/** Makes numbers in 0..1 from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Returns `n` whole numbers from `low` to `high`, in which the extremes are more frequent than by chance. */
export function wholes(next: () => number, n: number, low: number, high: number): number[] {
  return Array.from({ length: n }, () => {
    const r = next()
    if (r < 0.1) return low
    if (r > 0.9) return high
    return low + Math.floor(next() * (high - low + 1))
  })
}

/** Returns `n` float32 numbers within ± size, some of them zero, tiny or halves. */
export function floats(next: () => number, n: number, size: number): Float32Array {
  return Float32Array.from({ length: n }, () => {
    const r = next()
    if (r < 0.05) return 0
    if (r < 0.1) return (next() - 0.5) * 1e-6
    if (r < 0.3) return Math.round((next() * 2 - 1) * size) + 0.5
    return (next() * 2 - 1) * size
  })
}

/** The sizes that matter: every remainder of every block, and rows of several blocks of columns. */
export const sizes: readonly number[] = [
  ...Array.from({ length: 70 }, (_, i) => i + 1),
  127,
  128,
  130,
  511,
  513,
  1023,
  1030,
  1056,
  4095,
  4097,
  8200,
]
