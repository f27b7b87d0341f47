import type { KernelOptions } from '../operators/operator.ts'
import { type BorderName, checkFill } from '../tensor/border.ts'

/** How a picture is extended: `fill` in its own samples, `level` the same in levels of 0..255. */
export type Outside = { readonly border: BorderName; readonly fill: number; readonly level: number }

/**
 * Returns how a picture is extended, by default with replicate. @throws ConvoError E_OPTION for a fill value with
 * another border than constant
 */
export function outside({ border = 'replicate', fill }: KernelOptions, full: number): Outside {
  checkFill(border, fill)
  return { border, fill: Math.fround(((fill ?? 0) * full) / 255), level: fill ?? 0 }
}
