/** A convolution of a picture in memory, a bank of filters on a tensor, or one process of a command. */
export type Problem = PictureProblem | BankProblem | ProcessProblem

/**
 * A named filter, or `conv2d` with an example kernel that is neither separable nor of low rank, on a generated picture.
 */
export type PictureProblem = {
  readonly kind: 'picture'
  readonly text: string
  readonly filter: string
  readonly settings: Readonly<Record<string, number | string>>
  /** The width of the kernel of `conv2d`. */
  readonly side: number
  /** Whether the weights of `conv2d` are whole numbers. */
  readonly whole: boolean
  readonly samples: 'u8' | 'f32'
  readonly channels: 1 | 3
  readonly width: number
  readonly height: number
  readonly threads: number
  /** The number of threads to compare with. */
  readonly against?: number
  readonly algorithm: 'auto' | 'direct' | 'separable' | 'fft'
}

/** One layer of a network: x [C,H,W], filters with a square kernel, and a padding that keeps the size at stride 1. */
export type BankProblem = {
  readonly kind: 'bank'
  readonly text: string
  readonly shape: readonly [channels: number, height: number, width: number]
  readonly filters: number
  readonly side: number
  readonly stride: number
  readonly dilation: number
  readonly groups: number
  readonly transposed: boolean
  readonly threads: number
  readonly against?: number
}

/**
 * A command, from start to finished file. The picture is the base name of a PNG; an empty one only measures a start
 * with `--version`.
 */
export type ProcessProblem = {
  readonly kind: 'process'
  readonly text: string
  readonly filter: string
  readonly settings: Readonly<Record<string, number | string>>
  /** The width of the kernel of `conv2d`, whose weights are whole. */
  readonly side: number
  readonly picture: string
  /**
   * The format that the picture is converted to first, and the output format, such as `jpg`, with the settings that all
   * share.
   */
  readonly from: string
  readonly to: string
}

export const grammar = `problems:
  conv2d <k>x<k> u8|f32 gray|rgb <w>x<h>|<n>MP [float] [direct|fft] [threads=<n>]   a dense kernel of full rank
  <filter> [setting=value...] u8|f32 gray|rgb <w>x<h>|<n>MP [threads=<n>]          gaussian sigma=5 u8 rgb 12MP
  bank <c>x<h>x<w> <n>f <k>x<k> s<stride> [d<dilation>] [g<groups>|depthwise] [transposed] [threads=<n>]
  process conv2d <k>x<k>|<filter> [setting=value...] <picture>                     a PNG of --images, by its name
    [from=jpg] [to=jpg|webp|tif|gif|avif]                                         read and written in these, by equal settings
  process version                                                                  against node -e 0
  threads=1,2 compares convo with itself; without it there is one thread, and the peers have one too`

/** Parses a problem. @throws Error with the word that is wrong */
export function parseProblem(text: string): Problem {
  const [first = '', ...words] = text.trim().split(/\s+/)
  if (first === 'bank') return parseBank(text, words)
  if (first === 'process') return parseProcess(text, words)
  return parsePicture(text, first, words)
}

function parsePicture(text: string, filter: string, words: readonly string[]): PictureProblem {
  const p = {
    kind: 'picture' as const,
    text,
    filter,
    settings: {} as Record<string, number | string>,
    side: 3,
    whole: true,
    samples: 'u8' as 'u8' | 'f32',
    channels: 1 as 1 | 3,
    width: 0,
    height: 0,
    threads: 1,
    algorithm: 'auto' as PictureProblem['algorithm'],
  }
  for (const word of words) {
    if (setThreads(p, word)) continue
    const [size, megapixels] = [/^(\d+)x(\d+)$/.exec(word), /^([\d.]+)MP$/.exec(word)]
    const setting = /^([\w-]+)=(.+)$/.exec(word)
    if (word === 'u8' || word === 'f32') p.samples = word
    else if (word === 'gray' || word === 'rgb') p.channels = word === 'gray' ? 1 : 3
    else if (word === 'float') p.whole = false
    else if (word === 'direct' || word === 'fft' || word === 'separable') p.algorithm = word
    else if (megapixels) [p.width, p.height] = sides(Number(megapixels[1]))
    else if (size && filter === 'conv2d' && Number(size[1]) < 200 && size[1] === size[2])
      p.side = Number(size[1])
    else if (size) [p.width, p.height] = [Number(size[1]), Number(size[2])]
    else if (setting) p.settings[setting[1]!] = settingOf(setting[2]!)
    else throw new Error(`${text}: ${word} means nothing here\n${grammar}`)
  }
  if (p.width === 0) throw new Error(`${text}: no size of the picture\n${grammar}`)
  return p.samples === 'f32' ? { ...p, whole: false } : p
}

/** Returns a size of 4:3, as from a camera. */
function sides(megapixels: number): [number, number] {
  const height = Math.round(Math.sqrt((megapixels * 1e6 * 3) / 4))
  return [Math.round((height * 4) / 3), height]
}

/** Parses `threads=2`, or `threads=1,2` to compare the last number with the first. */
function setThreads(p: { threads: number; against?: number }, word: string): boolean {
  const numbers = /^threads=(\d+)(?:,(\d+))?$/.exec(word)
  if (numbers === null) return false
  p.threads = Number(numbers[2] ?? numbers[1])
  if (numbers[2] !== undefined) p.against = Number(numbers[1])
  return true
}

const settingOf = (text: string): number | string => (Number.isNaN(Number(text)) ? text : Number(text))

function parseBank(text: string, words: readonly string[]): BankProblem {
  const p = {
    kind: 'bank' as const,
    text,
    shape: [1, 1, 1] as [number, number, number],
    filters: 1,
    side: 3,
    stride: 1,
    dilation: 1,
    groups: 1,
    transposed: false,
    threads: 1,
  }
  for (const word of words) {
    if (setThreads(p, word)) continue
    const numbers = /^(\d+)x(\d+)(?:x(\d+))?$/.exec(word)
    const one = /^([sdg])?(\d+)(f)?$/.exec(word)
    const value = Number(one?.[2])
    if (numbers?.[3] !== undefined) p.shape = [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])]
    else if (numbers) p.side = Number(numbers[1])
    else if (word === 'depthwise') p.groups = p.filters = p.shape[0]
    else if (word === 'transposed') p.transposed = true
    else if (one?.[3]) p.filters = value
    else if (one?.[1] === 's') p.stride = value
    else if (one?.[1] === 'd') p.dilation = value
    else if (one?.[1] === 'g') p.groups = value
    else throw new Error(`${text}: ${word} means nothing here\n${grammar}`)
  }
  return p
}

function parseProcess(text: string, [filter = 'version', ...words]: readonly string[]): ProcessProblem {
  const settings: Record<string, number | string> = {}
  let [picture, side, from, to] = ['', 3, 'png', 'png']
  for (const word of words) {
    const [setting, size] = [/^([\w-]+)=(.+)$/.exec(word), /^(\d+)x\1$/.exec(word)]
    if (setting?.[1] === 'from') from = setting[2]!
    else if (setting?.[1] === 'to') to = setting[2]!
    else if (setting) settings[setting[1]!] = settingOf(setting[2]!)
    else if (size) side = Number(size[1])
    else picture = word
  }
  if (filter !== 'version' && picture === '') throw new Error(`${text}: which picture?\n${grammar}`)
  return { kind: 'process', text, filter, settings, side, picture, from, to }
}

/** The weights of `conv2d`, row-major, of full rank: whole numbers 1..9, or fractions around zero. */
export function madeUpWeights({ side, whole }: { side: number; whole: boolean }): Float64Array {
  return Float64Array.from({ length: side * side }, (_, i) => {
    const noise = hash(i + 1) / 2 ** 32
    return whole ? 1 + Math.floor(noise * 9) : Math.fround((noise - 0.25) / (side * side))
  })
}

/** Fills a picture or a tensor with noise of 0..255 that is the same everywhere. */
export function fillNoise<T extends Uint8Array | Float32Array>(samples: T): T {
  for (let i = 0; i < samples.length; i++) samples[i] = hash(i) >>> 24
  return samples
}

/** The weights of a bank: fractions around zero. */
export const bankWeights = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => hash(i + 1) / 2 ** 32 - 0.5)

/** Hashes a whole number to 32 bits: Knuth's multiplication, with the high bits mixed into the low ones. */
function hash(i: number): number {
  const a = Math.imul(i, 2654435761) >>> 0
  return Math.imul(a ^ (a >>> 15), 2246822519) >>> 0
}

/** Returns the positions where results are compared: `probes` of them, spread over n samples. */
export const probeAt = (n: number): number[] =>
  Array.from({ length: probes }, (_, k) => Math.floor(((k + 0.5) * n) / probes))

const probes = 97
