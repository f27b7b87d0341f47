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
  readonly kernel: readonly number[]
  readonly axes: readonly Axis[]
  /** One plane [kH,kW] or volume [kD,kH,kW] of weights that meets every channel on its own. */
  readonly isPlane: boolean
}

export type Formula = readonly [formula: string, filled: string, count: number]

export const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1)
const times = (...list: readonly number[]): string => list.join('·')

/** Weights of each operator. */
export const weights: Readonly<Record<ExplainedName, (s: Sizes) => Formula>> = {
  conv2d: banked,
  conv3d: banked,
  grouped: banked,
  dilated: banked,
  transposed: ({ channels: c, filters: o, groups: g, kernel: k, isPlane }) =>
    isPlane
      ? onePlane(k)
      : [`C·O/groups·${letters(k)}`, `${times(c, o / g, ...k)}`, c * (o / g) * product(k)],
  pointwise: ({ channels: c, filters: o }) => ['O·C', times(o, c), o * c],
  separable: ({ kernel: k }) => [`${letters(k, ' + ')}`, k.join(' + '), k.reduce((a, b) => a + b, 0)],
  depthwise: ({ channels: c, multiplier: m, kernel: k, isPlane }) =>
    isPlane ? onePlane(k) : [`C·m·${letters(k)}`, times(c, m, ...k), c * m * product(k)],
  'depthwise-separable': ({ channels: c, multiplier: m, filters: o, kernel: k }) => [
    `C·m·${letters(k)} + O·C·m`,
    `${times(c, m, ...k)} + ${times(o, c, m)}`,
    c * m * product(k) + o * c * m,
  ],
  involution: ({ channels: c, hidden: r, groups: g, kernel: k }) => [
    'C·R + R·K·K·G',
    `${times(c, r)} + ${times(r, ...k, g)}`,
    c * r + r * product(k) * g,
  ],
  maxpool: none,
  unpool: none,
}

function banked({ channels: c, filters: o, groups: g, kernel: k, isPlane }: Sizes): Formula {
  if (isPlane) return onePlane(k)
  const label = g === 1 ? 'O·C' : 'O·C/groups'
  return [`${label}·${letters(k)}`, times(o, c / g, ...k), o * (c / g) * product(k)]
}

const onePlane = (k: readonly number[]): Formula => [
  `${letters(k)}, the same for every channel`,
  times(...k),
  product(k),
]

function none(): Formula {
  return ['none', '0', 0]
}

const letters = (kernel: readonly number[], by = '·'): string =>
  ['kD', 'kH', 'kW'].slice(3 - kernel.length).join(by)

/** Multiplications of each operator: those of the weights at every place, but for a few. */
export function multiplied(name: ExplainedName, s: Sizes, [formula, filled, count]: Formula): Formula {
  const out = s.axes.map((a) => a.output)
  // a plane is used anew for every channel
  const [letter, channels, each] = s.isPlane ? ['C·', `${s.channels}·`, s.channels] : ['', '', 1]
  if (name === 'transposed') {
    const input = s.axes.map((a) => a.input)
    return [
      `weights · ${letter}${places(input, '')}`,
      `${count} · ${channels}${times(...input)}`,
      count * each * product(input),
    ]
  }
  if (name === 'separable') {
    const [y, x] = s.axes as [Axis, Axis]
    const total = s.channels * (y.kernel * y.output * x.input + x.kernel * y.output * x.output)
    return [
      "C·(kH·H'·W + kW·H'·W')",
      `${s.channels}·(${times(y.kernel, y.output, x.input)} + ${times(x.kernel, y.output, x.output)})`,
      total,
    ]
  }
  if (name === 'involution') {
    const perPlace = count + product(s.kernel) * s.channels
    return [
      `H'·W'·(${formula} + K·K·C)`,
      `${times(...out)}·(${filled} + ${times(...s.kernel, s.channels)})`,
      product(out) * perPlace,
    ]
  }
  if (count === 0) return none()
  return [
    `weights · ${letter}${places(out, "'")}`,
    `${count} · ${channels}${times(...out)}`,
    count * each * product(out),
  ]
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
  outputPadding: number,
): SizeExplanation {
  const { input, kernel, stride, dilation, before, after, output } = a
  const axis = (['depth', 'height', 'width'] as const)[index]!
  const padding = before + after
  const choice = { kernel, stride, dilation, padding: [before, after] } as const
  if (name === 'unpool') {
    return {
      axis,
      input,
      output: input,
      ...choice,
      formula: 'in',
      filled: `${input}, pooled to ${output} and put back`,
    }
  }
  if (name === 'involution') {
    return {
      axis,
      input,
      output,
      ...choice,
      formula: 'floor(in / stride)',
      filled: `floor(${input} / ${stride}) = ${output}`,
    }
  }
  if (name === 'transposed') {
    const formula = '(in − 1)·stride − padding + dilation·(k − 1) + output padding + 1'
    const filled = `(${input} − 1)·${stride} − ${padding} + ${dilation}·(${kernel} − 1) + ${outputPadding} + 1 = ${output}`
    return { axis, input, output, ...choice, formula, filled }
  }
  const formula = 'floor((in + padding − dilation·(k − 1) − 1) / stride) + 1'
  const filled = `floor((${input} + ${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}) + 1 = ${output}`
  return { axis, input, output, ...choice, formula, filled }
}
