import type { ConvoError } from '../../error.ts'
import type { Builder } from '../builder.ts'
import type { Attribute } from '../network.ts'
import type { NcnnWeights } from './ncnn-weights.ts'

export type Attributes = Readonly<Record<string, Attribute>>

/** What a layer adds. Its nodes have the names of the outputs, except that `same` renames an existing value. */
export type Result = { readonly same?: string; readonly isFlat?: boolean }
/** Adds the nodes of a layer. */
export type Make = (layer: Layer) => Result

/** "To the end" in the sizes of ONNX. */
export const toTheEnd = 2 ** 31 - 1
/** "Not stated". As a padding it means SAME_UPPER, and one less means SAME_LOWER. */
export const unstated = -233

/** A function of each number that is one node of ONNX after others. */
type Activation = (
  builder: Builder,
  x: string,
  a: number,
  b: number,
) => readonly [operator: string, inputs: readonly string[], attributes?: Attributes]

/** The activations of layers, by their numbers from 1; they are layers of their own too. */
export const activations: Readonly<
  Record<'relu' | 'leaky' | 'clip' | 'sigmoid' | 'mish' | 'hardSwish', Activation>
> = {
  relu: (_, x) => ['Relu', [x]],
  leaky: (_, x, a) => ['LeakyRelu', [x], { alpha: a }],
  clip: (builder, x, a, b) => ['Clip', [x, builder.floats(a), builder.floats(b)]],
  sigmoid: (_, x) => ['Sigmoid', [x]],
  mish: (builder, x) => ['Mul', [x, builder.add('Tanh', [builder.add('Softplus', [x])])]],
  hardSwish: (builder, x, a, b) => ['Mul', [x, builder.add('HardSigmoid', [x], { alpha: a, beta: b })]],
}
const numbered: readonly (Activation | undefined)[] = [undefined, ...Object.values(activations)]

/** A layer of a `.param` file. Its parameters have numbers as keys. */
export class Layer {
  constructor(
    readonly name: string,
    readonly inputs: readonly string[],
    readonly outputs: readonly string[],
    readonly params: ReadonlyMap<number, readonly number[]>,
    /** Whether a value is one number for each channel: [1,C,1,1] here, a vector in ncnn. */
    readonly flat: ReadonlySet<string>,
    readonly builder: Builder,
    readonly weights: NcnnWeights,
    readonly refuse: (why: string) => ConvoError,
  ) {}

  /** The first input. */
  get x(): string {
    return this.inputs[0]!
  }

  /** Whether the first input is one number for each channel. */
  get isFlat(): boolean {
    return this.flat.has(this.x)
  }

  number(key: number, otherwise: number): number {
    return this.params.get(key)?.[0] ?? otherwise
  }

  numbers(key: number): readonly number[] {
    return this.params.get(key) ?? []
  }

  /** A parameter that must be a 32-bit integer. @throws ConvoError E_NET_OPERATOR */
  whole(key: number, otherwise: number): number {
    return this.checked(this.number(key, otherwise))
  }

  wholes(key: number): readonly number[] {
    return this.numbers(key).map((value) => this.checked(value))
  }

  private checked(value: number): number {
    if ((value | 0) === value) return value | 0
    throw this.refuse(`has the number ${value}, which must be whole`)
  }

  /** The values for rows and for columns. Rows have a key of their own and default to the value for columns. */
  both(wide: number, high: number, otherwise: number): [high: number, wide: number] {
    const first = this.whole(wide, otherwise)
    return [this.whole(high, first), first]
  }

  /** Adds a node whose outputs are those of the layer. */
  node(operator: string, inputs: readonly string[], attributes?: Attributes, name = this.name): Result {
    this.builder.add(operator, inputs, attributes, { name, outputs: this.outputs })
    return { isFlat: inputs.every((one) => this.flat.has(one) || this.builder.constants.has(one)) }
  }

  /** Adds a node and the activation of the layer after it. The outputs are those of the layer. */
  activated(operator: string, inputs: readonly string[], attributes: Attributes): Result {
    const type = this.whole(9, 0)
    if (type === 0) return this.node(operator, inputs, attributes)
    const before = this.builder.add(operator, inputs, attributes, { name: this.name })
    const [a = 0, b = 0] = this.numbers(10)
    const activation = numbered[type]
    if (activation === undefined) throw this.refuse(`has an unsupported activation, ${type}`)
    const [last, from, more] = activation(this.builder, before, a, b)
    return this.node(last, from, more, `${this.name}_activation`)
  }

  /** The paddings of a convolution, or the rule by which they follow from the size. */
  paddings(): Attributes {
    const l = this.whole(4, 0)
    if (l === unstated) return { auto_pad: 'SAME_UPPER' }
    if (l === unstated - 1) return { auto_pad: 'SAME_LOWER' }
    const t = this.whole(14, l)
    return { pads: [t, l, this.whole(16, t), this.whole(15, l)] }
  }

  /** Converts an axis, which ncnn counts without the batch axis. */
  axis(axis: number): number {
    if (!Number.isInteger(axis) || axis < -3 || axis > 2) throw this.refuse(`has no axis ${axis}`)
    return axis < 0 ? axis + 4 : axis + 1
  }

  /** Pads the first input: top, left, bottom, right, and channels before and after. */
  pad(pads: readonly number[], mode: string, value: number, channels = [0, 0]): string {
    const [top = 0, left = 0, bottom = 0, right = 0] = pads
    const all = this.builder.ints([0, channels[0]!, top, left, 0, channels[1]!, bottom, right])
    return this.builder.add('Pad', [this.x, all, this.builder.floats(value)], { mode })
  }
}
