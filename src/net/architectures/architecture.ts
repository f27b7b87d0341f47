import type { Meaning } from '../network.ts'
import type { Layers } from './layers.ts'
import type { Weights } from './weights.ts'

/** What an architecture makes of its tensors. */
export type Built = {
  /** The value that the network gives. */
  readonly output: string
  /** Channels of its input. */
  readonly channels: number
  readonly meaning: Meaning
}

/** A network as it was published, recognised by the names of its tensors. */
export type Architecture = {
  readonly name: string
  /** One line: what it does, who published it, and the tensors that it is recognised by. */
  readonly summary: string
  readonly recognises: (weights: Weights) => boolean
  /**
   * Adds its layers behind the input `x`.
   *
   * @param scale of the output over the input, for architectures whose tensors leave it open
   * @throws ConvoError E_NET_FORMAT for a tensor that is missing or has another shape
   */
  readonly build: (layers: Layers, x: string, scale: number | undefined) => Built
  /** Tensors that training leaves and the network does not need. */
  readonly ignores?: RegExp
}

/** Whether all of these tensors are there. */
export const hasAll =
  (...names: readonly string[]) =>
  (weights: Weights): boolean =>
    names.every((name) => weights.shape(name) !== undefined)

/** A picture in and a picture out, samples from black at 0 to white at 1: of one channel it is Y of YCbCr. */
export const pictures = (channels: number, scale: number): Meaning => ({
  inRange: '0..1',
  outRange: '0..1',
  channels: channels === 1 ? 'luma' : 'rgb',
  scale,
})
