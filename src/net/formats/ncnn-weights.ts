import { ConvoError } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import type { Constant } from '../network.ts'
import { damaged, quoted } from './format.ts'
import { budgetOf, bytesOf, constantFrom, type NumberType } from './numbers.ts'

/** The weights of ncnn: the tensors of the layers one after another, without names or sizes. */
export type NcnnWeights = {
  /** The next tensor, behind a word that says its type. @throws ConvoError E_NET_FORMAT for quantised weights */
  readonly tagged: (shape: readonly number[], of: string) => Constant
  /** The next tensor, in float32. */
  readonly plain: (shape: readonly number[], of: string) => Constant
  /** Refuses what is left when all layers have theirs. */
  readonly end: () => void
}

/** Words before tensors of a layer. */
const tags: Readonly<Record<number, NumberType>> = { 0: 'float32', 180310: 'float32', 19950407: 'float16' }
const int8Tag = 0x000d4b38

/**
 * Reads weights in the order in which layers ask for them; the file is opened with the first.
 *
 * @throws ConvoError E_NET_SYNTAX from its functions, for a file that is short or long
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
    // the next one begins at a multiple of 4
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
        throw new ConvoError(
          'E_NET_FORMAT',
          `layer ${quoted(of)} has quantised weights, which convo does not read`,
          {
            why: `${file}: byte ${at}: ${what}, according to the tag 0x${tag.toString(16)}`,
            fix: 'the model with float16 or float32 weights, from before ncnn2int8',
          },
        )
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
