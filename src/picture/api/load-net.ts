import { ownOptions } from '../../params.ts'
import type { NetOptions } from './methods.ts'
import { libraryFunction } from './names.ts'
import type { Net } from './net.ts'

/**
 * Reads a trained network: ONNX, ncnn, TensorFlow.js, or the weights of a known architecture.
 *
 * @param source a path, a `file:` URL, or the bytes of a file
 * @throws ConvoError E_INPUT, E_OPTION, E_NET_FORMAT, E_NET_SYNTAX, E_NET_OPERATOR
 */
export const loadNet = libraryFunction(
  'loadNet',
  2,
  async (source: string | URL | Uint8Array | ArrayBuffer, options: NetOptions = {}): Promise<Net> => {
    const own = ownOptions(options, 'loadNet', ['scale', 'head', 'set'])
    // loaded here, so that importing convo stays quick
    const { openNet } = await import('./net.ts')
    return openNet(source, own)
  },
)
