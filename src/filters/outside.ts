import { ConvoError } from '../error.ts'
import type { KernelOptions } from '../operators/operator.ts'
import type { BorderName } from '../tensor/border.ts'

/** What is outside a picture: `fill` in its own samples, `level` of 0..255. */
export type Outside = { readonly border: BorderName; readonly fill: number; readonly level: number }

/** What is outside, replicate unless given. @throws ConvoError E_OPTION for a fill value that no border shows */
export function outside({ border = 'replicate', fill }: KernelOptions, full: number): Outside {
  if (fill !== undefined && border !== 'constant') {
    throw new ConvoError('E_OPTION', `--fill does not apply to --border ${border}`, {
      fix: '--border constant',
    })
  }
  return { border, fill: Math.fround(((fill ?? 0) * full) / 255), level: fill ?? 0 }
}
