import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { type Fit, fitOf, lastOperator, type Model, throughModel } from './model.ts'
import type { Meaning, NetColours, NetRange } from './network.ts'
import { type HeatName, heatPalette, labelPalette } from './palette.ts'
import { placed } from './places.ts'
import { tapsOf } from './sized.ts'

// Runs networks on pictures: converts levels to the numbers that a network takes, and back.

/** JFIF's matrices between RGB and YCbCr, with chroma centred at 0. */
const toLuma = [
  [0.299, 0.587, 0.114],
  [-0.168735891647856, -0.331264108352144, 0.5],
  [0.5, -0.418687589158345, -0.0813124108416549],
] as const
const fromLuma = [
  [1, 0, 1.402],
  [1, -0.344136286201022, -0.714136286201022],
  [1, 1.772, 0],
] as const

/** Options for running a network on a picture. */
export type PassOptions = Asked & {
  /** The level of white in the picture. */
  readonly full: number
  /** Whether labels become colours. Otherwise they stay numbers. */
  readonly paintsLabels: boolean
  /** The palette for a map of numbers. */
  readonly heat?: HeatName | undefined
  /** The number of the only map to write. */
  readonly map?: number | undefined
}

const channelsOf = (engine: Engine, x: Tensor, channels: readonly number[]): Promise<Tensor> =>
  placed(engine, x, [channels])

/** Numbers for each channel, repeated, times a factor. */
const perChannel = ({ shape }: Tensor, numbers: readonly number[], by = 1): number[] =>
  Array.from({ length: shape[0]! }, (_, c) => numbers[c % numbers.length]! * by)

/** Converts levels to the range of a network. */
async function entering(engine: Engine, x: Tensor, range: NetRange, full: number): Promise<Tensor> {
  if (range === '0..255' && full === 255) return x
  const { mean, std } = spreadOf[range]
  return engine.layer('standardize', [x], { mean: perChannel(x, mean), std: perChannel(x, std), full })
}

/** Converts the range of a network to levels. */
async function leaving(engine: Engine, x: Tensor, range: NetRange | 'raw', full: number): Promise<Tensor> {
  if (range === 'raw' || (range === '0..255' && full === 255)) return x
  const { mean, std } = spreadOf[range]
  return engine.layer('normalized', [x], {
    mean: perChannel(x, [0]),
    root: perChannel(x, [1]),
    gamma: perChannel(x, std, full),
    beta: perChannel(x, mean, full),
  })
}

/** Resizes planes by cubic interpolation with a = −0.5 (Keys, 1981), edges aligned. */
export async function cubic(engine: Engine, x: Tensor, height: number, width: number): Promise<Tensor> {
  if (x.shape[1] === height && x.shape[2] === width) return x
  const way = {
    mode: 'cubic',
    coordinate: 'half_pixel',
    nearest: 'floor',
    a: -0.5,
    excludesOutside: false,
    smooths: false,
  } as const
  const axis = (input: number, output: number) =>
    tapsOf({ input, output, scale: output / input, roi: [0, 1] }, way)
  return engine.layer('resized', [x], { rows: axis(x.shape[1]!, height), columns: axis(x.shape[2]!, width) })
}

/**
 * Runs a model on a picture [C,H,W] in levels, without alpha. An output that is a picture is in levels again. Of the result,
 * `isPicture` is whether its channels are a gray or colour picture rather than maps.
 *
 * @throws ConvoError E_SHAPE for channels or sizes that do not fit, E_NET_OPERATOR
 */
export async function pass(model: Model, x: Tensor, engine: Engine, options: PassOptions) {
  const { full, heat } = options
  const [given, height, width] = x.shape as [number, number, number]
  const picked = coloursOf(model, given, options)
  const { colours, channels } = picked
  const isColour = given === 3
  const isGrayed = channels === 3 && given === 1
  if (given !== channels && !isGrayed && !(isColour && channels === 1)) {
    throw new ConvoError('E_SHAPE', `the network takes ${channels} channels, and the picture has ${given}`)
  }
  const fit = await fitOf(model, [channels, height, width])
  const [made] = fit.made
  const isMap = heat !== undefined || options.map !== undefined
  const { inRange, outRange, notes: guesses } = senseOf(model, picked, isMap ? 0 : made, options)
  const notes = [...model.notes, ...guesses, ...fitNotes(fit, width, height)]
  const isGuess = outRange === 'raw' && options.outRange === undefined
  const done = async (planes: Tensor | Promise<Tensor>, isPicture: boolean) => ({
    planes: await planes,
    fit,
    notes,
    isPicture,
  })
  const mixed = (planes: Tensor, matrix: readonly (readonly number[])[]) =>
    engine.layer('mixed', [planes], { matrix })
  const turned = colours === 'luma' && isColour ? await mixed(x, toLuma) : undefined
  const order = [2, 1, 0]
  const chosen = async (): Promise<Tensor> => {
    if (turned !== undefined) return channelsOf(engine, turned, [0])
    if (colours === 'gray' && isColour) return mixed(x, [toLuma[0]])
    if (isGrayed) return channelsOf(engine, x, [0, 0, 0])
    return colours === 'bgr' ? channelsOf(engine, x, order) : x
  }
  const taken = await entering(engine, await chosen(), inRange, full)
  const out = await throughModel(model, taken, engine, fit)
  if (isMap) {
    const one = await mapOf(engine, model, out, made, options)
    if (heat === undefined) {
      if (isGuess) notes.push(rawNote(1))
      return done(leaving(engine, one, outRange, full), outRange !== 'raw')
    }
    if (isGuess)
      notes.push(
        'the palette goes from the smallest number of the map to the largest; --out-range 0..1 fixes its ends',
      )
    return done(heated(engine, one, outRange, heat, full), true)
  }
  if (model.givesLabels) {
    const isPainted = options.paintsLabels && made === 1
    return done(isPainted ? painted(engine, out, labelPalette(), full) : out, isPainted)
  }
  const levels = await leaving(engine, out, outRange, full)
  const isPicture = outRange !== 'raw'
  if (isPicture && made === 1 && turned !== undefined) {
    const chroma = await cubic(engine, await channelsOf(engine, turned, [1, 2]), fit.out[0], fit.out[1])
    return done(mixed(await engine.layer('concat', [levels, chroma], { axis: 0 }), fromLuma), isPicture)
  }
  if (isPicture && made === 3 && colours === 'bgr') return done(channelsOf(engine, levels, order), isPicture)
  if (isPicture && made === 3 && isGrayed) {
    notes.push(
      'the picture is gray and the network takes colours: the network gets three equal channels, and the mean of its output is written',
    )
    return done(engine.layer('across', [levels], { of: 'mean' }), isPicture)
  }
  if (isGuess) notes.push(rawNote(made))
  return done(levels, isPicture)
}

/** Converts integers to the colours of a palette. */
const painted = (engine: Engine, x: Tensor, colours: readonly number[], full: number): Promise<Tensor> =>
  engine.layer('coloured', [x], { palette: colours.map((level) => (level * full) / 255) })

/** Selects the map to write. @throws ConvoError E_OPTION if there are several, or if it does not exist */
async function mapOf(
  engine: Engine,
  model: Model,
  out: Tensor,
  made: number,
  { map, heat }: PassOptions,
): Promise<Tensor> {
  if (model.givesLabels)
    throw new ConvoError(
      'E_OPTION',
      `--${heat === undefined ? 'map' : 'palette'} is for maps of numbers, and the network outputs classes`,
      { fix: '--classes colours' },
    )
  if (map === undefined && made > 1)
    throw new ConvoError('E_OPTION', `--palette needs one map, and the network outputs ${made}`, {
      fix: `--palette ${heat} --map 0`,
    })
  if (map === undefined) return out
  if (map < made) return made === 1 ? out : channelsOf(engine, out, [map])
  throw new ConvoError('E_OPTION', `there is no map ${map}: the network outputs ${made}, counted from 0`, {
    fix: `--map ${made - 1}`,
  })
}

/** Colours a map, over a range or from its smallest number to its largest. */
async function heated(
  engine: Engine,
  x: Tensor,
  range: NetRange | 'raw',
  heat: HeatName,
  full: number,
): Promise<Tensor> {
  const withNumber = (x: Tensor, operation: 'larger' | 'multiply', by: number) =>
    engine.layer('withNumber', [x], { operation, numbers: Float32Array.of(by), isFirst: false })
  const paired = (operation: 'subtract' | 'divide', a: Tensor, b: Tensor) =>
    engine.layer('paired', [a, b], { operation })
  const stretched = async () => {
    const [low, high] = (await Promise.all(
      (['min', 'max'] as const).map((of) => engine.layer('summary', [x], { of, groups: 1 })),
    )) as [Tensor, Tensor]
    // a constant map has no span
    const span = await withNumber(await paired('subtract', high, low), 'larger', 1e-30)
    return withNumber(await paired('divide', await paired('subtract', x, low), span), 'multiply', 255)
  }
  const levels = range === 'raw' ? await stretched() : await leaving(engine, x, range, 255)
  const settings = { name: 'clip', unit: 1, a: 0, b: 255 } as const
  return painted(engine, await engine.layer('activate', [levels], settings), heatPalette(heat), full)
}

const rawNote = (made: number): string =>
  made === 1
    ? 'the network outputs a map of numbers, not of levels; --range minmax stretches them over a picture, and --out-range 0..1 makes 1 white'
    : `the network outputs ${made} maps of numbers, not a picture; --out-range defines black and white, and --map 0 writes one map alone`

function fitNotes({ rows, columns, multiple }: Fit, width: number, height: number): string[] {
  const [high, wide] = [height + rows[0] + rows[1], width + columns[0] + columns[1]]
  if (high === height && wide === width) return []
  const why =
    multiple > 1
      ? `the network needs multiples of ${multiple}`
      : 'the network has convolutions without padding'
  return [`the picture was mirrored at its edges to ${wide}x${high}, because ${why}; the result was cropped`]
}

// The meaning of samples for a network: what black and white are, and which channels it takes. What its file does not say
// is guessed, and every guess is noted.

/** The options that the user gave. */
export type Asked = {
  readonly inRange?: NetRange | undefined
  /** `raw`: numbers that are not levels. */
  readonly outRange?: Meaning['outRange'] | undefined
  readonly colours?: NetColours | undefined
}

/** The mean and spread of each range: a level x of 0 to 1 is (x - mean) / spread in the network. */
export const spreadOf: Readonly<
  Record<NetRange, { readonly mean: readonly number[]; readonly std: readonly number[] }>
> = {
  '0..1': { mean: [0], std: [1] },
  '-1..1': { mean: [0.5], std: [0.5] },
  '0..255': { mean: [0], std: [1 / 255] },
  '-128..127': { mean: [128 / 255], std: [1 / 255] },
  '0..65535': { mean: [0], std: [1 / 65535] },
  // as in torchvision
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
}

/** The channels that a network takes from a picture with this many colours. */
export function coloursOf(
  model: Model,
  colours: number,
  asked: Asked,
): { readonly colours: NetColours; readonly channels: number; readonly note?: string } {
  const { channels, meaning } = model
  const said = asked.colours ?? meaning.channels
  if (said === 'luma' && colours === 1) return { colours: 'gray', channels: 1 }
  if (said !== undefined) return { colours: said, channels: said === 'rgb' || said === 'bgr' ? 3 : 1 }
  if (channels === 1 && colours === 3) {
    return {
      colours: 'luma',
      channels: 1,
      note: 'the network takes one channel: it gets the luminance, and the colours are resized separately; --colours gray drops them',
    }
  }
  if (channels === 1 || (channels === undefined && colours === 1)) return { colours: 'gray', channels: 1 }
  return { colours: 'rgb', channels: channels ?? colours }
}

/** Decides what is still open once the shape of the output is known. */
export function senseOf(
  model: Model,
  { channels, note }: ReturnType<typeof coloursOf>,
  made: number,
  asked: Asked,
) {
  const { meaning } = model
  const notes = note === undefined ? [] : [note]
  const inRange = asked.inRange ?? meaning.inRange ?? '0..1'
  if (asked.inRange === undefined && meaning.inRange === undefined)
    notes.push(
      'the network does not state its range: 0 is black and 1 is white; --in-range changes it, and net convert keeps it in the file',
    )
  const outRange = asked.outRange ?? meaning.outRange ?? guessedOut(model, made === channels, inRange)
  return { inRange, outRange, notes }
}

function guessedOut(
  model: Model,
  isPicture: boolean,
  inRange: Meaning['inRange'] & string,
): NetRange | 'raw' {
  const last = lastOperator(model.network)
  if (model.givesLabels) return 'raw'
  if (last === 'Tanh' && isPicture) return '-1..1'
  if (last === 'Sigmoid' || last === 'Softmax' || last === 'HardSigmoid') return '0..1'
  return isPicture ? inRange : 'raw'
}
