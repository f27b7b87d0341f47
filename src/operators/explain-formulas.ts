import type { Axis } from '../conv/geometry.ts'

// The formulas that are explained: sizes, weights, multiplications, each with its numbers filled in.

/** The operators that can be explained, by their names on the command line. */
export const explained = [
  'conv2d',
  'conv3d',
  'pointwise',
  'separable',
  'depthwise',
  'depthwise-separable',
  'grouped',
  'dilated',
  'transposed',
  'maxpool',
  'unpool',
  'involution',
] as const

export type ExplainedName = (typeof explained)[number]

/** Everything that an operator's formulas need, decided. */
export type Sizes = {
  readonly channels: number
  readonly filters: number
  readonly groups: number
  readonly multiplier: number
  readonly hidden: number
  /** Of the kernel or window. */
  readonly kernel: readonly number[]
  /** One plane for all channels, each on its own. */
  readonly each: boolean
  /** How many kernels there are, or products of a column and a row. */
  readonly kernels: number
  /** The rule that makes the kernels of an involution, where they have no weights. */
  readonly rule: string | undefined
  /** Of the kernel that follows an unpooling. */
  readonly smoothing: readonly number[] | undefined
  /** Samples that repeat the edge, on each side of the input. */
  readonly edge: number
  readonly axes: readonly Axis[]
}

export type Formula = readonly [formula: string, filled: string, count: number]

export const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1)
const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
const times = (...list: readonly number[]): string => list.join('·')

/** Weights of each operator. */
export const weights: Readonly<Record<ExplainedName, (s: Sizes) => Formula>> = {
  conv2d: banked,
  conv3d: banked,
  grouped: banked,
  dilated: banked,
  transposed: (s) =>
    s.each
      ? plane(s)
      : [
          `${s.groups === 1 ? 'C·O' : 'C·O/groups'}·${letters(s.kernel)}`,
          times(s.channels, s.filters / s.groups, ...s.kernel),
          s.channels * (s.filters / s.groups) * product(s.kernel),
        ],
  pointwise: ({ channels: c, filters: o }) => ['O·C', times(o, c), o * c],
  separable: ({ kernel: k, kernels: n }) =>
    n === 1
      ? [letters(k, ' + '), k.join(' + '), sum(k)]
      : [`rank·(${letters(k, ' + ')})`, `${n}·(${k.join(' + ')})`, n * sum(k)],
  depthwise: (s) => (s.each ? plane(s) : perChannel(s)),
  'depthwise-separable': (s) => {
    const [formula, filled, count] = s.each ? plane(s) : perChannel(s)
    const { channels: c, multiplier: m, filters: o } = s
    return [`${formula} + O·C·m`, `${filled} + ${times(o, c, m)}`, count + o * c * m]
  },
  involution: ({ channels: c, hidden: r, groups: g, kernel: k, rule }) =>
    rule === undefined
      ? ['C·R + R·K·K·G', `${times(c, r)} + ${times(r, ...k, g)}`, c * r + r * product(k) * g]
      : [`none: ${rule} makes the kernels`, '0', 0],
  maxpool: none,
  unpool: ({ smoothing }) => (smoothing === undefined ? none() : plane({ kernel: smoothing, kernels: 1 })),
}

function banked(s: Sizes): Formula {
  const { channels: c, filters: o, groups: g, kernel: k } = s
  if (s.each) return plane(s)
  const label = g === 1 ? 'O·C' : 'O·C/groups'
  return [`${label}·${letters(k)}`, times(o, c / g, ...k), o * (c / g) * product(k)]
}

/** One kernel, or a few, that every channel meets on its own. */
function plane({ kernel: k, kernels: n }: Pick<Sizes, 'kernel' | 'kernels'>): Formula {
  return n === 1 ? [letters(k), times(...k), product(k)] : [`n·${letters(k)}`, times(n, ...k), n * product(k)]
}

const perChannel = ({ channels: c, multiplier: m, kernel: k }: Sizes): Formula => [
  `C·m·${letters(k)}`,
  times(c, m, ...k),
  c * m * product(k),
]

function none(): Formula {
  return ['none', '0', 0]
}

const letters = (kernel: readonly number[], by = '·'): string =>
  ['kD', 'kH', 'kW'].slice(3 - kernel.length).join(by)

/** Multiplications of each operator: those of the weights at every place, but for a few. */
export function multiplied(name: ExplainedName, s: Sizes, [formula, filled, count]: Formula): Formula {
  const out = s.axes.map((a) => a.output)
  const { channels: c } = s
  if (name === 'transposed') {
    const input = s.axes.map((a) => a.input)
    const [label, number, many] = s.each
      ? ['C·weights', `${c}·${count}`, c * count]
      : ['weights', `${count}`, count]
    return [`${label} · ${places(input, '')}`, `${number} · ${times(...input)}`, many * product(input)]
  }
  if (name === 'separable') {
    const [y, x] = s.axes as [Axis, Axis]
    const [first, second] = [times(y.kernel, y.output, x.input), times(x.kernel, y.output, x.output)]
    const total = c * s.kernels * (y.kernel * y.output * x.input + x.kernel * y.output * x.output)
    const [label, number] = s.kernels === 1 ? ['C', `${c}`] : ['rank·C', times(s.kernels, c)]
    return [`${label}·(kH·H'·W + kW·H'·W')`, `${number}·(${first} + ${second})`, total]
  }
  if (name === 'involution') {
    const apply = times(...s.kernel, c)
    const perPlace = count + product(s.kernel) * c
    return s.rule === undefined
      ? [`H'·W'·(${formula} + K·K·C)`, `${times(...out)}·(${filled} + ${apply})`, product(out) * perPlace]
      : ["H'·W'·K·K·C", times(...out, ...s.kernel, c), product(out) * perPlace]
  }
  if (count === 0) return none()
  if (name === 'unpool') {
    const input = s.axes.map((a) => a.input)
    return ['C·weights · H·W', `${c}·${count} · ${times(...input)}`, c * count * product(input)]
  }
  if (!s.each) return [`weights · ${places(out, "'")}`, `${count} · ${times(...out)}`, count * product(out)]
  const mix = name === 'depthwise-separable' ? s.filters * c : 0
  const each = c * (count - mix)
  const [label, number] =
    mix === 0
      ? ['C·weights', `${c}·${count}`]
      : [`(C·${letters(s.kernel)} + O·C)`, `(${times(c, ...s.kernel)} + ${times(s.filters, c)})`]
  return [`${label} · ${places(out, "'")}`, `${number} · ${times(...out)}`, (each + mix) * product(out)]
}

const places = (size: readonly number[], mark: string): string =>
  ['D', 'H', 'W']
    .slice(3 - size.length)
    .map((letter) => letter + mark)
    .join('·')

/** How one axis of the output comes about. */
export type SizeExplanation = {
  readonly axis: 'depth' | 'height' | 'width'
  readonly input: number
  readonly output: number
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  readonly padding: readonly [before: number, after: number]
  readonly formula: string
  /** The formula with its numbers. */
  readonly filled: string
}

/** The formula of an axis, with its numbers. */
export function explainAxis(
  name: ExplainedName,
  a: Axis,
  index: number,
  {
    edge,
    outputPadding,
    ceil,
  }: { readonly edge: number; readonly outputPadding: number; readonly ceil: boolean },
): SizeExplanation {
  const { kernel, stride, dilation, before, after, output } = a
  const input = a.input - 2 * edge
  const axis = (['depth', 'height', 'width'] as const)[index]!
  const padding = before + after
  const choice = { axis, input, kernel, stride, dilation, padding: [before, after] } as const
  if (name === 'unpool') {
    return { ...choice, output: input, formula: 'in', filled: `${input}, pooled to ${output} and put back` }
  }
  if (name === 'involution') {
    return {
      ...choice,
      output,
      formula: 'floor(in / stride)',
      filled: `floor(${input} / ${stride}) = ${output}`,
    }
  }
  if (name === 'transposed') {
    const formula = `(in ${edge === 0 ? '' : '+ edge '}− 1)·stride − padding + dilation·(k − 1) + output padding + 1`
    const size = edge === 0 ? input : `${input} + ${2 * edge}`
    const filled = `(${size} − 1)·${stride} − ${padding} + ${dilation}·(${kernel} − 1) + ${outputPadding} + 1 = ${output}`
    return { ...choice, output, formula, filled }
  }
  const round = ceil ? 'ceil' : 'floor'
  const formula = `${round}((in + padding − dilation·(k − 1) − 1) / stride) + 1`
  const sum = `${round}((${input} + ${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}) + 1`
  // Rounded up, the last window may begin in the padding behind, where there is nothing to pool.
  const rounded = Math[round]((input + padding - dilation * (kernel - 1) - 1) / stride) + 1
  const filled =
    rounded === output
      ? `${sum} = ${output}`
      : `${sum} = ${rounded}, less one that begins in the padding: ${output}`
  return { ...choice, output, formula, filled }
}
