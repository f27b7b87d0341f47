import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { distFile } from '../files/package.ts'
import type { Address } from '../graph/address.ts'
import {
  finishAlpha,
  finishBytes,
  finishFlags,
  finishGain,
  finishLow,
  finishOffset,
  finishScale,
  flagAbsolute,
  flagAffine,
  flagSmall,
  flagWhole,
} from './finish-params.ts'
import type { WasmExports as Loops } from './wasm-exports.ts'

/** The loops, and the memory that they compute in. */
export type WasmExports = Loops & { readonly memory: WebAssembly.Memory }

/**
 * How a row is finished: v = sum / scale; v = v + offset; |v| if `absolute`; v = (v - low) * gain if `affine`; each
 * step in float32. The result is rounded half to even and saturated. `alpha`: 2 or 4 channels of which the last is not
 * counted as clipped, or 0 if all samples are counted. NaN becomes 0 and counts as clipped low.
 */
export type FinishParams = {
  readonly scale: number
  readonly offset: number
  readonly absolute?: boolean
  readonly affine?: { readonly low: number; readonly gain: number }
  readonly small?: boolean
  /**
   * The sums and the scale are whole, the scale is positive, every |sum| is below 2^19, the offset is 0, and no other
   * step but alpha is used.
   */
  readonly whole?: boolean
  readonly alpha?: 0 | 2 | 4
}

/** Writes the parameters as a `how` block at `address`, which must be divisible by 4. */
export function writeFinishParams(memory: WebAssembly.Memory, address: Address, params: FinishParams): void {
  const view = new DataView(memory.buffer, address, finishBytes)
  view.setFloat32(finishScale, params.scale, true)
  view.setFloat32(finishOffset, params.offset, true)
  view.setFloat32(finishLow, params.affine?.low ?? 0, true)
  view.setFloat32(finishGain, params.affine?.gain ?? 1, true)
  const flags =
    (params.absolute ? flagAbsolute : 0) |
    (params.affine === undefined ? 0 : flagAffine) |
    (params.small ? flagSmall : 0) |
    (params.whole ? flagWhole : 0)
  view.setInt32(finishFlags, flags, true)
  view.setInt32(finishAlpha, params.alpha ?? 0, true)
}

let compiled: WebAssembly.Module | undefined

/** Compiles the loops, once. The module can be posted to workers, which then need not compile anything. */
export function compileEngine(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(distFile('convo.wasm')))
  return compiled
}

/**
 * Makes the engine compile loops with the optimising compiler when they are first called. They are few and hot, and the
 * baseline code that comes before is slow. Call it after everything is loaded: V8 accepts the code that Node has cached
 * for its own modules only under the flags of the start, and without that cache sharp takes 1.3 times as long to load.
 */
export function optimise(): void {
  if (!isOptimised && Number.parseInt(process.versions.v8, 10) <= lastForced)
    setFlagsFromString('--no-liftoff')
  isOptimised = true
}

let isOptimised = false

/**
 * The major version of V8 in Node 24. Later versions read counts made by baseline code and crash without them, but lose
 * no time there.
 */
const lastForced = 13

/** Instantiates the loops over `memory`, which must be shared. */
export const loadEngine = (
  memory: WebAssembly.Memory,
  module: WebAssembly.Module = compileEngine(),
): WasmExports => new WebAssembly.Instance(module, { env: { memory } }).exports as WasmExports

/** Returns the whole memory as samples of 1, 2 or 4 bytes. */
export function viewOf(memory: WebAssembly.Memory, bytes: number): Uint8Array | Uint16Array | Float32Array {
  if (bytes === 1) return new Uint8Array(memory.buffer)
  return bytes === 2 ? new Uint16Array(memory.buffer) : new Float32Array(memory.buffer)
}
