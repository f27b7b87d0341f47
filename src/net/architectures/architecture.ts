import { ConvoError } from '../../error.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import type { Builder } from '../builder.ts'
import { quoted } from '../formats/format.ts'
import type { Attribute, Constant, Meaning } from '../network.ts'

/** The tensors of a file that contains only tensors. */
export type Weights = {
  readonly file: string
  /** In the order of the file. */
  readonly names: readonly string[]
  /** Returns undefined if there is no tensor of this name. */
  readonly shape: (name: string) => readonly number[] | undefined
  /** Reads a tensor, which must exist. @throws ConvoError E_NET_FORMAT for unsupported types, E_TOO_LARGE */
  readonly read: (name: string) => Constant
}

/** The network that an architecture builds from its tensors. */
export type Built = {
  /** The name of the value that the network outputs. */
  readonly output: string
  /** Channels of its input. */
  readonly channels: number
  readonly meaning: Meaning
}

/** A published network that is recognised by the names of its tensors. */
export type Architecture = {
  readonly name: string
  /** One line: what it does, who published it, and the tensors that it is recognised by. */
  readonly summary: string
  /**
   * Adds its layers after the input `x`, or returns undefined if the tensors are not its own.
   *
   * @param scale of the output over the input, for architectures whose tensors leave it open
   * @throws ConvoError E_NET_FORMAT for a tensor that is missing or has another shape
   */
  readonly build: (layers: Layers, x: string, scale: number | undefined) => Built | undefined
  /** Tensors left over from training that the network does not need. */
  readonly ignores?: RegExp
}

/** A network that maps a picture to a picture, with black at 0 and white at 1. A single channel is Y of YCbCr. */
export const toPicture = (output: string, channels: number, scale: number, more?: Meaning): Built => ({
  output,
  channels,
  meaning: {
    inRange: '0..1',
    outRange: '0..1',
    channels: channels === 1 ? 'luma' : 'rgb',
    scale,
    ...more,
  },
})

type ConvOptions = {
  readonly stride?: number
  readonly dilation?: number
  readonly padding?: number
  readonly groups?: number
}

/** Builds layers of PyTorch. Each layer finds its tensors by its own name; values are referred to by name. */
export class Layers {
  /** Names of the tensors that layers have used. */
  readonly taken = new Set<string>()

  constructor(
    readonly weights: Weights,
    readonly builder: Builder,
  ) {}

  /** The shape of a tensor that must exist. @throws ConvoError E_NET_FORMAT */
  shape(name: string, rank?: number): readonly number[] {
    const shape = this.weights.shape(name)
    if (shape !== undefined && (rank === undefined || shape.length === rank) && sizeOf(shape) > 0)
      return shape
    const { file } = this.weights
    throw new ConvoError('E_NET_FORMAT', `${file} lacks a tensor of its architecture, ${quoted(name)}`, {
      why:
        shape === undefined
          ? `${file}: there is no tensor of this name`
          : `${file}: its shape is ${describe(shape)}, and ${rank} sizes above 0 are needed`,
    })
  }

  /** The error for tensors whose shapes do not fit together. */
  misfit(name: string): ConvoError {
    const { file, names, shape } = this.weights
    const own = names.filter((one) => one.startsWith(`${name}.`))
    const why = own.map((one) => `${file}: ${quoted(one)} is ${describe(shape(one))}`)
    const what = `${file} has tensors of ${quoted(name)} that do not fit each other`
    return new ConvoError('E_NET_FORMAT', what, { why })
  }

  read(name: string, rank?: number): Constant {
    this.shape(name, rank)
    this.taken.add(name)
    return this.weights.read(name)
  }

  has(name: string): boolean {
    return this.weights.shape(name) !== undefined
  }

  /** Adds a node that takes one or more values. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
  ): string {
    return this.builder.add(operator, inputs, attributes)
  }

  /** `nn.Conv2d`. Unless padding is given, the output has the size of the input. */
  conv(name: string, x: string, options: ConvOptions = {}, weight?: Constant, bias?: Constant): string {
    const kernel = weight ?? this.read(`${name}.weight`, 4)
    const [, , high = 1, wide = 1] = kernel.shape
    const { stride = 1, dilation = 1, padding, groups = 1 } = options
    const reach = (size: number) => padding ?? (dilation * (size - 1)) / 2
    const added = bias ?? (this.has(`${name}.bias`) ? this.read(`${name}.bias`, 1) : undefined)
    const attributes = {
      kernel_shape: [high, wide],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      pads: [reach(high), reach(wide), reach(high), reach(wide)].map(Math.floor),
      ...(groups > 1 && { group: groups }),
    }
    return this.bank('Conv', name, x, kernel, added, attributes)
  }

  /** `nn.ConvTranspose2d` */
  convTranspose(
    name: string,
    x: string,
    { stride, padding = 0, outputPadding = 0 }: { stride: number; padding?: number; outputPadding?: number },
  ): string {
    const kernel = this.read(`${name}.weight`, 4)
    const bias = this.has(`${name}.bias`) ? this.read(`${name}.bias`, 1) : undefined
    return this.bank('ConvTranspose', name, x, kernel, bias, {
      kernel_shape: kernel.shape.slice(2),
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      output_padding: [outputPadding, outputPadding],
    })
  }

  private bank(
    operator: string,
    name: string,
    x: string,
    kernel: Constant,
    bias: Constant | undefined,
    attributes: Readonly<Record<string, Attribute>>,
  ): string {
    const inputs = [x, this.builder.constant(kernel, `${name}.weight`)]
    if (bias !== undefined) inputs.push(this.builder.constant(bias, `${name}.bias`))
    return this.builder.add(operator, inputs, attributes, { name })
  }

  /** `nn.BatchNorm2d` in evaluation mode: with the statistics from training. */
  batchNorm(name: string, x: string): string {
    return this.named('BatchNormalization', name, x, { epsilon: 1e-5 }, 'running_mean', 'running_var')
  }

  /** `nn.PReLU` with one slope for all channels or one for each. */
  prelu(name: string, x: string): string {
    const { type, shape, data } = this.read(`${name}.weight`, 1)
    const slope = this.builder.constant({ type, shape: [...shape, 1, 1], data }, `${name}.weight`)
    return this.builder.add('PRelu', [x, slope], {}, { name })
  }

  /** A depthwise convolution. */
  depthwise = (name: string, x: string): string =>
    this.conv(name, x, { groups: this.shape(`${name}.weight`, 4)[0]! })

  /** A convolution of the first `wide` of `channels`. The others are passed through. */
  large(name: string, x: string, wide: number, channels: number): string {
    if (wide === channels) return this.conv(name, x)
    const [some, others] = this.split(x, [wide, channels - wide]) as [string, string]
    return this.concat(this.conv(name, some), others)
  }

  /** Splits the channels into parts of these sizes. */
  split(x: string, sizes: readonly number[]): string[] {
    let start = 0
    return sizes.map((size) => {
      const places = [[start], [start + size], [1]].map((list) => this.builder.ints(list))
      start += size
      return this.node('Slice', [x, ...places])
    })
  }

  /** Adds a node with one number for each channel as its weight, its bias and other parts. */
  private named(
    operator: string,
    name: string,
    x: string,
    attributes: Readonly<Record<string, Attribute>>,
    ...more: readonly string[]
  ): string {
    const parts = ['weight', 'bias', ...more].map((part) => {
      const full = `${name}.${part}`
      return this.builder.constant(this.read(full, 1), full)
    })
    return this.builder.add(operator, [x, ...parts], attributes, { name })
  }

  /** `nn.GroupNorm` */
  groupNorm = (name: string, x: string, groups: number): string =>
    this.named('GroupNormalization', name, x, { num_groups: groups, epsilon: 1e-5 })

  /** Layer normalisation over the channels of each pixel. */
  channelNorm(name: string, x: string, epsilon: number): string {
    const last = this.node('Transpose', [x], { perm: [0, 2, 3, 1] })
    const even = this.named('LayerNormalization', name, last, { axis: -1, epsilon })
    return this.node('Transpose', [even], { perm: [0, 3, 1, 2] })
  }

  relu = (x: string): string => this.node('Relu', [x])
  tanh = (x: string): string => this.node('Tanh', [x])
  sigmoid = (x: string): string => this.node('Sigmoid', [x])
  silu = (x: string): string => this.node('Mul', [x, this.sigmoid(x)])
  leaky = (x: string, alpha: number): string => this.node('LeakyRelu', [x], { alpha })
  add = (a: string, b: string): string => this.node('Add', [a, b])
  subtract = (a: string, b: string): string => this.node('Sub', [a, b])
  multiply = (a: string, b: string): string => this.node('Mul', [a, b])
  scale = (x: string, by: number): string => this.multiply(x, this.builder.floats(by))
  concat = (...parts: readonly string[]): string => this.node('Concat', parts, { axis: 1 })
  maxPool = (x: string, size: number): string =>
    this.node('MaxPool', [x], { kernel_shape: [size, size], strides: [size, size] })

  /** `nn.PixelShuffle` */
  shuffle = (x: string, by: number): string =>
    by === 1 ? x : this.node('DepthToSpace', [x], { blocksize: by, mode: 'CRD' })

  /** `F.interpolate` by an integer factor. */
  upsample(x: string, by: number, mode: 'nearest' | 'linear-corners' = 'nearest'): string {
    if (by === 1) return x
    const scales = this.builder.floats([1, 1, by, by])
    return this.node(
      'Resize',
      [x, '', scales],
      mode === 'nearest'
        ? { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
        : { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    )
  }

  /** Whether all of these tensors exist. */
  hasAll(...names: readonly string[]): boolean {
    return names.every((name) => this.has(name))
  }

  /** Counts the layers `name(0)`, `name(1)`, … up to the first whose weights do not exist. */
  run(name: (index: number) => string): number {
    let count = 0
    while (this.has(`${name(count)}.weight`)) count++
    return count
  }

  /**
   * The factor of a pixel shuffle after a layer whose output is to have `channels` channels.
   *
   * @throws ConvoError E_NET_FORMAT
   */
  shuffleFactor(name: string, channels: number): number {
    const { shape, file } = this.weights
    const [out = 0] = shape(`${name}.weight`) ?? []
    const factor = Math.sqrt(out / channels)
    if (Number.isInteger(factor) && factor > 0) return factor
    throw new ConvoError('E_NET_FORMAT', `${file} produces a picture with an unknown number of channels`, {
      why: `${file}: ${out} channels of ${quoted(`${name}.weight`)} are not a square times ${channels}`,
    })
  }
}
