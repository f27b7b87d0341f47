import type { Count, Explanation } from '../../operators/explain.ts'
import type { Operation } from '../operations.ts'
import type { Arithmetic, FilterExplanation } from './explain.ts'

/** 1,234,567 */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',')
/** A number with at most six digits behind the point. */
const short = (n: number): string => String(Math.round(n * 1e6) / 1e6)
/** [C,H,W] as height x width x channels, the way the input is given. */
export const sizes = (shape: readonly number[]): string => [...shape.slice(1), shape[0]].join('x')
const bytes = (n: number): string =>
  n < 2 ** 20 ? `${grouped(Math.ceil(n / 1024))} KiB` : `${short(Math.round((n / 2 ** 20) * 10) / 10)} MiB`

type Line = readonly [label: string, text: string]

function table(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(([label]) => label.length))
  return lines.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`.trimEnd()).join('\n')
}

/** 81 = O·C·kH·kW = 3·3·3·3 */
const counted = ({ count, formula, filled }: Count): string =>
  count === 0 ? formula : `${grouped(count)} = ${formula} = ${filled}`

/** An operator, for people. */
export function explanationText(operation: Operation, e: Explanation & Arithmetic): string {
  const formula = operation.formula === undefined ? [] : [['computes', operation.formula] as Line]
  const each = e.sizes.map((s): Line => [s.axis, `${s.filled}`])
  const plain = e.plain
  const rank = e.separability
  const lines: Line[] = [
    ...formula,
    ['input', `${sizes(e.input)}   [${e.input.join(',')}]`],
    ['output', `${sizes(e.output)}   [${e.output.join(',')}]`],
    ...(e.sizes[0] === undefined ? [] : [['size', e.sizes[0].formula] as Line]),
    ...each,
    [e.operator === 'maxpool' || e.operator === 'unpool' ? 'window' : 'kernel', `[${e.kernel.join(',')}]`],
    ['weights', counted(e.parameters)],
    ['multiplications', counted(e.multiplications)],
    ['receptive field', e.receptiveField.join('x')],
    ...(rank === undefined
      ? []
      : [
          [
            'rank',
            `${rank.rank}${rank.isSeparable ? ', so a column and a row do it' : ''}; singular values ${rank.singularValues.map(short).join(', ')}`,
          ] as Line,
        ]),
    ...(e.error === undefined
      ? []
      : [
          [
            'left out',
            `${Number((e.error * 100).toPrecision(3))} % of the kernel, in the Frobenius norm`,
          ] as Line,
        ]),
    ...(plain === undefined
      ? []
      : [
          [
            'plain conv2d',
            `${grouped(plain.parameters)} weights, ${grouped(plain.multiplications)} multiplications: this operator has ${short(Math.round(plain.share * 1e4) / 100)} % of the weights`,
          ] as Line,
        ]),
    ['arithmetic', `${e.algorithm}: ${e.reason}`],
    [
      'memory',
      `${bytes(e.memory.input)} in, ${bytes(e.memory.weights)} of weights, ${bytes(e.memory.output)} out, as float32`,
    ],
  ]
  return `${operation.name}: ${operation.summary}\n${table(lines)}\n`
}

/** A filter, for people. */
export function filterText(e: FilterExplanation): string {
  const { halo } = e.strips
  const kernels = e.kernels.map((k, i): Line => {
    const label = e.kernels.length === 1 ? 'kernel' : `kernel ${i}`
    const whole = k.isInteger ? ', whole weights' : ''
    return [label, `${k.size[1]}x${k.size[0]}, sum ${short(k.sum)}, rank ${k.rank}${whole}`]
  })
  const ways = [...new Set(e.kernels.map((k) => `${k.algorithm}: ${k.reason}`))]
  const lines: Line[] = [
    [
      'input',
      `${sizes(e.input)}, ${e.samples === 'u8' ? '8 bits' : e.samples === 'u16' ? '16 bits' : 'computed as float32'}`,
    ],
    ['output', sizes(e.output)],
    ...kernels,
    ...(e.combine === 'only' ? [] : [['combined by', e.combine] as Line]),
    ...ways.map((way, i): Line => [i === 0 ? 'arithmetic' : '', way]),
    ['border', e.border],
    ['receptive field', e.receptiveField.join('x')],
    [
      'strips',
      `${e.strips.count} of ${e.strips.rows} rows; ${halo.top} above, ${halo.bottom} below, ${halo.left} left, ${halo.right} right of each`,
    ],
    ...(e.multiplications === 0 ? [] : [['multiplications', grouped(e.multiplications)] as Line]),
    [
      'correlation',
      'the kernel is used as it is written; --flip turns it by 180°, which is the convolution of mathematics',
    ],
  ]
  return `${e.operation}: ${e.summary}\n${table(lines)}\n`
}
