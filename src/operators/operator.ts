import type { FilterOptions } from '../conv/plan.ts'
import type { Recipe } from '../conv/recipe.ts'
import type { Engine } from '../definition/engine.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Params, Values } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Layer, LayerRules } from './layer.ts'

/** What is white in the picture that a tensor was made from, 255, 65535, 1 or as given: tensors hold levels as they were read. */
export type FullScale = number

/** Which arithmetic runs, by a stable name, and why. */
export type Arithmetic = {
  /** How the sums are computed, such as `integer` or `fft`. */
  readonly algorithm: string
  /** Why it was chosen. */
  readonly reason: string
}

/** The arithmetic that steps on tensors share. Steps that say nothing run banks. */
export const arithmetics = {
  bank: {
    algorithm: 'bank',
    reason: 'direct sums in float32, four filters at a time',
  },
  samples: { algorithm: 'samples', reason: 'float32, sample by sample' },
} as const satisfies Record<string, Arithmetic>

/** What earlier steps kept, by name; and what keeps more. */
export type Kept = ((name: string) => Tensor) & { keep(name: string, tensor: Tensor): void }

/** One step on a picture or tensor, [C,H,W] in and out, or for volumes [C,D,H,W]: what it does is nodes of a graph. */
export type Step = {
  /** What the user should know of it, such as the error of an approximation; read when it has run. */
  readonly notes?: readonly string[]
  /**
   * How it treats channels: `each` on its own (alpha goes along); `colour` mixed (alpha is set aside and put back when one
   * or three channels of the same size come out); or `pixels` as they are decoded, by kernels over every channel alone,
   * which see to alpha themselves.
   */
  readonly acts: 'each' | 'colour' | 'pixels'
  /** Of `pixels`: the kernels, and how they meet the picture. */
  readonly kernels?: { readonly recipe: Recipe; readonly options: FilterOptions }
  /** Of `colour`: every channel is treated alone, so that alpha may be one more of them where that is asked for. */
  readonly isChannelwise?: boolean
  /** It takes samples to other places as they are: alpha goes along as any channel does, and so do hidden colours. */
  readonly moves?: boolean
  /** How it meets a volume [C,D,H,W]: slice by slice, unless it takes it `whole`. */
  readonly volume?: 'whole'
  /** It must see all of its input before it gives any output; or of each channel `alone`. */
  readonly seesAll?: true | 'alone'
  /** Of one that does: how many it takes for [C,H,W]. */
  multiplications?(shape: readonly [channels: number, height: number, width: number]): number
  readonly arithmetic?: Arithmetic
  /** The full scale of what comes out, when it is not that of what went in. */
  readonly full?: FullScale
  /** The number that represents 1 in what comes out, when it is not that of what went in. */
  readonly unit?: FullScale
  /** Alpha [1,H,W] for a picture of this size: of `colour`, where that is another one; of one that moves samples, always. */
  carries?(alpha: Tensor, size: readonly [height: number, width: number], engine: Engine): Promise<Tensor>
  /** Whether one or three channels that came out are a picture. Default: they are. */
  givesPicture?(): boolean
  /** The name under which what comes out is kept for later steps. */
  readonly keeps?: string
  /** `kept` gives what an earlier step kept under a name. @throws ConvoError E_NAME */
  apply(x: Tensor, engine: Engine, kept?: Kept): Promise<Tensor>
  /** What can be done only when all of what `apply` gives is there; of the same shape. */
  settle?(whole: Tensor): Promise<Tensor>
}

/**
 * The shared options about kernels, as far as they were given: for the rest every operator has defaults of its own.
 * Biases and fill values are in levels of 0..255, whatever the depth.
 */
export type KernelOptions = {
  readonly [K in keyof Omit<FilterOptions, 'bias'>]?: FilterOptions[K] | undefined
} & {
  readonly groups?: number | undefined
  /** One number, or one for each channel of the output. */
  readonly bias?: number | readonly number[] | undefined
}

/** What a step is made from. */
export type Given<P extends Params = Params> = {
  readonly values: Values<P>
  readonly kernel: Kernel | undefined
  readonly settings: KernelOptions
  /** Channels of the picture that the step meets, alpha among them. */
  readonly channels: number
  readonly full: FullScale
  /** The number that represents 1, of functions such as sigmoid. Default: white. */
  readonly unit?: FullScale | undefined
}

/** What a command was given, and what it would meet, for the layer that it comes to. */
export type LayerGiven<P extends Params = Params> = Pick<Given<P>, 'values' | 'kernel' | 'settings'> & {
  /** Of the input, [C,H,W] or [C,D,H,W]. */
  readonly shape: readonly number[]
  /** Without a kernel: the layer of the textbook, by default 3x3, instead of what the command does to pictures. */
  readonly isTextbook: boolean
}

/** The groups of filters, in lists and help. */
export type FilterGroup = 'edges' | 'smoothing' | 'detail' | 'texture' | 'windows' | 'size'

/** A textbook operator as a command on pictures, or a small step of a chain: listed in operators/index.ts. */
export type Operator<P extends Params = Params> = {
  /** One line, as a verb. */
  readonly summary: string
  /** The sum it computes, and the size of what comes out. */
  readonly formula: string
  /** Where the definition comes from. */
  readonly source: string
  readonly group: 'operators' | 'steps' | FilterGroup
  readonly params: P
  /** `volume`: it takes all pages or slices of its input, [C,D,H,W]; or whether it does with such values and kernel. */
  readonly input?: 'volume' | ((values: Values<P>, kernel: Kernel | undefined) => boolean)
  /** Whether --kernel is taken, or needed. */
  readonly kernel: 'none' | 'optional' | 'required'
  /** A kernel to show it with, where one is needed. */
  readonly sample?: string
  /** The shared options that it takes; any other is refused. */
  readonly takes: readonly (keyof KernelOptions)[]
  /** The step; a promise of one whose kernel takes long to make, so that the event loop turns meanwhile. */
  build(given: Given<P>): Step | Promise<Step>
  /** What it is as a layer of a network, for `explain`; steps are none. `of` throws as the command does. */
  readonly layer?: LayerRules & { of(given: LayerGiven<P>): Layer | Promise<Layer> }
  /** What `animate` shows of it by default, by the names to ask for it; drawn in teach/operators. */
  readonly animations?: Readonly<Record<string, string>>
  /** Command lines that it, `explain` and `animate` show of it in their help. */
  readonly examples?: readonly string[]
}

/** Keeps the types of the params for `build`, and forgets them for the table. */
export const operator = <P extends Params>(entry: Operator<P>): Operator => entry as unknown as Operator
