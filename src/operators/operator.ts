import type { FilterOptions } from '../conv/plan.ts'
import type { Recipe } from '../conv/recipe.ts'
import type { Engine } from '../definition/engine.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Params, Values } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Layer, LayerRules } from './layer.ts'

/**
 * The level of white in the picture that a tensor was made from: 255, 65535, 1 or as given. Tensors hold levels as they
 * were read.
 */
export type FullScale = number

/** Which arithmetic runs, by a stable name, and why. */
export type Arithmetic = {
  /** How the sums are computed, such as `integer` or `fft`. */
  readonly algorithm: string
  /** Why it was chosen. */
  readonly reason: string
}

/** Kinds of arithmetic that several steps on tensors share. The default of a step is `bank`. */
export const arithmetics = {
  bank: {
    algorithm: 'bank',
    reason: 'direct sums in float32, four filters at a time',
  },
  samples: { algorithm: 'samples', reason: 'float32, sample by sample' },
} as const satisfies Record<string, Arithmetic>

/** Returns what an earlier step kept under a name; `keep` adds to it. */
export type Kept = ((name: string) => Tensor) & { keep(name: string, tensor: Tensor): void }

/**
 * One step on a picture or tensor, [C,H,W] in and out, or [C,D,H,W] for volumes. What it does becomes nodes of a graph.
 */
export type Step = {
  /** What the user should know about the step, such as the error of an approximation; read after it has run. */
  readonly notes?: readonly string[]
  /**
   * How it treats channels. `each`: each channel separately, alpha included. `colour`: channels are mixed; alpha is set
   * aside, and put back if one or three channels of the same size come out. `pixels`: kernels filter each channel of
   * the picture as decoded, and handle alpha themselves.
   */
  readonly acts: 'each' | 'colour' | 'pixels'
  /** For `pixels`: the kernels, and how they are applied to the picture. */
  readonly kernels?: { readonly recipe: Recipe; readonly options: FilterOptions }
  /** For `colour`: whether each channel is treated separately, so that alpha can be one of them if requested. */
  readonly isChannelwise?: boolean
  /** Whether it only moves samples. Alpha then moves with them as any channel does, and so do hidden colours. */
  readonly moves?: boolean
  /** How it treats a volume [C,D,H,W]: slice by slice, or `whole`. */
  readonly volume?: 'whole'
  /** Whether it must see all of its input, or all of each channel (`alone`), before it outputs anything. */
  readonly seesAll?: true | 'alone'
  /** For `seesAll`: the number of multiplications for [C,H,W]. */
  multiplications?(shape: readonly [channels: number, height: number, width: number]): number
  readonly arithmetic?: Arithmetic
  /** The full scale of the output, if it differs from that of the input. */
  readonly full?: FullScale
  /** The number that represents 1 in the output, if it differs from that in the input. */
  readonly unit?: FullScale
  /**
   * Makes alpha [1,H,W] for an output of this size. Called for `colour` if the size has changed, and always for a step
   * that moves samples.
   */
  carries?(alpha: Tensor, size: readonly [height: number, width: number], engine: Engine): Promise<Tensor>
  /** For a step whose output shows exactly what its input shows: the factors of its size; read after it has run. */
  scale?(): readonly [down: number, across: number]
  /** Whether an output of one or three channels is a picture. Default: it is. */
  givesPicture?(): boolean
  /** The name under which the output is kept for later steps. */
  readonly keeps?: string
  /** Runs the step. `kept` returns what an earlier step kept under a name. @throws ConvoError E_NAME */
  apply(x: Tensor, engine: Engine, kept?: Kept): Promise<Tensor>
  /** Applies what can be done only when the whole output of `apply` is available; keeps the shape. */
  settle?(whole: Tensor): Promise<Tensor>
}

/**
 * The shared options about kernels, as far as the user gave them. For the others, every operator has its own defaults.
 * Biases and fill values are levels of 0..255 at any depth.
 */
export type KernelOptions = {
  readonly [K in keyof Omit<FilterOptions, 'bias'>]?: FilterOptions[K] | undefined
} & {
  readonly groups?: number | undefined
  /** One number, or one for each channel of the output. */
  readonly bias?: number | readonly number[] | undefined
}

/** What a step is built from. */
export type Given<P extends Params = Params> = {
  readonly values: Values<P>
  readonly kernel: Kernel | undefined
  readonly settings: KernelOptions
  /** The number of channels of the picture, including alpha. */
  readonly channels: number
  readonly full: FullScale
  /** The number that represents 1, for functions such as sigmoid. Default: white. */
  readonly unit?: FullScale | undefined
}

/** What a layer is described from: the values of a command, and the shape of its input. */
export type LayerGiven<P extends Params = Params> = Pick<Given<P>, 'values' | 'kernel' | 'settings'> & {
  /** The shape of the input, [C,H,W] or [C,D,H,W]. */
  readonly shape: readonly number[]
  /**
   * Without a kernel: whether to describe the layer of the textbook, by default 3x3, instead of what the command does
   * to pictures.
   */
  readonly isTextbook: boolean
}

/** The groups of filters, in lists and help. */
export type FilterGroup = 'edges' | 'smoothing' | 'detail' | 'texture' | 'windows' | 'size'

/** A textbook operator as a command on pictures, or a small step of a chain. All are listed in operators/index.ts. */
export type Operator<P extends Params = Params> = {
  /** One line, as a verb. */
  readonly summary: string
  /** The sum that it computes, and the size of the output. */
  readonly formula: string
  /** The source of the definition. */
  readonly source: string
  readonly group: 'operators' | 'steps' | FilterGroup
  readonly params: P
  /**
   * `volume`: it takes all pages or slices of its input, [C,D,H,W]. A function returns whether it does for these values
   * and this kernel.
   */
  readonly input?: 'volume' | ((values: Values<P>, kernel: Kernel | undefined) => boolean)
  /** Whether --kernel is accepted or required. */
  readonly kernel: 'none' | 'optional' | 'required'
  /** An example kernel, if one is required. */
  readonly sample?: string
  /** The shared options that it accepts; all others are refused. */
  readonly takes: readonly (keyof KernelOptions)[]
  /** Builds the step. It may be a promise if its kernel takes long to make, so that the event loop keeps running. */
  build(given: Given<P>): Step | Promise<Step>
  /**
   * How `explain` describes it as a layer of a network. Small steps have none. `of` throws the errors of the command.
   */
  readonly layer?: LayerRules & { of(given: LayerGiven<P>): Layer | Promise<Layer> }
  /** The names of its animations for `animate`, with a summary of each; drawn in teach/operators. */
  readonly animations?: Readonly<Record<string, string>>
  /** Example command lines for the help of the operator, `explain` and `animate`. */
  readonly examples?: readonly string[]
}

/** Checks an entry with the types of its params, then drops them for the table. */
export const operator = <P extends Params>(entry: Operator<P>): Operator => entry as unknown as Operator
