import type { Blend } from '../definition/blend.ts'
import type { Shape } from '../definition/layer.ts'
import { type Address, noBlock, plus } from '../graph/address.ts'
import { pitchOf } from '../graph/schedule.ts'
import { hasAlpha } from '../tensor/picture.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, rowAt } from './placed-rows.ts'

/** The scratch memory of a blend in bytes: a row of changes. */
export const blendBytes = ([, , width]: Shape): number => pitchOf(width)

/**
 * Blends rows of a result over the picture that it was made from. `madeChannels` is the number of channels of the
 * result.
 */
export function prepareBlend(
  { mix, rows: [top, below], columns: [left, right], isLuma }: Blend,
  [count, , width]: Shape,
  madeChannels: number,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const colours = hasAlpha(count) ? count - 1 : count
  const share = Math.fround(mix)
  const [skipped, n] = [left * 4, right - left]
  return (to, [made, x, mask], [first, end]) => {
    for (let y = first; y < end; y++) {
      const [isInside, xAt] = [y >= top && y < below && n > 0, (c: number) => rowAt(x!, c, y)]
      const part = (row: Address) => plus(row, skipped)
      const change = isInside && isLuma ? scratch : noBlock
      if (change !== noBlock)
        wasm.lumaChange(change, part(rowAt(made!, 0, y)), part(xAt(0)), part(xAt(1)), part(xAt(2)), n)
      for (let c = 0; c < count; c++) {
        const out = rowAt(to, c, y)
        if (!isInside || n < width) wasm.copyBytes(out, xAt(c), width * 4)
        if (!isInside) continue
        const isColour = c < colours
        const over = part(rowAt(made!, isColour ? (isLuma ? 0 : c) : madeChannels - 1, y))
        const weights = mask === undefined ? noBlock : part(rowAt(mask, 0, y))
        const [under, alpha] =
          isColour && colours < count
            ? [part(xAt(colours)), part(rowAt(made!, madeChannels - 1, y))]
            : [noBlock, noBlock]
        const by = isColour ? change : noBlock
        wasm.blendRow(part(out), part(xAt(c)), over, by, weights, under, alpha, n, share)
        // the loop may have written up to three samples past the end
        const rest = Math.min(4, width - right) * 4
        if (rest > 0) wasm.copyBytes(plus(out, right * 4), plus(xAt(c), right * 4), rest)
      }
    }
  }
}
