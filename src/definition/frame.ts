import { type BorderName, borders } from '../tensor/border.ts'
import { copyRow, eachRow, type Layer } from './layer.ts'
import { bordered } from './rows.ts'

/** The number of samples to add on each side. */
export type Margins = Readonly<Record<'top' | 'bottom' | 'left' | 'right', number>>

/** Extends the picture with samples of a border mode; `fill` is the sample outside for `constant`. */
export const framed: Layer<{
  readonly margins: Margins
  readonly border: BorderName
  readonly fill: number
}> = eachRow(
  ({ margins: { top, bottom, left, right } }, [x]) => [x![0], x![1] + top + bottom, x![2] + left + right],
  ({ margins: { top, left, right }, border, fill }, out, { c, y, to, width }, [x], [shape]) => {
    const [, height, inside] = shape!
    const { source } = borders[border]
    const row = source(y - top, height)
    if (row < 0) return void out.fill(fill, to, to + width)
    const from = x!.at(c, row)
    copyRow(out, to + left, x!, from, inside)
    const side = (first: number, count: number) => {
      for (let i = first; i < first + count; i++) {
        const column = source(i - left, inside)
        out[to + i] = column < 0 ? fill : x!.data[from + column]!
      }
    }
    side(0, left)
    side(left + inside, right)
  },
  ({ margins: { top }, border }, [first, end], [x]) => [bordered([first - top, end - top], x![1], border)],
)
