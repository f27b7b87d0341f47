/**
 * A network as its file describes it: nodes in the operators of ONNX, whatever format the file has. Nothing is folded or
 * checked beyond the file itself; sizes are settled when the size of the picture is known.
 */
export type Network = {
  /** The format of the file, such as `onnx` or `safetensors`. */
  readonly format: string
  /** What the file or its recognised architecture is called, such as `ESPCN`; empty where it has no name. */
  readonly name: string
  /** The paths that it was read from; none for bytes. */
  readonly files?: readonly string[]
  /** What a user feeds in, in order; initialisers are not among them. */
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** In an order in which every node comes after those that it reads. */
  readonly nodes: readonly NetworkNode[]
  /** Weights and other constants by the name under which nodes read them. */
  readonly constants: ReadonlyMap<string, Constant>
  /** Text that the file keeps about itself, such as the metadata of ONNX and safetensors. */
  readonly metadata: ReadonlyMap<string, string>
  /** What samples the network takes and gives, where the file or the architecture says so. */
  readonly meaning?: Meaning
}

/** An input or output. A size that the file leaves open is a name, or undefined: [N,C,H,W]. */
export type Port = {
  readonly name: string
  readonly shape: readonly (number | string | undefined)[] | undefined
}

export type NetworkNode = {
  /** An operator of ONNX, such as `Conv` or `PRelu`. */
  readonly operator: string
  /** Its domain: empty for ONNX's own operators. */
  readonly domain: string
  /** The version of ONNX's operators that it means. */
  readonly opset: number
  /** For messages: the name that the file gives it, else one made from its place. */
  readonly name: string
  /** Names of constants, inputs, or outputs of other nodes; empty where an optional input is absent. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  /** Of a node in a branch: the values that must be true or false for it, from the outermost branch on. */
  readonly when?: readonly Condition[]
}

/** A value that is to be true, or false. */
export type Condition = readonly [name: string, is: boolean]

/** Every name that a node reads, those of its conditions too. */
export const readsOf = ({ inputs, when = [] }: NetworkNode): readonly string[] =>
  when.length === 0 ? inputs : [...inputs, ...when.map(([name]) => name)]

export type Attribute = number | string | readonly number[] | readonly string[] | Constant

/** What holds the numbers of each type. */
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

/** Numbers with a shape, which may be empty for a single number. float16 and bfloat16 are widened to float32. */
export type Constant = {
  readonly type: keyof typeof constantArrays
  readonly shape: readonly number[]
  /**
   * int64 is kept as float64: beyond 2^53 the nearest number that there is, as in `2^63 - 1`, by which files mean "to the
   * end". uint32 and uint64 become int64. bool is 0 or 1.
   */
  readonly data: InstanceType<(typeof constantArrays)[Constant['type']]>
}

/** How pictures and the numbers of a network belong together. */
export type Meaning = {
  /** What black and white are for the network. */
  readonly inRange?: NetRange
  /** `raw`: numbers that are not levels. */
  readonly outRange?: NetRange | 'raw'
  /** `luma`: the network takes and gives Y of YCbCr alone, and chroma is resized beside it. */
  readonly channels?: NetColours
  /** How many times as wide and high as its input the output is. */
  readonly scale?: number
  /** Width and height must be multiples of this: what is missing is added at the right and bottom, and cut off behind. */
  readonly multiple?: number
}

/** What black and white are for a network. */
export const netRanges = ['0..1', '-1..1', '0..255', '-128..127', '0..65535', 'imagenet'] as const
export type NetRange = (typeof netRanges)[number]
/** What they are for what it gives, which may be no levels. */
export const netOutRanges = [...netRanges, 'raw'] as const

/** Which channels a network takes: RGB, BGR, gray, or the luminance of a picture in colour, whose chroma is resized beside it. */
export const netColours = ['rgb', 'bgr', 'gray', 'luma'] as const
export type NetColours = (typeof netColours)[number]

/**
 * What a file of any format may say of its samples in its metadata, in the words of the options: `convo.in-range` and the
 * others.
 */
export const meaningKeys = {
  'in-range': { field: 'inRange', words: netRanges },
  'out-range': { field: 'outRange', words: netOutRanges },
  colours: { field: 'channels', words: netColours },
} as const satisfies Readonly<Record<string, { field: keyof Meaning; words: readonly string[] }>>
