import { ConvoError, nearest } from '../error.ts'
import { sizeOf } from '../tensor/tensor.ts'

/**
 * A network as described by its file: nodes with ONNX operators, whatever the format of the file. Nothing is folded, and
 * only the file itself has been checked. Sizes are determined once the size of the picture is known.
 */
export type Network = {
  /** The format of the file, such as `onnx` or `safetensors`. */
  readonly format: string
  /** The name in the file or of the recognised architecture, such as `ESPCN`; empty if there is none. */
  readonly name: string
  /** The paths that it was read from; none if it was read from bytes. */
  readonly files?: readonly string[]
  /** The inputs, in order, without initialisers. */
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** The nodes, each after those whose outputs it reads. */
  readonly nodes: readonly NetworkNode[]
  /** Weights and other constants, by the name that nodes use. */
  readonly constants: ReadonlyMap<string, Constant>
  /** The text metadata of the file, as in ONNX and safetensors. */
  readonly metadata: ReadonlyMap<string, string>
  /** The samples that the network takes and outputs, if the file or the architecture says so. */
  readonly meaning?: Meaning
}

/** An input or output, usually [N,C,H,W]. A size that the file leaves open is a name, or undefined. */
export type Port = {
  readonly name: string
  readonly shape: readonly (number | string | undefined)[] | undefined
}

export type NetworkNode = {
  /** The ONNX operator, such as `Conv` or `PRelu`. */
  readonly operator: string
  /** Its domain: empty for ONNX's own operators. */
  readonly domain: string
  /** The opset that defines it. */
  readonly opset: number
  /** The name for messages: that in the file, or one made from its position. */
  readonly name: string
  /** Names of constants, inputs, or outputs of other nodes; empty if an optional input is absent. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  /** For a node in a branch: the values that must be true or false for it to run, outermost branch first. */
  readonly when?: readonly Condition[]
}

/** A value that must be true, or false. */
export type Condition = readonly [name: string, is: boolean]

/** All names that a node reads, including those of its conditions. */
export const readsOf = ({ inputs, when = [] }: NetworkNode): readonly string[] =>
  when.length === 0 ? inputs : [...inputs, ...when.map(([name]) => name)]

export type Attribute = number | string | readonly number[] | readonly string[] | Constant

/** The array that stores the numbers of each type. */
export const constantArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: Float64Array,
  int32: Int32Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const

/** Numbers with a shape, which is empty for a scalar. float16 and bfloat16 are widened to float32. */
export type Constant = {
  readonly type: keyof typeof constantArrays
  readonly shape: readonly number[]
  /**
   * int64 is stored as float64; beyond 2^53 that is the nearest double, as for `2^63 - 1`, which files use for "to the end".
   * uint32 and uint64 become int64. bool is 0 or 1.
   */
  readonly data: InstanceType<(typeof constantArrays)[Constant['type']]>
}

/** How the levels of a picture correspond to the numbers of a network. */
export type Meaning = {
  /** The numbers that are black and white in the input. */
  readonly inRange?: NetRange
  /** The same for the output. `raw`: numbers that are not levels. */
  readonly outRange?: NetRange | 'raw'
  /** `luma`: the network takes and outputs only Y of YCbCr; chroma is resized separately. */
  readonly channels?: NetColours
  /** The factor by which the output is larger than the input. */
  readonly scale?: number
  /** Width and height must be multiples of this. The picture is padded at the right and bottom, and the result cropped. */
  readonly multiple?: number
}

/** The ranges from black to white that a network may take. */
export const netRanges = ['0..1', '-1..1', '0..255', '-128..127', '0..65535', 'imagenet'] as const
export type NetRange = (typeof netRanges)[number]
/** The ranges that it may output; `raw` is numbers that are not levels. */
export const netOutRanges = [...netRanges, 'raw'] as const

/** The channels that a network takes: RGB, BGR, gray, or the luma of a colour picture, whose chroma is resized separately. */
export const netColours = ['rgb', 'bgr', 'gray', 'luma'] as const
export type NetColours = (typeof netColours)[number]

/**
 * The metadata keys with which a file of any format can describe its samples, with the values of the options:
 * `convo.in-range` and the others.
 */
export const meaningKeys = {
  'in-range': { field: 'inRange', words: netRanges },
  'out-range': { field: 'outRange', words: netOutRanges },
  colours: { field: 'channels', words: netColours },
} as const satisfies Readonly<Record<string, { field: keyof Meaning; words: readonly string[] }>>

/** Numbers for inputs other than the picture, such as the strength of a denoiser, by name. */
export type NetInputs = Readonly<Record<string, number>>

/** Turns inputs into constants, each filled with its number. @throws ConvoError E_OPTION for inputs that do not exist */
export function withInputs(network: Network, set: NetInputs): Network {
  const { inputs } = network
  const names = inputs.map(({ name }) => name)
  const odd = Object.keys(set).find((name) => !names.includes(name))
  if (odd !== undefined) {
    const numbers = inputs.filter(isNumber).map(({ name }) => name)
    const guess = nearest(odd, numbers)
    throw new ConvoError('E_OPTION', `the network has no input "${odd}"`, {
      why: `its inputs: ${inputs.map(named).join(', ')}`,
      ...(guess !== undefined && { instead: [odd, guess] as const }),
    })
  }
  const own = inputs.filter(({ name }) => Object.hasOwn(set, name))
  const picture = own.find((port) => !isNumber(port))
  if (picture !== undefined) {
    const what = `the input ${named(picture)} of the network is a picture, not a number`
    throw new ConvoError('E_OPTION', what, { fix: 'only inputs other than the picture' })
  }
  const filled = own.map(({ name, shape = [] }): readonly [string, Constant] => {
    const sizes = shape.map((n) => (typeof n === 'number' && n > 0 ? n : 1))
    return [name, { type: 'float32', shape: sizes, data: new Float32Array(sizeOf(sizes)).fill(set[name]!) }]
  })
  return {
    ...network,
    inputs: inputs.filter((port) => !own.includes(port)),
    constants: new Map([...network.constants, ...filled]),
  }
}

/** Finds the input that takes the picture. @throws ConvoError E_NET_OPERATOR if there is none, or more than one */
export function pictureInput({ inputs, constants }: Network): Port {
  const asked = inputs.filter(({ name }) => !constants.has(name))
  const [port] = asked
  if (port !== undefined && asked.length === 1) return port
  const numbers = asked.filter(isNumber)
  const list = asked.find((one) => one.shape?.length === 1 && !numbers.includes(one))
  throw new ConvoError(
    'E_NET_OPERATOR',
    port === undefined
      ? 'the network takes no picture'
      : `the network takes ${asked.length} inputs, and one picture is given`,
    {
      why: inputs.map(named),
      ...(port !== undefined && {
        fix:
          numbers.length === asked.length - 1 && numbers.length > 0
            ? `--set ${numbers.map(({ name }) => `${name}=0.5`).join()}`
            : list !== undefined
              ? `a network exported with "${list.name}" as a constant`
              : 'a network that takes all of its pictures as channels of one input',
      }),
    },
  )
}

/** Whether an input is a single number. */
const isNumber = ({ shape }: Port): boolean =>
  shape?.slice(-2).every((n) => n === 1 || (typeof n !== 'number' && shape.length < 2)) === true

const named = ({ name, shape }: Port): string => `${name} [${shape ?? ''}]`
