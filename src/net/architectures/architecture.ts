import type { Meaning } from '../network.ts'
import type { Layers } from './layers.ts'
import type { Weights } from './weights.ts'

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
  readonly recognises: (weights: Weights) => boolean
  /**
   * Adds its layers after the input `x`.
   *
   * @param scale of the output over the input, for architectures whose tensors leave it open
   * @throws ConvoError E_NET_FORMAT for a tensor that is missing or has another shape
   */
  readonly build: (layers: Layers, x: string, scale: number | undefined) => Built
  /** Tensors left over from training that the network does not need. */
  readonly ignores?: RegExp
}

/** Returns a test that all of these tensors exist. */
export const hasAll =
  (...names: readonly string[]) =>
  (weights: Weights): boolean =>
    names.every((name) => weights.shape(name) !== undefined)

/** A network that maps a picture to a picture, with black at 0 and white at 1. A single channel is Y of YCbCr. */
export const pictures = (channels: number, scale: number): Meaning => ({
  inRange: '0..1',
  outRange: '0..1',
  channels: channels === 1 ? 'luma' : 'rgb',
  scale,
})
