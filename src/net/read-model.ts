import { ConvoError } from '../error.ts'
import { optional } from '../text/record.ts'
import type { NetInputs } from './inputs.ts'
import { type Model, modelOf } from './model.ts'
import { readNetwork } from './read.ts'

/**
 * Reads a network and prepares it for running.
 *
 * @param source its path, or its bytes
 * @throws ConvoError as `readNetwork` and `modelOf` do
 */
export async function readModel(
  source: string | Uint8Array,
  options: {
    readonly scale?: number | undefined
    readonly head?: string | undefined
    readonly set?: NetInputs | undefined
  },
): Promise<Model> {
  const network = await readNetwork(source, optional('scale', options.scale))
  if (network.nodes.length > 0) return modelOf(network, options)
  throw new ConvoError(
    'E_NET_FORMAT',
    `${typeof source === 'string' ? source : 'the network'} holds no nodes`,
  )
}
