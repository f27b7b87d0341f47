import { ConvoError, type ErrorCode } from './error.ts'

type Limit = {
  /** The largest value that is accepted. */
  readonly most: number
  /** What is counted, in the plural: `bytes`, `frames`. */
  readonly unit: string
  /** The option that raises the limit, if there is one. */
  readonly option?: string
  /** What to do if there is none. */
  readonly fix?: string
  readonly code: ErrorCode
}

/**
 * The limits of what is counted before memory or time is spent on it. An error over a limit names what was counted, the
 * limit, and the option that raises it, if there is one.
 */
export const limits = {
  /** An encoded picture, from a file, a pipe or a device. */
  encodedBytes: { most: 2 ** 31, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** A kernel file. */
  kernelBytes: { most: 2 ** 30, unit: 'bytes', code: 'E_KERNEL_FILE' },
  /** The file of a network, and each file that belongs to it. */
  modelBytes: { most: 2 ** 31, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** The pickle of a .pth, which describes its tensors but does not hold them. */
  pickleBytes: { most: 2 ** 26, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** Nodes, tensors, attributes, names and other texts of a network. */
  modelParts: { most: 2 ** 20, unit: 'parts', code: 'E_TOO_LARGE' },
  /** Numbers of a network that are stored one by one, not as the bytes of a tensor. */
  modelNumbers: { most: 2 ** 26, unit: 'numbers written one by one', code: 'E_TOO_LARGE' },
  /** Weights of a network, in all its tensors together. */
  modelWeights: { most: 2 ** 29, unit: 'weights', code: 'E_TOO_LARGE' },
  /** A manifest, lock or results file, or a list of paths. */
  manifestBytes: { most: 2 ** 26, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** A log or the state of a batch, with a line for every picture. Strings in JavaScript cannot be longer. */
  logBytes: { most: 2 ** 29 - 32, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** Chunks of a PNG before its picture data. */
  chunks: { most: 10_000, unit: 'chunks before its picture data', code: 'E_TOO_LARGE' },
  /** Chunks of a PNG from its picture data on. They are counted only if bytes follow the last chunk. */
  dataChunks: { most: 250_000, unit: 'chunks of picture data', code: 'E_TOO_LARGE' },
  /** Segments of a JPEG before its samples, chunks of a WebP, blocks of a GIF. */
  segments: { most: 100_000, unit: 'segments', code: 'E_TOO_LARGE' },
  /** Pages of a TIFF, pictures of an animation. */
  pages: { most: 4096, unit: 'pages', code: 'E_TOO_LARGE' },
  /** Texts in the metadata of a picture, uncompressed. */
  metadataBytes: { most: 2 ** 24, unit: 'bytes of metadata', code: 'E_TOO_LARGE' },
  /** An SVG. */
  svgBytes: { most: 2 ** 26, unit: 'bytes', code: 'E_TOO_LARGE' },
  /** The width or height of an SVG. */
  svgSide: { most: 10_000_000, unit: 'pixels on a side', code: 'E_TOO_LARGE' },
  /** References in an SVG that lead to further references. */
  svgDepth: { most: 50, unit: 'chained references', code: 'E_TOO_LARGE' },
  /** Drawings nested inside drawings. */
  svgLevels: { most: 3, unit: 'nested drawings', code: 'E_TOO_LARGE' },
  /** Elements of an SVG; those repeated by `use` count each time. */
  svgElements: { most: 500_000, unit: 'elements', code: 'E_TOO_LARGE' },
  /** The work of the filters of an SVG: samples, weighted by the cost of each primitive. */
  svgFilterWork: { most: 2e9, unit: 'steps of its filters', code: 'E_TOO_LARGE' },
  /** Digits of {index} in a template. More would have no effect. */
  indexDigits: { most: 15, unit: 'digits', code: 'E_OPTION' },
  /** Digits of {hash} in a template: SHA-256 has no more. */
  hashDigits: { most: 64, unit: 'digits', code: 'E_OPTION' },
  /** An input or output tensor: the number of samples in the memory that all threads share. */
  tensorSamples: { most: 2 ** 30, unit: 'samples', code: 'E_TOO_LARGE' },
  /** The size of one axis of the output of a layer. */
  axisSamples: { most: 2 ** 24, unit: 'samples along an axis', code: 'E_TOO_LARGE' },
  /** One row of all channels at a step of a network, which must fit in memory. */
  rowSamples: { most: 2 ** 26, unit: 'samples in a row of all channels', code: 'E_TOO_LARGE' },
  /** Nodes of a network that run for a picture. */
  modelSteps: { most: 2 ** 14, unit: 'nodes for a picture to go through', code: 'E_TOO_LARGE' },
  /** The samples that a padding adds beyond an edge. */
  padding: {
    most: 2 ** 24,
    unit: 'samples beyond an edge',
    code: 'E_TOO_LARGE',
    fix: 'a smaller dilation or padding',
  },
  /** The samples between the outermost taps of a kernel. */
  windowSamples: { most: 2 ** 32, unit: 'samples from end to end', code: 'E_TOO_LARGE', fix: '--dilation 2' },
  /** Weights of a kernel that is computed from parameters. */
  taps: { most: 2 ** 24, unit: 'weights', code: 'E_TOO_LARGE' },
  /** Output samples between neighbouring input samples of a transposed convolution. Each has taps of its own. */
  phases: { most: 2 ** 18, unit: 'output samples for each input sample', code: 'E_TOO_LARGE' },
} as const satisfies Record<string, Limit>

/** The name of a limit. */
export type LimitName = keyof typeof limits

/**
 * Refuses a count over a limit.
 *
 * @param subject the file or option that the number belongs to, for the message
 * @throws ConvoError with the code of the limit
 */
export function checkLimit(name: LimitName, count: number, subject: string): void {
  const { most, unit, option, code, fix }: Limit = limits[name]
  if (count <= most) return
  throw new ConvoError(code, `${subject} has more ${unit} than allowed`, {
    why: `${subject}: ${count} ${unit}, the limit is ${most}`,
    fix: option === undefined ? fix : `--${option} ${count}`,
  })
}
