import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import type { Constant } from '../network.ts'
import { damaged, quoted } from './format.ts'
import { budgetOf, bytesOf, constantFrom, type NumberType } from './numbers.ts'

/** The weights of ncnn: the tensors of all layers in sequence, without names or sizes. */
export type NcnnWeights = {
  /** The next tensor, after a word that states its type. @throws ConvoError E_NET_FORMAT for quantised weights */
  readonly tagged: (shape: readonly number[], of: string) => Constant
  /** The next tensor, in float32. */
  readonly plain: (shape: readonly number[], of: string) => Constant
  /** Refuses a file with data left over after the last layer. */
  readonly end: () => void
}

/** The type that each word before a tensor means. */
const tags: Readonly<Record<number, NumberType>> = { 0: 'float32', 180310: 'float32', 19950407: 'float16' }
const int8Tag = 0x000d4b38

/**
 * Reads weights in the order in which layers ask for them. The file is opened at the first call.
 *
 * @throws ConvoError E_NET_SYNTAX from its functions, for a file that is too short or too long
 */
export function ncnnWeights(open: () => Uint8Array, file: string): NcnnWeights {
  let bytes: Uint8Array | undefined
  let at = 0
  const fail = damaged(file, 'the .bin that belongs to its .param')
  const budget = budgetOf(file)
  const take = (type: NumberType, shape: readonly number[], of: string): Constant => {
    bytes ??= open()
    const count = sizeOf(shape)
    if (!shape.every((n) => Number.isInteger(n) && n > 0) || !Number.isSafeInteger(count))
      throw fail(at, `sizes of ${quoted(of)} above 0`, shape.join('x'))
    budget.take(count)
    const size = count * bytesOf(type)
    if (size > bytes.length - at) throw fail(at, `${size} bytes for ${quoted(of)}`, `${bytes.length - at}`)
    const constant = constantFrom(type, shape, bytes.subarray(at, at + size))
    // tensors begin at a multiple of 4 bytes
    at += Math.ceil(size / 4) * 4
    return constant
  }
  return {
    plain: (shape, of) => take('float32', shape, of),
    tagged(shape, of) {
      bytes ??= open()
      if (at + 4 > bytes.length) throw fail(at, `weights of ${quoted(of)}`, 'the end')
      const tag = viewOf(bytes).getUint32(at, true)
      const type = tags[tag]
      if (type === undefined) {
        const what = tag === int8Tag ? 'weights of 8 bits' : 'weights that refer to a table of 256 numbers'
        const message = `layer ${quoted(of)} has quantised weights, which convo does not read`
        throw new ConvoError('E_NET_FORMAT', message, {
          why: `${file}: byte ${at}: ${what}, according to the tag 0x${tag.toString(16)}`,
          fix: 'the model with float16 or float32 weights, from before ncnn2int8',
        })
      }
      at += 4
      return take(type, shape, of)
    },
    end() {
      if (bytes !== undefined && at < bytes.length)
        throw fail(at, 'the end', `${bytes.length - at} bytes more`)
    },
  }
}
