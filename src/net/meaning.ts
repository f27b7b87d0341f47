import { lastOperator, type Model } from './model.ts'
import type { Meaning, NetColours, NetRange } from './network.ts'

// The meaning of samples for a network: what black and white are, and which channels it takes. What its file does not say
// is guessed, and every guess is noted.

/** The options that the user gave. */
export type Asked = {
  readonly inRange?: NetRange | undefined
  /** `raw`: numbers that are not levels. */
  readonly outRange?: Meaning['outRange'] | undefined
  readonly colours?: NetColours | undefined
}

/** The meaning of samples, fully decided. */
export type Sense = {
  readonly inRange: NetRange
  readonly outRange: NetRange | 'raw'
  readonly colours: NetColours
  /** The number of channels of the network's input. */
  readonly channels: number
  readonly notes: readonly string[]
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
  { colours, channels, note }: ReturnType<typeof coloursOf>,
  made: number,
  asked: Asked,
): Sense {
  const { meaning } = model
  const notes = note === undefined ? [] : [note]
  const inRange = asked.inRange ?? meaning.inRange ?? '0..1'
  if (asked.inRange === undefined && meaning.inRange === undefined)
    notes.push(
      'the network does not state its range: 0 is black and 1 is white; --in-range changes it, and net convert keeps it in the file',
    )
  const outRange = asked.outRange ?? meaning.outRange ?? guessedOut(model, made === channels, inRange)
  return { inRange, outRange, colours, channels, notes }
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
